/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/node_priv.h"

#include "base/log.h"
#include "base/mem.h"
#include "client/tls_self.h"
#include "core/cluster/stage.h"
#include "service/admin/admin.h"
#include "service/sccp/sccp.h"

/* --- what commands ask of the running process --- */

/* On worker 0's loop. */
static enum err status(void *ctx, struct json *into, struct fail *why)
{
	struct node *n = ctx;
	enum err err = service_sccp_status(n->each[0].instances[SERVICE_CALLMANAGER][0], into);

	if (err == ERR_NOTNOW)
		return fail_set(why, err, "%s is not started", service_title(SERVICE_CALLMANAGER));
	return err;
}

/* --- workers --- */

static enum err worker_start(void *ctx, unsigned index, struct loop *l, struct fail *why)
{
	struct node *n = ctx;
	struct worker *w = &n->each[index];
	enum err err = pool_executor_new(&w->blocking, n->pool, l);

	if (err == ERR_OK && n->outside)
		err = pool_executor_new(&w->outside, n->outside, l);
	if (err == ERR_OK)
		err = node_notes_worker(n, w);
	if (err == ERR_OK)
		err = steps_new(&w->steps);
	w->env = (struct service_env){
		.loop = l,
		.worker = index,
		.blocking = w->blocking,
		.outside = w->outside,
		.authority = n->outside ? &n->authority : NULL,
		.lingering = &w->lingering,
		.cluster = n->cluster,
		.settings = cluster_get_settings(n->cluster),
		.clock = cluster_get_clock(n->cluster),
		.stations_max = n->limits.stations,
		.sessions_max = n->limits.sessions,
		.guesses = n->guesses,
		.runtime = &n->runtime,
		.notes = w->notes,
		.steps = w->steps,
	};
	return err ? fail_set(why, err, "worker %u: %s", index, err_text(err)) : ERR_OK;
}

/* The executor first: it waits for the job that runs, and services free those that it dropped, also
 * those that were stopped before. */
static void worker_stop(void *ctx, unsigned index)
{
	struct node *n = ctx;
	struct worker *w = &n->each[index];

	pool_executor_free(w->outside);
	w->outside = w->env.outside = NULL;
	pool_executor_free(w->blocking);
	w->blocking = w->env.blocking = NULL;
	if (index == 0)
		node_watch_stop(n);
	if (index == 0)
		node_bulk_stop(n);
	if (index == 0)
		node_notes_stop(n);
	if (w->admin)
		service_admin.stop(w->admin);
	w->admin = NULL;
	node_services_end(w);
	lingering_end(&w->lingering);
}

struct opening {
	struct node *node;
	enum err err;
	struct fail why;
};

/* Last of all: whoever finds the admin socket finds a node that is ready. */
static void open_admin(void *ctx, unsigned index)
{
	struct opening *o = ctx;
	struct worker *w = &o->node->each[index];

	o->err = node_watch_start(o->node, w->env.loop);
	if (o->err == ERR_OK)
		o->err = node_notes_start(o->node, w->env.loop);
	if (o->err == ERR_OK)
		o->err = node_bulk_start(o->node, w->env.loop);
	if (o->err == ERR_OK)
		o->err = service_admin.start(&w->admin, &w->env, &o->why);
}

static enum err start_admin(struct node *n, struct fail *why)
{
	struct opening o = {.node = n};
	enum err err = workers_call(n->workers, 1, open_admin, &o);

	if (err == ERR_OK)
		err = o.err;
	return err ? fail_set(why, err, "%s", o.why.code ? o.why.text : err_text(err)) : ERR_OK;
}

/* --- the node --- */

