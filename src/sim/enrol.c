/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/enrol.h"

#include "base/mem.h"
#include "sim/capf.h"
#include "sim/panel.h"
#include "sim/tvs.h"

#include <stdio.h>

#define RETRIES 3 /* after a first failure, --retry-delay apart */

struct sim_enrol {
	struct sim_phone *phone;
	struct sim_capf *session; /* NULL between two tries */
	struct loop_timer *timer;
	struct buf string; /* typed by the user; else the phone's own serves */
	int failures;
	bool user;
};

static void connect_now(struct sim_enrol *e);

static void set_step(struct sim_phone *p, enum sim_lsc_step step)
{
	p->evidence.lsc_step = sim_lsc_step_text(step);
	sim_phone_write_evidence(p);
	sim_console_event(&p->console, "lsc", sim_evidence_lsc(&p->evidence, &p->flash));
	sim_panel_lsc_changed(p->panel);
}

void sim_enrol_stop(struct sim_phone *p)
{
	struct sim_enrol *e = p->enrol;
	bool user = e && e->user;

	if (!e)
		return;
	p->enrol = NULL;
	if (user)
		sim_tvs_stop(p);
	sim_capf_free(e->session);
	loop_timer_free(e->timer);
	buf_wipe(&e->string);
	mem_free(e);
	p->evidence.lsc_step = sim_lsc_step_text(SIM_LSC_IDLE);
	if (user)
		sim_panel_lsc_changed(p->panel);
}

void sim_enrol_break_off(struct sim_phone *p)
{
	if (!sim_enrol_by_user(p))
		return;
	p->lsc_failed = true;
	sim_console_status(&p->console, "LSC: Failed");
	sim_enrol_stop(p);
	set_step(p, SIM_LSC_IDLE);
}

bool sim_enrol_by_user(const struct sim_phone *p)
{
	return p->enrol && p->enrol->user;
}

/* ---- how a try ends ---- */

/* Nobody uses `e` after this. */
static void end(struct sim_enrol *e, enum sim_event ev)
{
	struct sim_phone *p = e->phone;
	bool user = e->user;

	if (user)
		sim_enrol_stop(p);
	set_step(p, SIM_LSC_IDLE);
	if (!user)
		sim_phone_event(p, ev);
	else if (ev == SIM_EV_DONE)
		sim_phone_event(p, SIM_EV_RESET);
}

static void give_up(struct sim_enrol *e)
{
	struct sim_phone *p = e->phone;

	p->lsc_failed = true;
	sim_console_status(&p->console, "LSC: Failed");
	/* A full configuration without signalling security does not need a certificate. */
	end(e, p->config.full && p->config.security_mode < 2 ? SIM_EV_NOTHING : SIM_EV_FAILED);
}

static void failed(struct sim_enrol *e, const char *text)
{
	struct sim_phone *p = e->phone;

	sim_console_error(&p->console, "CAPF", "%s", text);
	if (e->user || e->failures++ >= RETRIES) {
		give_up(e);
		return;
	}
	set_step(p, SIM_LSC_IDLE);
	sim_console_note(&p->console, "CAPF", "retry %d of %d in %d s", e->failures, RETRIES,
		p->opt.retry_delay);
	loop_timer_set(e->timer, p->opt.retry_delay * 1000000ll);
}

/* A TVS was asked about the server that an Update of the user met. */
static void vouched(void *ctx, unsigned roles, struct span cert, const struct fail *why)
{
	struct sim_phone *p = ctx;

	if (!sim_enrol_by_user(p))
		return;
	if (roles & sim_trust_roles_server(SIM_SERVER_CAPF))
		connect_now(p->enrol);
	else
		failed(p->enrol, roles ? "TVS gives the server another role" : why->text);
}

static void doubted(struct sim_enrol *e)
{
	struct sim_phone *p = e->phone;

	if (e->user)
		sim_tvs_verify(p, buf_span(&p->doubted), vouched, p);
	else
		sim_phone_event(p, SIM_EV_DOUBT);
}

static void note_done(struct sim_phone *p, const struct sim_capf_result *r)
{
	if (r->did & SIM_CAPF_INSTALLED)
		sim_console_status(&p->console, "LSC: Installed");
	if (r->did & SIM_CAPF_DELETED)
		sim_console_status(&p->console, "LSC: Deleted");
	if (r->did & (SIM_CAPF_SHOWED_LSC | SIM_CAPF_SHOWED_MIC))
		sim_console_note(
			&p->console, "CAPF", "the server has read the phone's certificates");
	if (r->did & SIM_CAPF_KEPT)
		sim_phone_refused(p, "LSC", &r->why);
	else if (r->server_refused)
		sim_phone_refused(p, "CAPF server", &r->why);
}

static void over(void *ctx, const struct sim_capf_result *result)
{
	struct sim_enrol *e = ctx;
	struct sim_phone *p = e->phone;
	struct sim_capf_result r = *result;

	sim_capf_free(e->session);
	e->session = NULL;
	if (r.server_refused && p->doubted.len) {
		doubted(e);
		return;
	}
	note_done(p, &r);
	if (r.did & (SIM_CAPF_INSTALLED | SIM_CAPF_DELETED)) {
		end(e, SIM_EV_DONE);
	} else if (r.why.code) {
		failed(e, r.why.text);
	} else {
		sim_console_note(&p->console, "CAPF", "no operation is pending");
		end(e, SIM_EV_NOTHING);
	}
}

