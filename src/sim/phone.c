/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/phone.h"

#include "base/mem.h"
#include "sim/enrol.h"
#include "sim/panel.h"
#include "sim/secret.h"
#include "sim/station.h"
#include "sim/tvs.h"

#include <signal.h>
#include <stdio.h>

#define LEAVE_US 2000000ll /* for Unregister and its answer */

static void start_waiting(struct sim_phone *p)
{
	if (p->opt.once) {
		sim_phone_over(p, SIM_EXIT_REFUSED);
		return;
	}
	loop_timer_set(p->timer, p->opt.retry_delay * 1000000ll);
}

static void stop_waiting(struct sim_phone *p)
{
	loop_timer_stop(p->timer);
}

static void start_over(struct sim_phone *p)
{
	p->asked_capf = false;
	sim_tvs_forget(p);
	sim_boot_ask_ctl(p);
}

static void registered(struct sim_phone *p)
{
	p->was_registered = true;
	p->enrolments = 0;
	p->register_failures = 0;
}

static void leave(struct sim_phone *p)
{
	loop_timer_set(p->timer, LEAVE_US);
	if (p->station)
		sim_station_leave(p->station);
	else
		loop_stop(p->loop);
}

static void server_vouched(
	struct sim_phone *p, enum sim_server server, unsigned roles, const struct fail *why)
{
	struct fail refusal = {0};

	if (roles & sim_trust_roles_server(server)) {
		sim_phone_event(p, SIM_EV_DONE);
		return;
	}
	(void)fail_set(&refusal, ERR_TRUST,
		"the server's certificate is not in the trust list, and %s",
		roles ? "TVS gives it another role" : why->text);
	sim_phone_refused(p, server == SIM_SERVER_CAPF ? "CAPF server" : "call manager", &refusal);
	sim_phone_event(p, SIM_EV_FAILED);
}

static void capf_vouched(void *ctx, unsigned roles, struct span cert, const struct fail *why)
{
	server_vouched(ctx, SIM_SERVER_CAPF, roles, why);
}

static void ccm_vouched(void *ctx, unsigned roles, struct span cert, const struct fail *why)
{
	server_vouched(ctx, SIM_SERVER_CCM, roles, why);
}

static void vouch_capf(struct sim_phone *p)
{
	sim_tvs_verify(p, buf_span(&p->doubted), capf_vouched, p);
}

static void vouch_ccm(struct sim_phone *p)
{
	sim_tvs_verify(p, buf_span(&p->doubted), ccm_vouched, p);
}

