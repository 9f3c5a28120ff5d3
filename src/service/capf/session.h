/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_CAPF_SESSION_H
#define SERVICE_CAPF_SESSION_H

#define HASH_NONFATAL_OOM      1
#define uthash_malloc(size)    mem_new(size)
#define uthash_free(ptr, size) mem_free(ptr)

#include "base/mem.h"
#include "base/str.h"
#include "core/enrol/enrol.h"
#include "net/stream.h"
#include "service/capf/capf.h"
#include "service/complaints.h"
#include "service/jobs.h"
#include "service/notes.h"
#include "service/slots.h"
#include "service/steps.h"
#include "wire/capf/capf.h"

#include <uthash.h>

struct session;
struct job;

/* Sessions of one address; those that have proven nothing in the order in which they were last
 * heard of. */
struct origin {
	UT_hash_handle hh;
	uint8_t key[17]; /* address, and whether it is IPv6 */
	unsigned count;
};

/* One worker's part of the service. */
struct capf {
	const struct service_env *env;
	struct listener *listener;
	struct slots *sessions;
	unsigned sessions_max;
	struct origin *origins;
	struct session *oldest, *newest; /* that have proven nothing */
	uint32_t connections;            /* numbers sessions, from 1 */
	struct complaints complaints;    /* about peers that are not authorised */
	struct enrol_alarms alarms;      /* of the batch that runs, in the pool */
	struct job_link *jobs;           /* not back yet; the last one frees a stopped instance */
	struct job *first, *last;        /* jobs that wait for the batch that runs */
	bool batch_runs, gathers;
	struct buf lines; /* of the trace */
	struct loop_timer *trace_timer, *step_timer, *batch_timer, *room_timer;
	bool trace_set, step_set;
	struct lingering lingering;
	uint8_t cert[HELD_CERT]; /* held_cert of the one that TLS shows */
	bool stopped;
};

/* Named as traces name them. */
enum session_state {
	SESSION_IDLE, /* TLS handshake */
	SESSION_AWAIT_AUTH_RES,
	SESSION_AWAIT_KEY_GEN_RES,
	SESSION_AWAIT_CA_RES, /* the certificate is being made */
	SESSION_AWAIT_STORE_CERT_RES,
	SESSION_AWAIT_DELETE_CERT_RES,
	SESSION_AWAIT_FETCH_CERT_RES,
	SESSION_ENDING, /* how it ended is being recorded */
	SESSION_STATES
};

/* One connection. */
struct session {
	struct capf *service;
	struct slot_ref ref;
	struct stream *stream;
	struct origin *origin;
	struct session *older, *younger; /* in the service's list, while nothing is proven */
	int64_t heard_us;                /* monotonic */
	enum session_state state;
	bool busy;                     /* a job of ours runs: no input is read */
	uint32_t number;               /* also the protocol's session id */
	char device[DEVICE_NAME_SIZE]; /* "UNKNOWN" until AUTH_RES names it */
	char address[NET_ADDR_MAX];
	uint8_t version; /* of the client */
	unsigned in_progress;
	bool authorised;
	enum enrol_operation op;
	struct enrol_key key, backup;
	bool by_lsc;
	int keep_alive; /* minutes */
	int64_t key_since_us;
	bool fetching_mic;
	struct cert *lsc, *issuer; /* issued, not confirmed */
	struct cert *fetched[2];   /* LSC, MIC */
	struct job *issuing;       /* its job, queued or running or asking elsewhere; or NULL */
	uint8_t reason;            /* for END_SESSION, when the end is recorded */
	enum store_step step;      /* for those who look on */
	int64_t step_since;        /* seconds since 1970 */
	bool step_told;
};

/* admit.c: who gets a session, and who loses one for it. */
/* Takes a new connection; closes it when there is no room. */
void session_accept(struct capf *service, struct stream *stream);
void admit_again(void *service); /* timer: is there room by now? */
/* Something came from the peer. */
void session_heard(struct session *s);
/* It has proven something: it gives way to nobody. */
void session_proven(struct session *s);
void session_free(struct session *s);

/* session.c */
void session_on_event(void *ctx, struct stream *stream, enum stream_event ev);
/* The session's part of a job that is back. */
void session_job_done(struct session *s, struct job *j);
/* One log line that names peer, device and state. */
void session_complain(const struct session *s, const char *what);
/* Sends one message in one record; false when the session is gone. */
bool session_send(struct session *s, struct capf_message *m);
void session_enter(struct session *s, enum session_state state);
/* Ends the exchange: the phone reads the reason, then both close. Frees the session. */
void session_end(struct session *s, enum capf_reason reason);
/* Records how an authorised session ended, then ends it with this reason. `keep`: the order stays
 * even where this outcome would end it. */
void session_finish(struct session *s, enum enrol_outcome outcome, enum capf_reason reason,
	bool keep, const char *note);
void session_step(struct session *s, enum store_step step);

/* steps.c: what each message does. */
void on_auth_res(struct session *s, const struct capf_message *m);
void on_in_progress(struct session *s, const struct capf_message *m);
void on_key_gen_res(struct session *s, const struct capf_message *m);
void on_store_cert_res(struct session *s, const struct capf_message *m);
void on_delete_cert_res(struct session *s, const struct capf_message *m);
void on_fetch_cert_res(struct session *s, const struct capf_message *m);
/* And what its job's answer does. */
void after_begin(struct session *s, const struct job *j);
void after_issue(struct session *s, struct job *j);

/* job.c: CAPF's decisions, made off the loop, many sessions' together. */
enum job_kind { JOB_BEGIN, JOB_ISSUE, JOB_END, JOB_STEPS };
struct job {
	struct job_link link;
	struct job *next; /* in the queue, then in its batch */
	enum job_kind kind;
	struct capf *service;
	struct slot_ref ref;
	struct cluster *cluster;
	uint32_t number;
	char device[DEVICE_NAME_SIZE];
	char address[NET_ADDR_MAX];
	struct buf input; /* BEGIN: the message; ISSUE: the public key; wiped */
	struct buf shown; /* BEGIN: the certificate of the handshake */
	struct enrol_order order;
	struct lsc_ask ask; /* ISSUE: what another authority is asked */
	int keep_alive;
	struct enrol_key key;
	struct enrol_write write;
	char note[160];
	struct cert *lsc, *issuer, *fetched[2];
	bool stranded; /* the session is gone; this job records that */
	struct store_enrolment *steps;
	size_t steps_count;
	enum err err;
	struct fail why;
};
/* A job about this session; NULL when memory is short. */
struct job *job_new(const struct session *s, enum job_kind kind);
/* Puts it into the queue, which takes it. */
void job_start(struct job *j);
void job_gathered(void *service); /* timer: those that have come are enough */
void job_free(struct job *j);

/* ask.c: a certificate that is asked for elsewhere comes back as another JOB_ISSUE. */
void ask_start(struct session *s, struct job *issue);

/* live.c: what those who look on can see, and the trace. */
enum err live_start(struct capf *service) MUST_USE;
void live_stop(struct capf *service);
void live_trace(struct capf *service, const char *fmt, ...) PRINTF_LIKE(2, 3);
void live_step(struct capf *service);
/* At once, in memory: how far a phone is; with the job that ended it, how. */
void live_tell(const struct session *s);
void live_tell_end(
	const struct job *j, enum enrol_operation op, enum enrol_outcome outcome, const char *note);

/* Frees the instance; no session and no job is left. */
void capf_free(struct capf *service);

#endif
