/* SPDX-License-Identifier: BSD-2-Clause
 * The node's services, started and stopped one by one while the others go on. What they are started
 * with is loaded here, in a pool job; their instances live on the workers, which are called. */
#include "daemon/node_priv.h"

#include "base/log.h"
#include "base/str.h"
#include "service/capf/capf.h"
#include "service/ctlprovider/ctlprovider.h"
#include "service/files/files.h"
#include "service/sccp/sccp.h"
#include "service/tftp/tftp.h"
#include "service/tvs/tvs.h"

/* Parts of one service work on the same workers, and one of them at most has TLS. */
static const struct service *const services[SERVICE_COUNT][SERVICE_PARTS] = {
	[SERVICE_TFTP] = {&service_tftp, &service_files},
	[SERVICE_CALLMANAGER] = {&service_sccp},
	[SERVICE_CTL_PROVIDER] = {&service_ctlprovider},
	[SERVICE_CAPF] = {&service_capf},
	[SERVICE_TVS] = {&service_tvs},
};

/* The part that has TLS; NULL: none. */
static const struct service *secure_part(enum node_service which)
{
	size_t i;

	for (i = 0; i < SERVICE_PARTS; i++)
		if (services[which][i] && services[which][i]->own != OWN_COUNT)
			return services[which][i];
	return NULL;
}

/* --- on a worker's thread --- */

struct change {
	struct node *node;
	enum node_service which;
};

static void launch(void *ctx, unsigned index)
{
	const struct change *x = ctx;
	struct node *n = x->node;
	struct worker *w = &n->each[index];
	const struct service *secure = secure_part(x->which);
	const struct in_force *f = &n->in_force[x->which];
	size_t i;

	if (secure) {
		w->env.tls[secure->own] = f->tls;
		w->env.own[secure->own] = f->cert ? cert_der(f->cert) : span_of(NULL, 0);
	}
	w->env.issuers = n->issuers;
	fail_clear(&w->why);
	w->err = ERR_OK;
	for (i = 0; i < SERVICE_PARTS && w->err == ERR_OK; i++)
		if (services[x->which][i])
			w->err = services[x->which][i]->start(
				&w->instances[x->which][i], &w->env, &w->why);
}

static void halt_one(struct worker *w, enum node_service which, bool farewell)
{
	size_t i;

	for (i = 0; i < SERVICE_PARTS; i++) {
		const struct service *s = services[which][i];
		void *instance = w->instances[which][i];

		if (!instance)
			continue;
		if (farewell && s->farewell)
			s->farewell(instance);
		w->instances[which][i] = NULL;
		s->stop(instance);
	}
}

static void halt(void *ctx, unsigned index)
{
	const struct change *x = ctx;

	halt_one(&x->node->each[index], x->which, true);
}

void node_services_end(struct worker *w)
{
	size_t i = 0;

	while (service_order[i] != SERVICE_COUNT)
		i++;
	/* The connections end; phones that find nobody come again by themselves. */
	while (i-- > 0)
		halt_one(w, service_order[i], false);
}

/* --- what a service is started with --- */

static void in_force_fini(struct in_force *f)
{
	tls_free(f->tls);
	key_free(f->key);
	cert_free(f->cert);
	memset(f, 0, sizeof(*f));
}

static enum err load_tls(
	struct node *n, const struct service *s, struct in_force *out, struct fail *why)
{
	struct tls_config config = {.server = true, .peer_cert = s->peer_cert, .verify = s->verify};
	const struct settings *set = cluster_get_settings(n->cluster);
	char key_name[STORE_NAME];
	enum err err = own_in_force(n->cluster, s->own, &out->cert, key_name, why);

	if (err == ERR_OK)
		err = own_tls_key(n->cluster, key_name, &out->key, why);
	/* Old phones are no clients of the CTL Provider: it stays modern. */
	if (err == ERR_OK && s->own != OWN_CTL_PROVIDER)
		err = tls_profile_parse(&config.profile, set->tls_profile);
	if (err == ERR_OK) {
		config.cert_der = cert_der(out->cert);
		config.native_key = key_get_native(out->key);
		err = tls_new(&out->tls, &config, why);
	}
	return err;
}

