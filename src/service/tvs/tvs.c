/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/tvs/session.h"

#include "base/mem.h"

static void accepted(void *ctx, struct stream *stream)
{
	tvs_session_accept(ctx, stream);
}

void tvs_free(struct tvs *service)
{
	lingering_remove(&service->lingering);
	slots_free(service->sessions);
	trust_cache_free(service->cache);
	mem_free(service);
}

static void end(struct lingering *l)
{
	struct tvs *service = lingering_of(l, struct tvs, lingering);

	while (service->jobs)
		tvs_job_free((struct job *)service->jobs);
	tvs_free(service);
}

static void stop(void *instance)
{
	struct tvs *service = instance;
	struct session *s;
	uint32_t at = 0;

	listener_close(service->listener);
	service->listener = NULL;
	while ((s = slots_next(service->sessions, &at)))
		tvs_session_free(s);
	service->stopped = true;
	if (service->env->blocking && service->jobs)
		lingering_add(service->env->lingering, &service->lingering, end);
	else
		end(&service->lingering);
}

static enum err start(void **instance, const struct service_env *env, struct fail *why)
{
	struct tvs *service = mem_new(sizeof(*service));
	const struct settings *set = env->settings;
	struct net_addr listen;
	enum err err;

	*instance = NULL;
	if (!service)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	service->env = env;
	if (slots_new(&service->sessions, TVS_SESSIONS_MAX) != ERR_OK ||
		trust_cache_new(&service->cache, env->cluster) != ERR_OK)
		err = fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	else
		err = net_addr_parse(&listen, set->address, settings_port(set, set->tvs_port), why);
	if (err == ERR_OK)
		err = listener_open(&service->listener, env->loop, &listen, env->tls[OWN_TVS], true,
			accepted, service, why);
	if (err != ERR_OK) {
		fail_prefix(why, "TVS");
		tvs_free(service);
		return err;
	}
	*instance = service;
	return ERR_OK;
}

const struct service service_tvs = {
	.name = "tvs",
	.every_worker = true,
	.own = OWN_TVS,
	.peer_cert = TLS_PEER_NONE,
	.start = start,
	.stop = stop,
};
