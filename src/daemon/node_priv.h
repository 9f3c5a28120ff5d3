/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_NODE_PRIV_H
#define DAEMON_NODE_PRIV_H

#include "client/est.h"
#include "core/cluster/services.h"
#include "core/command/command.h"
#include "core/issue/elsewhere.h"
#include "daemon/limits.h"
#include "daemon/node.h"
#include "net/pool.h"
#include "net/worker.h"
#include "service/guesses.h"
#include "service/jobs.h"
#include "service/notes.h"
#include "service/service.h"
#include "service/steps.h"

/* Programs' services that are one to an administrator: TFTP, and the same files over HTTP. */
#define SERVICE_PARTS 2

/* One worker's part. Touched by its own thread; `err` and `why` also by the caller of a
 * workers_call, after it. */
struct worker {
	struct service_env env;
	struct executor *blocking;
	struct executor *outside;    /* NULL: no authority elsewhere */
	struct lingering *lingering; /* stopped instances whose jobs have not come back */
	void *instances[SERVICE_COUNT][SERVICE_PARTS];
	void *admin;
	struct notes *notes;
	struct notes_batch noted; /* taken from them, on the way to the store */
	struct steps *steps;
	struct steps_copy seen; /* taken from them, for whoever asked */
	enum err err;
	struct fail why;
};

/* What a service with TLS was started with. */
struct in_force {
	struct cert *cert;
	struct key *key;
	struct tls *tls;
};

/* Looks now and then whether the published list is still there. */
struct watch {
	struct node *node;
	struct loop_timer *timer;
	bool missing, told;
	enum err err;
	struct fail why;
};

/* The bulk operation of certificates that this node does. */
struct bulk_watch {
	struct node *node;
	struct loop_timer *timer;
	char told[256];
	bool failed; /* the last time */
	enum err err;
	struct fail why;
};

/* The cluster and what follows belong to pool jobs (and to the start, before there are any);
 * workers read them in a workers_call only. */
struct node {
	struct cluster *cluster;
	struct in_force in_force[SERVICE_COUNT];
	struct lsc_issuers *issuers;
	bool started[SERVICE_COUNT];

	struct command_runtime runtime;
	struct guesses *guesses;
	struct limits limits;
	struct pool *pool;
	struct pool *outside; /* waits for an authority elsewhere; NULL: there is none */
	atomic_bool ending;
	struct est est;
	struct service_authority authority;
	struct workers *workers;
	struct worker *each;
	unsigned count;
	struct watch watch;
	struct bulk_watch bulk;
	int64_t begun_us; /* when this process began: its steps are no other's */
	struct held_book *book;
	struct loop_timer *gather; /* of notes; with `gathering` on worker 0's thread */
	bool gathering;
	struct buf description;
};

/* node_services.c */
/* Starts every activated service, in order. Before any job can run. */
enum err node_services_start(struct node *n, struct fail *why) MUST_USE;
/* On the worker's thread, at its end. */
void node_services_end(struct worker *w);
void node_services_free(struct node *n);
/* For the command_runtime. */
enum err node_service_status(
	void *ctx, enum node_service s, struct service_state *out, struct fail *why);
enum err node_service_do(
	void *ctx, enum node_service s, enum service_action what, struct fail *why);

/* node_phones.c, for the command_runtime. */
enum err node_device_gone(void *ctx, const char *device, struct fail *why);
enum err node_stations(void *ctx, const char (*devices)[16], size_t count, bool reset,
	bool *registered, struct fail *why);
enum err node_enrol_steps(void *ctx, char cursor[COMMAND_CURSOR],
	enum err (*each)(void *arg, const struct enrol_step *step), void *arg, int64_t *lost,
	struct fail *why);

/* node_bulk.c; both on worker 0's thread. */
enum err node_bulk_start(struct node *n, struct loop *l) MUST_USE;
void node_bulk_stop(struct node *n);

/* node_authority.c: an authority that signs LSCs elsewhere, when the settings name one. */
enum err node_authority_open(struct node *n, struct fail *why) MUST_USE;
/* Before CAPF starts: could it be spoken to? Nothing is sent. */
enum err node_authority_check(struct node *n, struct fail *why) MUST_USE;
/* What is being said to it ends within a second. */
void node_authority_end(struct node *n);

/* node_watch.c; both on worker 0's thread. */
enum err node_watch_start(struct node *n, struct loop *l) MUST_USE;
void node_watch_stop(struct node *n);

/* node_notes.c: for each worker before its services; on worker 0's thread; and after the workers
 * have ended, with the cluster still open. */
enum err node_notes_worker(struct node *n, struct worker *w) MUST_USE;
enum err node_notes_start(struct node *n, struct loop *l) MUST_USE;
void node_notes_stop(struct node *n);
void node_notes_end(struct node *n);

#endif