static bool same_cert(const struct cert *a, const struct cert *b)
{
	return a && b && span_eq(cert_der(a), cert_der(b));
}

struct prepared {
	struct in_force in_force;
	struct lsc_issuers *issuers;
};

/* Everything that may fail without anything having changed. */
static enum err prepare(
	struct node *n, enum node_service which, struct prepared *p, struct fail *why)
{
	const struct service *secure = secure_part(which);
	enum err err = ERR_OK;

	/* Which certificate is in force follows from the lists that are served. */
	if (which == SERVICE_TFTP)
		err = cluster_serve_lists(n->cluster, why);
	if (err == ERR_OK && secure)
		err = load_tls(n, secure, &p->in_force, why);
	if (err == ERR_OK && (which == SERVICE_CAPF || which == SERVICE_CALLMANAGER))
		err = lsc_issuers_load(&p->issuers, n->cluster, why);
	if (err == ERR_OK && which == SERVICE_CAPF)
		err = cluster_issue_anew(n->cluster, why);
	if (err == ERR_OK && which == SERVICE_CAPF)
		err = node_authority_check(n, why);
	return err;
}

static void prepared_fini(struct prepared *p)
{
	in_force_fini(&p->in_force);
	lsc_issuers_free(p->issuers);
}

/* What was prepared is in force from now on; the one before goes to *p. */
static void exchange(struct node *n, enum node_service which, struct prepared *p)
{
	struct prepared old = {0};

	if (secure_part(which)) {
		old.in_force = n->in_force[which];
		n->in_force[which] = p->in_force;
	}
	if (p->issuers) {
		old.issuers = n->issuers;
		n->issuers = p->issuers;
	}
	*p = old;
}

/* Whether every service that works with a certificate of this kind works with this one. */
static bool all_work_with(const struct node *n, enum own_cert own, const struct cert *newest)
{
	int i;

	for (i = 0; i < SERVICE_COUNT; i++) {
		const struct service *s = secure_part((enum node_service)i);
		const struct cert *works = n->in_force[i].cert;

		if (s && s->own == own && works && !same_cert(works, newest))
			return false;
	}
	return true;
}

/* A key before the newest is forgotten when nothing here works with it. */
static void retire(struct node *n)
{
	const struct cert *files = file_key_cert(cluster_file_key(n->cluster));
	int own;

	for (own = 0; own < OWN_COUNT; own++) {
		enum own_cert which = (enum own_cert)own;
		struct cert *newest = NULL;
		struct fail why = {0};
		enum err err = own_newest(n->cluster, which, &newest, &why);
		bool done = all_work_with(n, which, newest);

		if (own == OWN_CALLMANAGER && files)
			done &= same_cert(files, newest);
		if (own == OWN_ITLRECOVERY)
			done &= files != NULL;
		cert_free(newest);
		if (err == ERR_OK && done)
			err = own_retire_previous(n->cluster, which, &why);
		if (err != ERR_OK)
			log_line(LOG_WARN, "the key of %s before the newest is kept: %s",
				own_name(which), why.text);
	}
}

/* --- changes --- */

static unsigned workers_of(const struct node *n, enum node_service which)
{
	return services[which][0]->every_worker ? n->count : 1;
}

static enum err stop_service(struct node *n, enum node_service which)
{
	struct change x = {.node = n, .which = which};
	enum err err = workers_call(n->workers, workers_of(n, which), halt, &x);

	if (n->started[which])
		log_line(LOG_INFO, "%s stopped", service_title(which));
	n->started[which] = false;
	return err;
}

static enum err start_service(struct node *n, enum node_service which, struct fail *why)
{
	struct change x = {.node = n, .which = which};
	unsigned i, count = workers_of(n, which);
	enum err err = workers_call(n->workers, count, launch, &x);

	if (err != ERR_OK)
		return fail_set(why, err, "the daemon is stopping");
	for (i = 0; i < count && err == ERR_OK; i++)
		if (n->each[i].err != ERR_OK)
			err = fail_set(why, n->each[i].err, "%s could not be started: %s",
				service_title(which), n->each[i].why.text);
	n->started[which] = err == ERR_OK;
	if (err != ERR_OK && stop_service(n, which) != ERR_OK)
		return fail_set(why, ERR_NOTNOW, "the daemon is stopping");
	return err;
}