/* The states a phone goes through. A state without a next one for an event ignores it. */
static const struct row {
	const char *name;
	void (*enter)(struct sim_phone *p);
	void (*leave)(struct sim_phone *p);
	enum sim_state next[SIM_EVENTS];
} table[SIM_STATES] = {
	[SIM_OFF] = {"off", NULL, NULL,
		{[SIM_EV_POWER] = SIM_ASK_CTL, [SIM_EV_STOP] = SIM_LEAVING}},
	[SIM_ASK_CTL] = {"trust list", start_over, sim_boot_cancel,
		{[SIM_EV_DONE] = SIM_ASK_ITL,
			[SIM_EV_MISSING] = SIM_ASK_ITL,
			[SIM_EV_UNREACHABLE] = SIM_ASK_CONFIG,
			[SIM_EV_STOP] = SIM_LEAVING}},
	[SIM_ASK_ITL] = {"initial trust list", sim_boot_ask_itl, sim_boot_cancel,
		{[SIM_EV_DONE] = SIM_ASK_CONFIG,
			[SIM_EV_MISSING] = SIM_ASK_COMMON_ITL,
			[SIM_EV_UNREACHABLE] = SIM_ASK_CONFIG,
			[SIM_EV_STOP] = SIM_LEAVING}},
	[SIM_ASK_COMMON_ITL] = {"initial trust list", sim_boot_ask_common_itl, sim_boot_cancel,
		{[SIM_EV_DONE] = SIM_ASK_CONFIG,
			[SIM_EV_MISSING] = SIM_ASK_CONFIG,
			[SIM_EV_UNREACHABLE] = SIM_ASK_CONFIG,
			[SIM_EV_STOP] = SIM_LEAVING}},
	[SIM_ASK_CONFIG] = {"configuration", sim_boot_ask_config, sim_boot_cancel,
		{[SIM_EV_DONE] = SIM_REGISTER,
			[SIM_EV_ENROL] = SIM_ENROL,
			[SIM_EV_FAILED] = SIM_WAIT_BOOT,
			[SIM_EV_STOP] = SIM_LEAVING}},
	[SIM_ENROL] = {"enrolling", sim_enrol_start, sim_enrol_stop,
		{[SIM_EV_DONE] = SIM_ASK_CTL,
			[SIM_EV_DOUBT] = SIM_VOUCH_CAPF,
			[SIM_EV_NOTHING] = SIM_ASK_CONFIG,
			[SIM_EV_FAILED] = SIM_WAIT_BOOT,
			[SIM_EV_STOP] = SIM_LEAVING}},
	[SIM_VOUCH_CAPF] = {"asking TVS", vouch_capf, sim_tvs_stop,
		{[SIM_EV_DONE] = SIM_ENROL,
			[SIM_EV_FAILED] = SIM_WAIT_BOOT,
			[SIM_EV_STOP] = SIM_LEAVING}},
	[SIM_VOUCH_CCM] = {"asking TVS", vouch_ccm, sim_tvs_stop,
		{[SIM_EV_DONE] = SIM_REGISTER,
			[SIM_EV_FAILED] = SIM_WAIT_REGISTER,
			[SIM_EV_STOP] = SIM_LEAVING}},
	[SIM_REGISTER] = {"registering", sim_station_start, NULL,
		{[SIM_EV_DONE] = SIM_REGISTERED,
			[SIM_EV_DOUBT] = SIM_VOUCH_CCM,
			[SIM_EV_LOST] = SIM_WAIT_REGISTER,
			[SIM_EV_FAILED] = SIM_WAIT_BOOT,
			[SIM_EV_RESET] = SIM_ASK_CTL,
			[SIM_EV_RESTART] = SIM_ASK_CONFIG,
			[SIM_EV_STOP] = SIM_LEAVING}},
	[SIM_REGISTERED] = {"registered", registered, NULL,
		{[SIM_EV_LOST] = SIM_WAIT_REGISTER,
			[SIM_EV_RESET] = SIM_ASK_CTL,
			[SIM_EV_RESTART] = SIM_ASK_CONFIG,
			[SIM_EV_STOP] = SIM_LEAVING}},
	[SIM_WAIT_REGISTER] = {"waiting to register", start_waiting, stop_waiting,
		{[SIM_EV_TIMER] = SIM_REGISTER,
			[SIM_EV_RESET] = SIM_ASK_CTL,
			[SIM_EV_STOP] = SIM_LEAVING}},
	[SIM_WAIT_BOOT] = {"waiting to start over", start_waiting, stop_waiting,
		{[SIM_EV_TIMER] = SIM_ASK_CTL,
			[SIM_EV_RESET] = SIM_ASK_CTL,
			[SIM_EV_STOP] = SIM_LEAVING}},
	[SIM_LEAVING] = {"leaving", leave, NULL, {[SIM_EV_STOP] = SIM_STAY}},
};

/* Where an Update that the user started goes on. */
static bool is_up(enum sim_state state)
{
	return state == SIM_REGISTER || state == SIM_REGISTERED || state == SIM_WAIT_REGISTER ||
	       state == SIM_WAIT_BOOT;
}

