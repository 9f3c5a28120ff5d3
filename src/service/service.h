/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_SERVICE_H
#define SERVICE_SERVICE_H

#include "core/cluster/own.h"
#include "core/issue/lsc.h"
#include "net/loop.h"
#include "net/tls.h"

struct command_runtime;

/* An authority elsewhere that signs LSCs. Called on threads of `outside`, many at once; blocks for
 * half a minute at most. Errors and *retry_after as client_est_enroll. */
struct service_authority {
	void *ctx;
	enum err (*enroll)(void *ctx, struct span request, struct buf *answer, int64_t *retry_after,
		struct fail *why);
};

struct guesses;
struct lingering;
struct notes;
struct steps;

/* What a service gets to work with on one worker. Everything is borrowed and outlives the service.
 */
struct service_env {
	struct loop *loop; /* this worker's */
	unsigned worker;   /* its number, from 0 */
	/* Runs blocking work (store, keys, files) one job at a time, in which `cluster` may be
	 * used; the answer comes back to this loop. Nowhere else is `cluster` touched. */
	struct executor *blocking;
	/* Runs what waits for others' servers, several jobs at a time; the answer comes back to
	 * this loop. `cluster` is not touched there. Both NULL: no authority elsewhere is asked. */
	struct executor *outside;
	const struct service_authority *authority;
	/* This worker's instances that were stopped while jobs of them ran (jobs.h). */
	struct lingering **lingering;
	struct cluster *cluster;
	const struct settings *settings;
	const struct clock *clock;
	/* A listener's TLS and its certificate (DER) as they were in force when the service whose
	 * they are was started; NULL and empty before that. Only `start` looks at them. */
	struct tls *tls[OWN_COUNT];
	struct span own[OWN_COUNT];
	/* Whose certificates phones may show; follows every start of CAPF and CallManager. */
	const struct lsc_issuers *issuers;
	/* Both follow from RLIMIT_NOFILE: registered phones at once, and what every kind of
	 * unproven connection or transfer may take on one worker. */
	unsigned stations_max, sessions_max;
	/* Who asks for phones that are not there; of all workers. NULL: nobody is limited. */
	struct guesses *guesses;
	/* What commands ask of this process; used in pool jobs, `status` on worker 0's loop. */
	const struct command_runtime *runtime;
	struct notes *notes; /* what this worker's services see of phones; NULL: nobody asks */
	struct steps *steps; /* and of certificate operations; the same */
};

/* A service's own limit of unproven connections on one worker, as far as descriptors reach. */
static inline unsigned service_sessions(const struct service_env *env, unsigned own_limit)
{
	return env->sessions_max < own_limit ? env->sessions_max : own_limit;
}

/* One per service folder: `const struct service service_<name>`; the daemon's table lists them.
 * Services are started and stopped again and again while the process runs. */
struct service {
	const char *name;
	bool every_worker; /* else only worker 0 (its objects have their home there) */
	/* Whose TLS `start` takes from the environment, and how it treats clients' certificates
	 * (tls_config.verify). OWN_COUNT: no TLS. */
	enum own_cert own;
	enum tls_peer_cert peer_cert;
	enum err (*verify)(void *ctx, struct span peer_der);
	/* Opens the listeners; ERR_INUSE names the port and its owner. */
	enum err (*start)(void **instance, const struct service_env *env, struct fail *why);
	/* NULL, or: says goodbye to its peers; `stop` follows at once. */
	void (*farewell)(void *instance);
	/* Closes everything; on the loop's thread or after it ended. A job that still runs ends
	 * with its own answer, after which the instance is gone; another one may have been started
	 * meanwhile. Until then it is in env->lingering. Where env->blocking is NULL by now its
	 * executor is gone, and the jobs that it dropped are freed here. */
	void (*stop)(void *instance);
};

#endif
