/* SPDX-License-Identifier: BSD-2-Clause
 * Enrolment at CAPF, the phone's side. spec: docs/formats/capf.md */
#include "wire/capf/capf.h"

#include "base/mem.h"
#include "net/stream.h"
#include "sim/capture.h"
#include "sim/phone.h"

#include <stdio.h>

#define RETRIES       3                /* after a first failure, --retry-delay apart */
#define PHONE_VERSION 3                /* of the protocol, in AUTH_RES */
#define TALK_US       (60 * 1000000ll) /* wait for the server's next message */
#define CERT_TYPE_LSC 1
#define AUTH_NONE     0
#define AUTH_NULL     2
#define RSA_KEY       0

enum enrol_state {
	AWAIT_AUTH_REQ,
	AWAIT_COMMAND,
	KEY_GEN_BUSY, /* our own work: input is not read */
	AWAIT_STORE_CERT_REQ,
	AWAIT_END_SESSION,
	ENROL_STATES,
};

static const char *const state_names[ENROL_STATES] = {"AWAIT_AUTH_REQ", "AWAIT_COMMAND",
	"KEY_GEN_BUSY", "AWAIT_STORE_CERT_REQ", "AWAIT_END_SESSION"};

struct sim_enrol {
	struct sim_phone *phone;
	struct tls *tls;
	struct stream *stream;
	struct loop_timer *timer;
	struct sim_capture *capture;
	struct fail verify; /* why the server's certificate was refused */
	enum enrol_state state;
	uint32_t session;
	int failures;
	bool changed; /* the LSC was installed or deleted */
	struct key *key;
	struct sim_job *job; /* the generation we wait for; NULL when none */
};

/* A key generation in the pool. It outlives a session that is closed: then nobody waits for it. */
struct sim_job {
	struct sim_job *next;
	struct sim_phone *phone;
	unsigned bits;
	struct key *key;
	enum err err;
};

static void try_again_later(struct sim_enrol *e);

static void job_free(struct sim_job *job)
{
	struct sim_job **at = &job->phone->jobs;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	key_free(job->key);
	mem_free(job);
}

void sim_enrol_drop_jobs(struct sim_phone *p)
{
	while (p->jobs)
		job_free(p->jobs);
}

static void close_session(struct sim_enrol *e)
{
	if (e->stream) {
		stream_tap(e->stream, NULL, NULL);
		stream_finish(e->stream);
	}
	e->stream = NULL;
	sim_capture_close(e->capture);
	e->capture = NULL;
	tls_free(e->tls);
	e->tls = NULL;
	key_free(e->key);
	e->key = NULL;
	e->job = NULL;
}

void sim_enrol_stop(struct sim_phone *p)
{
	struct sim_enrol *e = p->enrol;

	if (!e)
		return;
	close_session(e);
	loop_timer_free(e->timer);
	mem_free(e);
	p->enrol = NULL;
}

/* The session is over; the table of the phone's states frees `e`. */
static void end(struct sim_enrol *e, enum sim_event ev)
{
	struct sim_phone *p = e->phone;

	close_session(e);
	loop_timer_stop(e->timer);
	sim_phone_event(p, ev);
}

static void give_up(struct sim_enrol *e)
{
	struct sim_phone *p = e->phone;

	sim_console_status(&p->console, "LSC: Failed");
	/* A full configuration without signalling security does not need a certificate. */
	end(e, p->config.full && p->config.security_mode < 2 ? SIM_EV_NOTHING : SIM_EV_FAILED);
}

static void failed(struct sim_enrol *e, const char *text)
{
	sim_console_error(&e->phone->console, "CAPF", "%s", text);
	close_session(e);
	if (e->failures++ < RETRIES)
		try_again_later(e);
	else
		give_up(e);
}

/* ---- messages ---- */

/* False when the session is over, and with it perhaps `e`. */
static bool send_message(struct sim_enrol *e, struct capf_message *m)
{
	struct buf out = {0};
	enum err err;

	m->session = e->session;
	err = capf_encode(&out, m);
	if (err == ERR_OK)
		err = stream_write(e->stream, buf_span(&out));
	buf_fini(&out);
	if (err) {
		failed(e, "a message cannot be sent");
		return false;
	}
	sim_console_note(&e->phone->console, "CAPF", "sent CAPF_MSG_%s", capf_type_name(m->type));
	stream_timeout(e->stream, TALK_US);
	return true;
}

static void send_reason(struct sim_enrol *e, uint8_t type, uint8_t reason)
{
	struct capf_message m = {.type = type,
		.has = CAPF_HAS(CAPF_E_REASON),
		.order = {CAPF_E_REASON},
		.reason = reason};

	(void)send_message(e, &m);
}