static enum err refuse_unactivated(struct node *n, enum node_service which, struct fail *why)
{
	bool activated;
	enum err err = service_activated(n->cluster, which, &activated, why);

	if (err != ERR_OK || activated)
		return err;
	return fail_set(why, ERR_NOTNOW,
		"%s: Service Not Activated; activate it with: cadeado utils service activate %s",
		service_title(which), service_title(which));
}

enum err node_service_do(
	void *ctx, enum node_service which, enum service_action what, struct fail *why)
{
	struct node *n = ctx;
	struct prepared p = {0};
	enum err err;

	if (!services[which][0])
		return fail_set(why, ERR_UNSUPPORTED, "%s is no part of this program",
			service_title(which));
	if (what == SERVICE_STOP)
		return n->started[which] ? stop_service(n, which) : ERR_OK;
	if (what == SERVICE_START && n->started[which])
		return ERR_OK;
	err = refuse_unactivated(n, which, why);
	if (err == ERR_OK)
		err = prepare(n, which, &p, why);
	if (err == ERR_OK && n->started[which] && stop_service(n, which) != ERR_OK)
		err = fail_set(why, ERR_NOTNOW, "the daemon is stopping");
	if (err == ERR_OK) {
		exchange(n, which, &p);
		err = start_service(n, which, why);
	}
	prepared_fini(&p);
	if (err == ERR_OK) {
		log_line(LOG_INFO, "%s started", service_title(which));
		retire(n);
	}
	return err;
}

enum err node_service_status(
	void *ctx, enum node_service which, struct service_state *out, struct fail *why)
{
	struct node *n = ctx;
	const struct service *secure = secure_part(which);
	char key_name[STORE_NAME];
	struct cert *next = NULL;
	enum err err = ERR_OK;

	memset(out, 0, sizeof(*out));
	out->started = n->started[which];
	if (!out->started)
		return ERR_OK;
	if (which == SERVICE_TFTP) {
		err = cluster_serve_now(n->cluster, why);
		if (err == ERR_OK && cluster_lists_wait(n->cluster))
			str_copy(out->waits, sizeof(out->waits), "the published trust list");
	}
	if (err == ERR_OK && secure && !out->waits[0]) {
		err = own_in_force(n->cluster, secure->own, &next, key_name, why);
		if (err == ERR_OK && !same_cert(next, n->in_force[which].cert))
			str_copy(out->waits, sizeof(out->waits), "a new certificate");
		cert_free(next);
	}
	return err;
}

enum err node_services_start(struct node *n, struct fail *why)
{
	struct prepared p[SERVICE_COUNT] = {0};
	bool wanted[SERVICE_COUNT] = {false};
	enum err err = ERR_OK;
	size_t i;

	/* All is prepared before the first is started, whose jobs may use the cluster from then
	 * on. */
	for (i = 0; err == ERR_OK && service_order[i] != SERVICE_COUNT; i++) {
		enum node_service s = service_order[i];

		if (!services[s][0])
			continue;
		err = service_activated(n->cluster, s, &wanted[s], why);
		if (err == ERR_OK && wanted[s])
			err = prepare(n, s, &p[s], why);
		if (err != ERR_OK)
			fail_prefix(why, "%s", service_title(s));
	}
	for (i = 0; err == ERR_OK && service_order[i] != SERVICE_COUNT; i++)
		if (wanted[service_order[i]])
			exchange(n, service_order[i], &p[service_order[i]]);
	if (err == ERR_OK)
		retire(n);
	for (i = 0; err == ERR_OK && service_order[i] != SERVICE_COUNT; i++)
		if (wanted[service_order[i]])
			err = start_service(n, service_order[i], why);
	for (i = 0; i < SERVICE_COUNT; i++)
		prepared_fini(&p[i]);
	return err;
}

void node_services_free(struct node *n)
{
	int i;

	for (i = 0; i < SERVICE_COUNT; i++)
		in_force_fini(&n->in_force[i]);
	lsc_issuers_free(n->issuers);
}
