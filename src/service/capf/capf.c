/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/capf/session.h"

enum err service_capf_verify(void *ctx, struct span peer_der)
{
	return ERR_OK;
}

static void accepted(void *ctx, struct stream *stream)
{
	session_accept(ctx, stream);
}

void capf_free(struct capf *service)
{
	lingering_remove(&service->lingering);
	slots_free(service->sessions);
	live_stop(service);
	mem_free(service);
}

static void end(struct lingering *l)
{
	struct capf *service = lingering_of(l, struct capf, lingering);

	while (service->jobs)
		job_free((struct job *)service->jobs);
	capf_free(service);
}

static void stop(void *instance)
{
	struct capf *service = instance;
	struct session *s;
	uint32_t at = 0;

	listener_close(service->listener);
	service->listener = NULL;
	while ((s = slots_next(service->sessions, &at)))
		session_free(s);
	if (service->env->blocking)
		job_gathered(service);
	service->stopped = true;
	live_stop(service);
	if (service->env->blocking && service->jobs)
		lingering_add(service->env->lingering, &service->lingering, end);
	else
		end(&service->lingering);
}

static enum err start(void **instance, const struct service_env *env, struct fail *why)
{
	struct capf *service = mem_new(sizeof(*service));
	const struct settings *set = env->settings;
	struct net_addr listen;
	enum err err;

	*instance = NULL;
	if (service)
		service->sessions_max =
			CAPF_SHARES * service_sessions(env, CAPF_SESSIONS_MAX / CAPF_SHARES);
	if (!service || slots_new(&service->sessions, service->sessions_max) != ERR_OK) {
		mem_free(service);
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	}
	service->env = env;
	held_cert(env->own[OWN_CAPF], service->cert);
	err = live_start(service);
	if (err == ERR_OK)
		err = net_addr_parse(
			&listen, set->address, settings_port(set, set->capf_port), why);
	if (err == ERR_OK)
		err = listener_open(&service->listener, env->loop, &listen, env->tls[OWN_CAPF],
			true, accepted, service, why);
	if (err != ERR_OK) {
		fail_set(why, err, "%s", err_text(err));
		fail_prefix(why, "CAPF");
		capf_free(service);
		return err;
	}
	*instance = service;
	return ERR_OK;
}

const struct service service_capf = {
	.name = "capf",
	.every_worker = true,
	.own = OWN_CAPF,
	.peer_cert = TLS_PEER_OPTIONAL,
	.verify = service_capf_verify,
	.start = start,
	.stop = stop,
};
