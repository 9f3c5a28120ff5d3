/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/node.h"

#include "base/log.h"
#include "base/mem.h"
#include "core/cluster/cluster.h"
#include "crypto/keystore.h"
#include "net/pool.h"
#include "net/worker.h"
#include "service/admin/admin.h"
#include "service/capf/capf.h"
#include "service/sccp/sccp.h"
#include "service/tftp/tftp.h"

#include <sys/resource.h>

/* The order of starting; stopping goes backwards. */
static const struct service *const services[] = {
	&service_tftp,
	&service_capf,
	&service_sccp,
	&service_admin,
};
#define SERVICES (sizeof services / sizeof *services)

/* Files, sockets of transfers, the store and room to spare: not for stations. */
#define DESCRIPTORS_KEPT 128u

struct worker {
	struct service_env env;
	struct executor *blocking;
	void *instances[SERVICES];
	bool started[SERVICES];
};

struct node {
	struct cluster *cluster;
	struct cert *capf_cert, *callmanager_cert;
	struct key *capf_key, *callmanager_key;
	struct tls *capf_tls, *sccps_tls;
	struct pool *pool;
	struct workers *workers;
	struct worker *each;
	unsigned count, stations_max;
	void *sccp; /* instance on worker 0 */
};

static enum err status(void *ctx, struct json *into)
{
	struct node *n = ctx;

	return service_sccp_status(n->sccp, into);
}

/* The executor first: it waits for the job that runs, and services free those that it dropped. */
static void worker_stop(void *ctx, unsigned index)
{
	struct node *n = ctx;
	struct worker *w = &n->each[index];

	pool_executor_free(w->blocking);
	w->blocking = w->env.blocking = NULL;
	for (size_t i = SERVICES; i-- > 0;)
		if (w->started[i]) {
			w->started[i] = false;
			services[i]->stop(w->instances[i]);
		}
}

static enum err worker_start(void *ctx, unsigned index, struct loop *l, struct fail *why)
{
	struct node *n = ctx;
	struct worker *w = &n->each[index];
	enum err err = pool_executor_new(&w->blocking, n->pool, l);

	w->env = (struct service_env){
		.loop = l,
		.worker = index,
		.blocking = w->blocking,
		.cluster = n->cluster,
		.settings = cluster_get_settings(n->cluster),
		.clock = cluster_get_clock(n->cluster),
		.capf_cert = cert_der(n->capf_cert),
		.capf_tls = n->capf_tls,
		.sccps_tls = n->sccps_tls,
		.stations_max = n->stations_max,
		.status = status,
		.status_ctx = n,
	};
	for (size_t i = 0; err == ERR_OK && i < SERVICES; i++) {
		if (index > 0 && !services[i]->every_worker)
			continue;
		err = services[i]->start(&w->instances[i], &w->env, why);
		w->started[i] = err == ERR_OK;
		if (err == ERR_OK && services[i] == &service_sccp)
			n->sccp = w->instances[i];
	}
	if (err != ERR_OK) {
		fail_set(why, err, "worker %u: %s", index, err_text(err));
		worker_stop(n, index);
	}
	return err;
}

/* A listener's certificate, its key and its TLS settings. */
static enum err listener_tls(struct node *n, const char *name, enum tls_peer_cert peer,
	struct cert **cert, struct key **key, struct tls **tls, struct fail *why)
{
	struct tls_config config = {.server = true, .peer_cert = peer};
	const struct settings *s = cluster_get_settings(n->cluster);
	char *keys = cluster_path(n->cluster, "keys", NULL);
	enum err err = keys ? cluster_cert(n->cluster, name, cert, why) : ERR_NOMEM;

	if (err == ERR_OK)
		err = keystore_file_tls_key(key, keys, name, why);
	if (err == ERR_OK)
		err = tls_profile_parse(&config.profile, s->tls_profile);
	if (err == ERR_OK) {
		config.cert_der = cert_der(*cert);
		config.native_key = key_get_native(*key);
		config.verify =
			peer == TLS_PEER_REQUIRED ? service_sccp_verify : service_capf_verify;
		err = tls_new(tls, &config, why);
	}
	mem_free(keys);
	return err;
}

static enum err station_limit(struct node *n, struct fail *why)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return fail_set(why, ERR_IO, "cannot read the limit of open files");
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
			(void)getrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur <= 2 * DESCRIPTORS_KEPT)
		return fail_set(why, ERR_LIMIT,
			"the limit of open files is %lu; raise it: ulimit -n 4096",
			(unsigned long)limit.rlim_cur);
	n->stations_max =
		(unsigned)(limit.rlim_cur > 200000 ? 200000 : limit.rlim_cur) - DESCRIPTORS_KEPT;
	return ERR_OK;
}

enum err node_start(struct node **out, const char *folder, struct fail *why)
{
	struct node *n = mem_new(sizeof *n);
	enum err err = n ? ERR_OK : fail_set(why, ERR_NOMEM, "out of memory");

	if (err == ERR_OK)
		err = station_limit(n, why);
	if (err == ERR_OK)
		err = cluster_open(&n->cluster, folder, clock_system(), why);
	if (err == ERR_OK)
		err = listener_tls(n, "CAPF", TLS_PEER_OPTIONAL, &n->capf_cert, &n->capf_key,
			&n->capf_tls, why);
	if (err == ERR_OK)
		err = listener_tls(n, "CallManager", TLS_PEER_REQUIRED, &n->callmanager_cert,
			&n->callmanager_key, &n->sccps_tls, why);
	if (err == ERR_OK) {
		n->count = (unsigned)cluster_get_settings(n->cluster)->workers;
		n->each = mem_new(n->count * sizeof *n->each);
		err = n->each ? pool_new(&n->pool, 1) : ERR_NOMEM;
	}
	if (err == ERR_OK)
		err = workers_start(&n->workers, n->count, worker_start, worker_stop, n, why);
	if (err != ERR_OK) {
		fail_set(why, err, "%s", err_text(err));
		node_stop(n);
		n = NULL;
	}
	*out = n;
	return err;
}

void node_describe(const struct node *n, struct buf *out)
{
	const struct settings *s = cluster_get_settings(n->cluster);

	buf_printf(out,
		"node %s at %s: TFTP %d, CAPF %d, Secure SCCP %d, SCCP %d; TLS profile %s (%s); "
		"%u workers, %u stations at most",
		s->node, s->address, settings_port(s, s->tftp_port), settings_port(s, s->capf_port),
		settings_port(s, s->sccps_port), settings_port(s, s->sccp_port), s->tls_profile,
		tls_library_text(), n->count, n->stations_max);
}

void node_stop(struct node *n)
{
	if (!n)
		return;
	if (n->workers)
		workers_stop(n->workers);
	pool_free(n->pool);
	mem_free(n->each);
	tls_free(n->capf_tls);
	tls_free(n->sccps_tls);
	key_free(n->capf_key);
	key_free(n->callmanager_key);
	cert_free(n->capf_cert);
	cert_free(n->callmanager_cert);
	cluster_close(n->cluster);
	mem_free(n);
}