static void on_auth_req(struct sim_enrol *e, const struct capf_message *m)
{
	struct sim_phone *p = e->phone;
	struct capf_message answer = {.type = CAPF_AUTH_RES,
		.has = CAPF_HAS(CAPF_E_REASON) | CAPF_HAS(CAPF_E_VERSION) |
		       CAPF_HAS(CAPF_E_DEVICE_NAME),
		.reason = CAPF_REASON_SUCCESS,
		.version = PHONE_VERSION};

	if (p->config.capf_auth_mode == AUTH_NULL) {
		answer.has |= CAPF_HAS(CAPF_E_PASSWORD);
		answer.order[0] = CAPF_E_REASON;
		answer.order[1] = CAPF_E_VERSION;
		answer.order[2] = CAPF_E_PASSWORD;
		answer.order[3] = CAPF_E_DEVICE_NAME;
	} else {
		answer.order[0] = CAPF_E_REASON;
		answer.order[1] = CAPF_E_VERSION;
		answer.order[2] = CAPF_E_DEVICE_NAME;
	}
	e->session = m->session;
	answer.device_name = span_str(p->opt.device);
	e->state = AWAIT_COMMAND;
	(void)send_message(e, &answer);
}

static void generate(void *arg)
{
	struct sim_job *job = arg;

	job->err = key_generate(&job->key, KEY_RSA, job->bits, NULL);
}

static void generated(void *arg)
{
	struct sim_job *job = arg;
	struct sim_enrol *e = job->phone->enrol;
	struct capf_message m = {.type = CAPF_KEY_GEN_RES,
		.has = CAPF_HAS(CAPF_E_PUBLIC_KEY),
		.order = {CAPF_E_PUBLIC_KEY}};
	struct buf spki = {0};

	if (!e || e->job != job) {
		job_free(job);
		return;
	}
	e->job = NULL;
	e->key = job->key;
	job->key = NULL;
	if (job->err == ERR_OK && key_public_der(e->key, &spki) == ERR_OK) {
		m.public_key = buf_span(&spki);
		e->state = AWAIT_STORE_CERT_REQ;
		if (send_message(e, &m))
			stream_pause(e->stream, false);
	} else {
		failed(e, "the key cannot be generated");
	}
	buf_fini(&spki);
	job_free(job);
}

static bool can_generate(const struct capf_message *m)
{
	static const unsigned sizes[] = {512, 1024, 2048, 3072, 4096};

	if ((m->has & CAPF_HAS(CAPF_E_KEY_TYPE)) && m->key_type != RSA_KEY)
		return false;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		if (m->key_size == sizes[i])
			return true;
	}
	return false;
}

static void on_key_gen_req(struct sim_enrol *e, const struct capf_message *m)
{
	struct sim_phone *p = e->phone;
	struct capf_message wait = {.type = CAPF_REQ_IN_PROGRESS};
	struct sim_job *job;

	if (!can_generate(m)) {
		sim_console_error(
			&p->console, "CAPF", "the server asks for a key of an unknown kind");
		e->state = AWAIT_END_SESSION;
		send_reason(e, CAPF_KEY_GEN_RES, CAPF_REASON_FAILED);
		return;
	}
	job = mem_new(sizeof(*job));
	if (!job) {
		failed(e, "out of memory");
		return;
	}
	job->phone = p;
	job->bits = m->key_size;
	job->next = p->jobs;
	p->jobs = job;
	e->state = KEY_GEN_BUSY;
	e->job = job;
	if (!send_message(e, &wait)) {
		job_free(job);
		return;
	}
	stream_pause(e->stream, true);
	stream_timeout(e->stream, 0);
	if (executor_run(p->executor, generate, generated, job)) {
		e->job = NULL;
		job_free(job);
		failed(e, "out of memory");
	}
}

static void on_store_cert_req(struct sim_enrol *e, const struct capf_message *m)
{
	struct sim_phone *p = e->phone;
	struct fail why = {0};
	struct key *key = e->key;
	uint8_t reason = CAPF_REASON_SUCCESS;

	e->key = NULL;
	if (!(m->has & CAPF_HAS(CAPF_E_CERTIFICATE)) || m->certificate.len > SIM_CERT_MAX) {
		key_free(key);
		(void)fail_set(&why, ERR_FORMAT, "the message holds no certificate");
	} else if (sim_flash_take_lsc(&p->flash, key, m->certificate, &why) == ERR_OK) {
		e->changed = true;
	}
	if (why.code) {
		reason = CAPF_REASON_FAILED;
		sim_phone_refused(p, "LSC", &why);
	} else {
		sim_console_status(&p->console, "LSC: Installed");
		sim_phone_write_evidence(p);
	}
	e->state = AWAIT_END_SESSION;
	send_reason(e, CAPF_STORE_CERT_RES, reason);
}

