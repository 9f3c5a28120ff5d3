/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/sccp/station.h"

#include "base/log.h"
#include "core/issue/lsc.h"

/* The numbers of OpenSSL's verification results, which administrators look up. */
#define VERIFY_OK        0
#define VERIFY_EXPIRED   10
#define VERIFY_NO_ISSUER 20
#define VERIFY_REJECTED  28

int64_t sccp_now_ms(void)
{
	return clock_monotonic_us() / 1000;
}

static int verify_number(enum err err)
{
	switch (err) {
	case ERR_OK: return VERIFY_OK;
	case ERR_EXPIRED: return VERIFY_EXPIRED;
	case ERR_TRUST: return VERIFY_NO_ISSUER;
	default: return VERIFY_REJECTED;
	}
}

enum err service_sccp_verify(void *ctx, struct span peer_der)
{
	struct station *s = ctx;
	const struct sccp *x = s->service;
	struct fail why = {0};
	enum err err = lsc_check_issued(
		x->env->issuers, clock_seconds(x->env->clock), peer_der, s->cert_device, &why);

	trace_line(TRACE_SDI,
		"SdlSSLTCPListener::verify_cb pre-verified=%d,cert verification errno=%d,depth=0",
		err == ERR_OK, verify_number(err));
	s->refused = err != ERR_OK;
	if (s->refused)
		station_complain(s, why.text);
	return err;
}

static void call_send(void *ctx, uint64_t station, const struct sccp_message *m)
{
	struct station *s = station_of(ctx, station);

	if (s)
		station_put(s, m);
}

static void call_trace(void *ctx, uint64_t station, uint32_t call, const char *text)
{
	const struct station *s = station_of(ctx, station);

	if (s)
		trace_line(TRACE_SDI, "StationD: (%07u) %s callReference=%u %s", s->number,
			s->device, call, text);
}

static enum err call_random(void *ctx, void *out, size_t len)
{
	return random_bytes(out, len);
}

static void on_tick(void *arg)
{
	struct sccp *x = arg;

	callctl_tick(x->calls, sccp_now_ms());
	station_flush_all(x);
}

static void accepted_plain(void *ctx, struct stream *stream)
{
	station_accept(ctx, stream, false);
}

static void accepted_secure(void *ctx, struct stream *stream)
{
	station_accept(ctx, stream, true);
}

void sccp_instance_free(struct sccp *x)
{
	lingering_remove(&x->lingering);
	known_phones_free(&x->known);
	callctl_free(x->calls);
	loop_timer_free(x->tick);
	slots_free(x->slots);
	mem_free(x);
}

/* A phone that is reset fetches its trust lists and configuration before it registers again. */
static void farewell(void *instance)
{
	struct sccp *x = instance;
	struct station *s, *next;

	HASH_ITER (hh, x->by_device, s, next) {
		station_reset(s);
	}
}

void service_sccp_reset(void *instance, const char *device)
{
	struct sccp *x = instance;
	struct station *s = NULL;

	if (x) {
		known_phones_forget(&x->known, device);
		HASH_FIND_STR(x->by_device, device, s);
	}
	if (!s)
		return;
	log_line(LOG_INFO, "sccp: %s is deleted, its registration ends", s->device);
	station_reset(s);
	station_flush_all(x);
}

void service_sccp_stations(void *instance, const char (*devices)[DEVICE_NAME_SIZE], size_t count,
	bool reset, bool *registered)
{
	struct sccp *x = instance;
	struct station *s;
	size_t i;

	for (i = 0; i < count; i++) {
		s = NULL;
		if (x)
			HASH_FIND_STR(x->by_device, devices[i], s);
		registered[i] = s != NULL;
		if (s && reset)
			station_reset(s);
	}
	if (x && reset)
		station_flush_all(x);
}

static void end(struct lingering *l)
{
	struct sccp *x = lingering_of(l, struct sccp, lingering);

	while (x->jobs)
		registration_drop(x->jobs);
	sccp_instance_free(x);
}

static void stop(void *instance)
{
	struct sccp *x = instance;
	struct station *s;
	uint32_t at = 0;

	listener_close(x->plain);
	listener_close(x->secure);
	x->plain = x->secure = NULL;
	while ((s = slots_next(x->slots, &at)))
		station_free(s);
	loop_timer_stop(x->tick);
	x->stopped = true;
	if (x->env->blocking && x->jobs)
		lingering_add(x->env->lingering, &x->lingering, end);
	else
		end(&x->lingering);
}

static enum err prepare(struct sccp *x, struct fail *why)
{
	const struct callctl_io io = {
		.ctx = x, .send = call_send, .trace = call_trace, .random = call_random};
	enum err err;

	x->unregistered_max = 4 * service_sessions(x->env, SCCP_UNREGISTERED_MAX / 4);
	err = slots_new(&x->slots, x->env->stations_max + x->unregistered_max);

	if (err == ERR_OK)
		err = callctl_new(&x->calls, &io, x->env->stations_max);
	if (err == ERR_OK)
		err = loop_timer_new(&x->tick, x->env->loop, on_tick, x);
	return err == ERR_OK ? ERR_OK : fail_set(why, err, "%s", err_text(err));
}

static enum err open_listeners(struct sccp *x, struct fail *why)
{
	const struct settings *set = x->env->settings;
	struct net_addr plain, secure;
	enum err err =
		net_addr_parse(&plain, set->address, settings_port(set, set->sccp_port), why);

	if (err == ERR_OK)
		err = net_addr_parse(
			&secure, set->address, settings_port(set, set->sccps_port), why);
	if (err == ERR_OK)
		err = listener_open(
			&x->plain, x->env->loop, &plain, NULL, false, accepted_plain, x, why);
	if (err == ERR_OK)
		err = listener_open(&x->secure, x->env->loop, &secure, x->env->tls[OWN_CALLMANAGER],
			false, accepted_secure, x, why);
	return err;
}

static enum err start(void **instance, const struct service_env *env, struct fail *why)
{
	struct sccp *x = mem_new(sizeof(*x));
	enum err err;

	*instance = NULL;
	if (!x)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	x->env = env;
	held_cert(env->own[OWN_CALLMANAGER], x->cert);
	err = prepare(x, why);
	if (err == ERR_OK)
		err = open_listeners(x, why);
	if (err != ERR_OK) {
		fail_prefix(why, "SCCP");
		listener_close(x->plain);
		sccp_instance_free(x);
		return err;
	}
	*instance = x;
	return ERR_OK;
}

const struct service service_sccp = {
	.name = "sccp",
	.every_worker = false,
	.own = OWN_CALLMANAGER,
	.peer_cert = TLS_PEER_REQUIRED,
	.verify = service_sccp_verify,
	.start = start,
	.farewell = farewell,
	.stop = stop,
};