/* ---- a try ---- */

static enum err verify_server(void *ctx, struct span der, struct fail *why)
{
	const struct sim_enrol *e = ctx;

	return sim_phone_judge_server(e->phone, SIM_SERVER_CAPF, der, why);
}

static void ready(void *ctx, const struct stream *s)
{
	const struct sim_enrol *e = ctx;

	sim_console_note(&e->phone->console, "CAPF", "TLS handshake done, %s %s", stream_version(s),
		stream_cipher(s));
}

static void note_message(void *ctx, bool sent, const struct capf_message *m)
{
	const struct sim_enrol *e = ctx;

	sim_console_note(&e->phone->console, "CAPF", "%s CAPF_MSG_%s", sent ? "sent" : "received",
		capf_type_name(m->type));
}

static void progress(void *ctx, enum sim_lsc_step step)
{
	const struct sim_enrol *e = ctx;

	set_step(e->phone, step);
}

static void connect_now(struct sim_enrol *e)
{
	static const struct sim_capf_owner owner = {
		verify_server, ready, note_message, progress, over};
	struct sim_phone *p = e->phone;
	const struct cnfxml_server *server = &p->config.capf[0];
	struct sim_capf_spec spec = {.loop = p->loop,
		.executor = p->executor,
		.keygens = &p->keygens,
		.clock = p->clock,
		.flash = &p->flash,
		.capture_dir = p->opt.dir,
		.device = p->opt.device,
		.auth = (enum sim_auth)p->config.capf_auth_mode,
		.string = buf_span(e->string.len ? &e->string : &p->string),
		.version = p->opt.capf_version,
		.sudi = p->opt.sudi,
		.profile = TLS_PHONE,
		.talk_us = SIM_CAPF_TALK_US,
		.progress_us = p->opt.capf_progress * 1000000ll,
		.faults = p->opt.faults};
	struct fail why = {0};
	struct net_addr addr;
	char text[NET_ADDR_MAX];

	buf_clear(&p->doubted);
	if (sim_phone_server(
		    p, server->name, sim_phone_port(p, server->port, SIM_PORT_CAPF), &addr, &why) ||
		sim_capf_start(&e->session, &spec, &addr, &owner, e, &why)) {
		failed(e, why.text);
		return;
	}
	net_addr_print_port(&addr, text);
	sim_console_note(&p->console, "CAPF", "connecting to %s", text);
}

static void on_timer(void *arg)
{
	connect_now(arg);
}

static struct sim_enrol *enrol_new(struct sim_phone *p)
{
	struct sim_enrol *e = mem_new(sizeof(*e));

	if (!e || loop_timer_new(&e->timer, p->loop, on_timer, e)) {
		mem_free(e);
		return NULL;
	}
	e->phone = p;
	p->enrol = e;
	p->lsc_failed = false;
	return e;
}

bool sim_enrol_by_itself(const struct sim_phone *p, struct fail *why)
{
	switch ((enum sim_auth)p->config.capf_auth_mode) {
	case SIM_AUTH_NONE:
	case SIM_AUTH_NULL: return true;
	case SIM_AUTH_STRING:
		if (p->string.len)
			return true;
		(void)fail_set(why, ERR_NOTNOW,
			"the authentication string has to be typed: Settings > Security "
			"Configuration > **# > LSC > Update");
		return false;
	case SIM_AUTH_LSC:
	case SIM_AUTH_MIC:
		if (p->flash.lsc.len || p->flash.mic.len)
			return true;
		(void)fail_set(why, ERR_NOTNOW,
			"authentication is by existing certificate, and the phone has neither LSC "
			"nor MIC");
		return false;
	default: return false;
	}
}

void sim_enrol_start(struct sim_phone *p)
{
	struct sim_enrol *e = enrol_new(p);

	if (e) {
		connect_now(e);
		return;
	}
	sim_console_error(&p->console, "CAPF", "out of memory");
	sim_phone_event(p, SIM_EV_FAILED);
}

enum err sim_enrol_update(struct sim_phone *p, struct span string, struct fail *why)
{
	struct sim_enrol *e;

	if (p->enrol)
		return fail_set(why, ERR_BUSY, "the LSC is being updated already");
	if (p->state != SIM_REGISTERED && p->state != SIM_WAIT_REGISTER &&
		p->state != SIM_WAIT_BOOT)
		return fail_set(why, ERR_NOTNOW, "the phone is starting; try again in a moment");
	if (p->config.capf_count == 0)
		return fail_set(why, ERR_NOTNOW, "the configuration names no CAPF server");
	e = enrol_new(p);
	if (!e)
		return fail_set(why, ERR_NOMEM, "out of memory");
	e->user = true;
	buf_put(&e->string, string);
	connect_now(e);
	return ERR_OK;
}