static void on_fetch_cert_req(struct sim_enrol *e, const struct capf_message *m)
{
	const struct sim_flash *flash = &e->phone->flash;
	struct capf_message answer = {.type = CAPF_FETCH_CERT_RES,
		.has = CAPF_HAS(CAPF_E_REASON) | CAPF_HAS(CAPF_E_CERTIFICATE),
		.order = {CAPF_E_REASON, CAPF_E_CERTIFICATE},
		.reason = CAPF_REASON_SUCCESS,
		.certificate_type = CERT_TYPE_LSC};

	e->state = AWAIT_END_SESSION;
	if (flash->lsc.len) {
		answer.certificate = buf_span(&flash->lsc);
		(void)send_message(e, &answer);
	} else {
		send_reason(e, CAPF_FETCH_CERT_RES, CAPF_REASON_FAILED);
	}
}

static void on_delete_cert_req(struct sim_enrol *e, const struct capf_message *m)
{
	struct sim_phone *p = e->phone;
	struct fail why = {0};
	uint8_t reason = CAPF_REASON_SUCCESS;

	if (sim_flash_drop_lsc(&p->flash, &why)) {
		sim_console_error(&p->console, "CAPF", "%s", why.text);
		reason = CAPF_REASON_FAILED;
	} else {
		e->changed = true;
		sim_console_status(&p->console, "LSC: Deleted");
	}
	e->state = AWAIT_END_SESSION;
	send_reason(e, CAPF_DELETE_CERT_RES, reason);
}

static void on_end_session(struct sim_enrol *e, const struct capf_message *m)
{
	char text[64];

	if (e->changed) {
		end(e, SIM_EV_DONE);
	} else if (m->reason == CAPF_REASON_NONE || m->reason == CAPF_REASON_SUCCESS) {
		sim_console_note(&e->phone->console, "CAPF", "no operation is pending");
		end(e, SIM_EV_NOTHING);
	} else {
		(void)snprintf(text, sizeof(text), "the server ended the session with reason %u%s",
			m->reason,
			m->reason == CAPF_REASON_UNKNOWN_DEVICE ? " (unknown device)" : "");
		failed(e, text);
	}
}

static void on_retry_later(struct sim_enrol *e, const struct capf_message *m)
{
	failed(e, "the server asks to come later");
}

#define IN(state) (1u << (state))

/* Which message means something in which states; any other ends the session. */
static const struct row {
	uint8_t type;
	unsigned states;
	void (*act)(struct sim_enrol *e, const struct capf_message *m);
} rows[] = {
	{CAPF_AUTH_REQ, IN(AWAIT_AUTH_REQ), on_auth_req},
	{CAPF_KEY_GEN_REQ, IN(AWAIT_COMMAND), on_key_gen_req},
	{CAPF_STORE_CERT_REQ, IN(AWAIT_STORE_CERT_REQ), on_store_cert_req},
	{CAPF_FETCH_CERT_REQ, IN(AWAIT_COMMAND), on_fetch_cert_req},
	{CAPF_DELETE_CERT_REQ, IN(AWAIT_COMMAND), on_delete_cert_req},
	{CAPF_RETRY_LATER, IN(AWAIT_AUTH_REQ) | IN(AWAIT_COMMAND), on_retry_later},
	{CAPF_END_SESSION,
		IN(AWAIT_AUTH_REQ) | IN(AWAIT_COMMAND) | IN(AWAIT_STORE_CERT_REQ) |
			IN(AWAIT_END_SESSION),
		on_end_session},
};

static void on_message(struct sim_enrol *e, const struct capf_message *m)
{
	char text[96];

	sim_console_note(
		&e->phone->console, "CAPF", "received CAPF_MSG_%s", capf_type_name(m->type));
	if (e->state != AWAIT_AUTH_REQ && m->session != e->session) {
		failed(e, "the server changed the session number");
		return;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].type == m->type && (rows[i].states & IN(e->state))) {
			rows[i].act(e, m);
			return;
		}
	}
	(void)snprintf(text, sizeof(text), "unexpected CAPF_MSG_%s in state %s",
		capf_type_name(m->type), state_names[e->state]);
	failed(e, text);
}

/* ---- the connection ---- */