static void step(struct sim_phone *p, enum sim_event ev)
{
	enum sim_state next = table[p->state].next[ev];

	if (next == SIM_STAY)
		return;
	if (table[p->state].leave)
		table[p->state].leave(p);
	/* Connections belong to the two register states; leaving closes its own in order. */
	if (p->station && next != SIM_REGISTERED && next != SIM_LEAVING)
		sim_station_stop(p);
	if (sim_enrol_by_user(p) && !is_up(next))
		sim_enrol_break_off(p);
	p->state = next;
	(void)snprintf(p->evidence.state, sizeof(p->evidence.state), "%s", table[next].name);
	sim_console_event(&p->console, "state", table[next].name);
	sim_phone_write_evidence(p);
	if (table[next].enter)
		table[next].enter(p);
}

void sim_phone_event(struct sim_phone *p, enum sim_event ev)
{
	if (p->queued < sizeof(p->queue) / sizeof(p->queue[0]))
		p->queue[p->queued++] = ev;
	if (p->stepping)
		return;
	p->stepping = true;
	while (p->queued) {
		ev = p->queue[0];
		p->queued--;
		memmove(p->queue, p->queue + 1, p->queued * sizeof(p->queue[0]));
		step(p, ev);
	}
	p->stepping = false;
}

static void on_timer(void *arg)
{
	struct sim_phone *p = arg;

	if (p->state == SIM_LEAVING)
		loop_stop(p->loop);
	else if (p->state == SIM_WAIT_BOOT && sim_enrol_by_user(p))
		start_waiting(p); /* starting over would break it off */
	else
		sim_phone_event(p, SIM_EV_TIMER);
}

static void on_signal(void *arg)
{
	sim_phone_event(arg, SIM_EV_STOP);
}

void sim_phone_write_evidence(struct sim_phone *p)
{
	p->evidence.security_mode = p->config.security_mode;
	p->evidence.config_encrypted = p->config_encrypted;
	sim_evidence_write(&p->evidence, &p->flash);
}

void sim_phone_refused(struct sim_phone *p, const char *what, const struct fail *why)
{
	struct buf text = {0};

	p->exit_status = SIM_EXIT_REFUSED;
	buf_printf(&text, "%s: %s", what, why->text);
	buf_u8(&text, 0);
	if (buf_check(&text) == ERR_OK)
		(void)str_copy(p->evidence.refused, sizeof(p->evidence.refused), (char *)text.data);
	buf_fini(&text);
	sim_console_error(&p->console, "SECD", "%s refused: %s", what, why->text);
	sim_phone_write_evidence(p);
}

void sim_phone_over(struct sim_phone *p, int status)
{
	if (!p->opt.once)
		return;
	if (status != SIM_EXIT_DONE)
		p->exit_status = status;
	sim_phone_event(p, SIM_EV_STOP);
}

struct sim_judge sim_phone_judge(const struct sim_phone *p)
{
	return (struct sim_judge){.digests = sim_model_digests(p->opt.model),
		.dates = p->opt.clock,
		.now = clock_seconds(p->clock)};
}

int sim_phone_port(const struct sim_phone *p, int port, int standard)
{
	return port == 0 || port == standard ? standard + p->opt.port_base : port;
}

enum err sim_phone_server(const struct sim_phone *p, const char *name, int port,
	struct net_addr *out, struct fail *why)
{
	struct sim_held held = sim_flash_get_held(&p->flash);

	if (net_addr_parse(out, name, port, NULL) == ERR_OK)
		return ERR_OK;
	*out = (struct net_addr){0};
	if (port < 1 || port > UINT16_MAX)
		return fail_set(why, ERR_FORMAT, "port %d of server %s", port, name);
	if (!sim_trust_address(&held, name, out->bytes))
		*out = p->opt.server;
	out->port = (uint16_t)port;
	return ERR_OK;
}

void sim_phone_note_tvs(struct sim_phone *p, const struct cnfxml *c)
{
	if (!c->full)
		return;
	memcpy(p->tvs, c->tvs, sizeof(p->tvs));
	p->tvs_count = c->tvs_count;
}

