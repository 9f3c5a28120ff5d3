/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_SERVICE_H
#define SERVICE_SERVICE_H

#include "core/cluster/cluster.h"
#include "net/loop.h"
#include "net/tls.h"

struct json;

/* What a service gets to work with on one worker. Everything is borrowed and outlives the service.
 */
struct service_env {
	struct loop *loop; /* this worker's */
	unsigned worker;   /* its number, from 0 */
	/* Runs blocking work (store, keys, files) one job at a time, in which `cluster` may be
	 * used; the answer comes back to this loop. Nowhere else is `cluster` touched. */
	struct executor *blocking;
	struct cluster *cluster;
	const struct settings *settings;
	const struct clock *clock;
	struct span capf_cert;            /* DER of CAPF.pem, as loaded at start */
	struct tls *capf_tls, *sccps_tls; /* listeners' TLS */
	unsigned stations_max; /* registered phones at once; follows from RLIMIT_NOFILE */
	/* Stations and calls of this process as JSON, for the admin socket; on worker 0's loop. */
	enum err (*status)(void *ctx, struct json *into);
	void *status_ctx;
};

/* One per service folder: `const struct service service_<name>`; the daemon's table lists them. */
struct service {
	const char *name;
	bool every_worker; /* else only worker 0 (its objects have their home there) */
	/* Opens the listeners; ERR_INUSE names the port and its owner. */
	enum err (*start)(void **instance, const struct service_env *env, struct fail *why);
	/* Closes everything; on the loop's thread or after it ended. A job that still runs ends
	 * with its own answer; where env->blocking is NULL by now its executor is gone, and the
	 * jobs that it dropped are freed here. */
	void (*stop)(void *instance);
};

#endif