static void describe(struct node *n)
{
	const struct settings *s = cluster_get_settings(n->cluster);
	const struct {
		const char *name;
		enum node_service service;
		long port;
	} ports[] = {
		{"TFTP", SERVICE_TFTP, s->tftp_port},
		{"HTTP", SERVICE_TFTP, s->http_port},
		{"HTTPS", SERVICE_TFTP, s->https_port},
		{"HTTPS", SERVICE_TFTP, s->https_auth_port},
		{"CAPF", SERVICE_CAPF, s->capf_port},
		{"Secure SCCP", SERVICE_CALLMANAGER, s->sccps_port},
		{"SCCP", SERVICE_CALLMANAGER, s->sccp_port},
		{"CTL Provider", SERVICE_CTL_PROVIDER, s->ctl_provider_port},
		{"TVS", SERVICE_TVS, s->tvs_port},
	};
	const char *between = "";

	buf_printf(&n->description, "node %s at %s: ", s->node, s->address);
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		if (!n->started[ports[i].service])
			continue;
		buf_printf(&n->description, "%s%s %d", between, ports[i].name,
			settings_port(s, ports[i].port));
		between = ", ";
	}
	buf_printf(&n->description, "%s; TLS profile %s (%s); %u workers, %u stations at most",
		*between ? "" : "no service is activated", s->tls_profile, tls_library_text(),
		n->count, n->limits.stations);
}

/* Old phones depend on what distributions like to switch off. */
static void tell_tls(struct node *n)
{
	struct fail why = {0};
	struct tls_self self;
	struct buf text = {0};
	char *line, *rest;
	enum err err = client_tls_self(&self, n->cluster, &why);

	if (err != ERR_OK) {
		log_line(LOG_WARN, "what this OpenSSL can serve was not tried: %s", why.text);
		return;
	}
	client_tls_self_print(&self, &text);
	buf_u8(&text, 0);
	rest = buf_check(&text) == ERR_OK ? (char *)text.data : NULL;
	while (rest && (line = strsep(&rest, "\n")))
		if (*line)
			log_line(client_tls_self_lacks(&self) ? LOG_WARN : LOG_INFO, "%s", line);
	buf_fini(&text);
}

enum err node_start(struct node **out, const char *folder, struct fail *why)
{
	struct node *n = mem_new(sizeof *n);
	struct fail half = {0};
	enum err err = n ? ERR_OK : fail_set(why, ERR_NOMEM, "out of memory");

	if (err == ERR_OK) {
		n->runtime = (struct command_runtime){
			.ctx = n,
			.status = status,
			.service_status = node_service_status,
			.service_do = node_service_do,
			.device_gone = node_device_gone,
			.stations = node_stations,
			.enrol_steps = node_enrol_steps,
		};
		n->begun_us = clock_us(clock_system());
		err = cluster_open(&n->cluster, folder, clock_system(), why);
	}
	if (err == ERR_OK) {
		const struct settings *set = cluster_get_settings(n->cluster);

		trace_limits((size_t)set->trace_size * 1024, (unsigned)set->trace_files);
		err = guesses_new(&n->guesses, set, why);
	}
	/* What a node that died left half done; a disk that is full keeps nobody from serving. */
	if (err == ERR_OK && stage_recover(n->cluster, &half) != ERR_OK)
		log_line(LOG_ERROR, "%s", half.text);
	if (err == ERR_OK) {
		n->count = (unsigned)cluster_get_settings(n->cluster)->workers;
		err = limits_of_process(&n->limits, n->count, why);
	}
	if (err == ERR_OK) {
		n->each = mem_new(n->count * sizeof *n->each);
		err = n->each ? pool_new(&n->pool, 1) : ERR_NOMEM;
	}
	if (err == ERR_OK)
		err = node_authority_open(n, why);
	if (err == ERR_OK)
		err = workers_start(&n->workers, n->count, worker_start, worker_stop, n, why);
	if (err == ERR_OK)
		tell_tls(n);
	if (err == ERR_OK)
		err = node_services_start(n, why);
	if (err == ERR_OK) {
		describe(n);
		err = start_admin(n, why);
	}
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
	buf_put(out, buf_span(&n->description));
}

void node_stop(struct node *n)
{
	if (!n)
		return;
	node_authority_end(n);
	if (n->workers)
		workers_stop(n->workers);
	pool_free(n->outside);
	pool_free(n->pool);
	node_notes_end(n);
	for (unsigned i = 0; n->each && i < n->count; i++)
		steps_free(n->each[i].steps);
	mem_free(n->each);
	node_services_free(n);
	guesses_free(n->guesses);
	cluster_close(n->cluster);
	buf_fini(&n->description);
	mem_free(n);
}