enum err sim_phone_judge_server(
	struct sim_phone *p, enum sim_server server, struct span der, struct fail *why)
{
	struct sim_judge judge = sim_phone_judge(p);
	struct sim_held held = sim_flash_get_held(&p->flash);
	enum err err;

	buf_clear(&p->doubted);
	if (sim_tvs_knows(p, server, der))
		return ERR_OK;
	err = sim_trust_server(&judge, &held, server, der, why);
	if (err == ERR_TRUST && der.len <= SIM_CERT_MAX && sim_tvs_usable(p))
		buf_put(&p->doubted, der);
	return err;
}

/* Where to ask is known from the start before. */
static void recall_tvs(struct sim_phone *p)
{
	struct cnfxml held;

	if (p->flash.config.len && cnfxml_parse(&held, buf_span(&p->flash.config), NULL) == ERR_OK)
		sim_phone_note_tvs(p, &held);
}

static enum err open_folder(struct sim_phone *p, struct fail *why)
{
	enum err err = sim_flash_open(&p->flash, p->opt.dir, p->opt.device, why);

	if (err == ERR_OK)
		err = sim_console_init(
			&p->console, p->clock, p->opt.dir, p->opt.json, p->opt.quiet, why);
	if (err == ERR_OK)
		err = sim_evidence_init(&p->evidence, p->clock, p->opt.dir, p->opt.device, why);
	if (err == ERR_OK && p->opt.erase) {
		err = sim_flash_erase(&p->flash, why);
		sim_console_status(&p->console, "Erasing CTL and ITL files");
	}
	if (err == ERR_OK && p->opt.mic)
		err = sim_flash_take_mic(&p->flash, p->opt.mic, p->opt.device, why);
	if (err == ERR_OK && p->opt.string_file)
		err = sim_string_read(&p->string, p->opt.string_file, why);
	if (err == ERR_OK)
		recall_tvs(p);
	return err;
}

enum err sim_phone_init(struct sim_phone *p, const struct sim_options *opt, struct fail *why)
{
	enum err err;

	*p = (struct sim_phone){.opt = *opt, .clock = clock_system(), .state = SIM_OFF};
	err = open_folder(p, why);
	if (err == ERR_OK)
		err = loop_new(&p->loop);
	if (err == ERR_OK)
		err = pool_new(&p->pool, 1);
	if (err == ERR_OK)
		err = pool_executor_new(&p->executor, p->pool, p->loop);
	if (err == ERR_OK)
		err = loop_timer_new(&p->timer, p->loop, on_timer, p);
	if (err == ERR_OK)
		err = loop_on_signal(p->loop, SIGTERM, on_signal, p);
	if (err == ERR_OK)
		err = loop_on_signal(p->loop, SIGINT, on_signal, p);
	if (err == ERR_OK)
		err = sim_panel_open(&p->panel, p, why);
	return err ? fail_set(why, err, "%s", err_text(err)) : ERR_OK;
}

int sim_phone_run(struct sim_phone *p)
{
	sim_phone_event(p, SIM_EV_POWER);
	loop_run(p->loop);
	sim_station_stop(p);
	p->evidence.registered = false;
	(void)snprintf(p->evidence.state, sizeof(p->evidence.state), "off");
	sim_phone_write_evidence(p);
	return p->was_registered ? p->exit_status : SIM_EXIT_REFUSED;
}

void sim_phone_fini(struct sim_phone *p)
{
	sim_station_stop(p);
	sim_boot_cancel(p);
	sim_tvs_stop(p);
	sim_enrol_stop(p);
	sim_panel_close(p->panel);
	loop_timer_free(p->timer);
	if (p->executor)
		pool_executor_free(p->executor);
	if (p->pool)
		pool_free(p->pool);
	if (p->loop)
		loop_free(p->loop);
	sim_keygen_drop_all(&p->keygens);
	sim_evidence_fini(&p->evidence);
	sim_console_fini(&p->console);
	sim_flash_fini(&p->flash);
	buf_fini(&p->doubted);
	buf_wipe(&p->string);
}