/* Takes one message off the input; false when there is none, or the session is over. */
static bool take_message(struct sim_enrol *e, struct stream *s)
{
	struct sim_phone *p = e->phone;
	struct capf_message m;
	struct fail why = {0};
	struct buf copy = {0};
	enum err err = ERR_OK;
	size_t len = capf_frame(stream_input(s), &err, &why);

	if (err == ERR_OK && len == 0)
		return false;
	/* The session may end while the message is obeyed, and the stream's input with it. */
	if (err == ERR_OK) {
		buf_put(&copy, span_of(stream_input(s).ptr, len));
		stream_consume(s, len);
		err = buf_check(&copy);
	}
	if (err == ERR_OK)
		err = capf_decode(&m, buf_span(&copy), &why);
	if (err)
		failed(e, why.text[0] ? why.text : err_text(err));
	else
		on_message(e, &m);
	buf_fini(&copy);
	return p->enrol == e && e->stream == s && e->state != KEY_GEN_BUSY;
}

static void on_stream(void *ctx, struct stream *s, enum stream_event ev)
{
	struct sim_enrol *e = ctx;
	struct sim_phone *p = e->phone;
	struct fail why = {0};

	switch (ev) {
	case STREAM_READY:
		sim_console_note(&p->console, "CAPF", "TLS handshake done, %s %s",
			stream_version(s), stream_cipher(s));
		stream_timeout(s, TALK_US);
		break;
	case STREAM_DATA:
		while (take_message(e, s))
			continue;
		break;
	case STREAM_DRAINED: break;
	case STREAM_CLOSED:
		if (e->changed)
			end(e, SIM_EV_DONE);
		else
			failed(e, "the server closed the connection");
		break;
	case STREAM_TIMEOUT: failed(e, "the server does not answer"); break;
	case STREAM_ERROR:
		if (p->doubted.len) {
			end(e, SIM_EV_DOUBT);
			break;
		}
		why = e->verify.code ? e->verify : *stream_failure(s);
		if (e->verify.code)
			sim_phone_refused(p, "CAPF server", &why);
		failed(e, why.text);
		break;
	}
}

static enum err verify_server(void *ctx, struct span der)
{
	struct sim_enrol *e = ctx;

	return sim_phone_judge_server(e->phone, SIM_SERVER_CAPF, der, &e->verify);
}

static void connect_now(struct sim_enrol *e)
{
	struct sim_phone *p = e->phone;
	const struct cnfxml_server *server = &p->config.capf[0];
	struct tls_config tls = {
		.profile = TLS_PHONE, .verify = verify_server, .verify_ctx = e, .max_tls12 = true};
	struct fail why = {0};
	struct net_addr addr;
	char text[NET_ADDR_MAX];
	enum err err;

	e->state = AWAIT_AUTH_REQ;
	e->session = 0;
	fail_clear(&e->verify);
	buf_clear(&p->doubted);
	err = sim_phone_server(
		p, server->name, sim_phone_port(p, server->port, SIM_PORT_CAPF), &addr, &why);
	if (err == ERR_OK)
		err = tls_new(&e->tls, &tls, &why);
	if (err == ERR_OK)
		err = stream_connect(&e->stream, p->loop, &addr, e->tls, on_stream, e, &why);
	if (err) {
		failed(e, why.text[0] ? why.text : err_text(err));
		return;
	}
	net_addr_print_port(&addr, text);
	sim_console_note(&p->console, "CAPF", "connecting to %s", text);
	e->capture = sim_capture_open(p->opt.dir, "capf.cap", p->clock, e->stream);
}

static void on_timer(void *arg)
{
	connect_now(arg);
}

static void try_again_later(struct sim_enrol *e)
{
	sim_console_note(&e->phone->console, "CAPF", "retry %d of %d in %d s", e->failures, RETRIES,
		e->phone->opt.retry_delay);
	loop_timer_set(e->timer, e->phone->opt.retry_delay * 1000000ll);
}

void sim_enrol_start(struct sim_phone *p)
{
	struct sim_enrol *e = mem_new(sizeof(*e));

	if (!e || loop_timer_new(&e->timer, p->loop, on_timer, e)) {
		mem_free(e);
		sim_console_error(&p->console, "CAPF", "out of memory");
		sim_phone_event(p, SIM_EV_FAILED);
		return;
	}
	e->phone = p;
	p->enrol = e;
	if (p->config.capf_auth_mode != AUTH_NONE && p->config.capf_auth_mode != AUTH_NULL) {
		sim_console_error(&p->console, "CAPF",
			"this phone enrols by null string only, not in authentication mode %d",
			p->config.capf_auth_mode);
		give_up(e);
		return;
	}
	connect_now(e);
}
