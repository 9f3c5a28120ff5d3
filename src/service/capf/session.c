/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/capf/session.h"

#include "base/log.h"
#include "base/mem.h"
#include "core/list/list.h"

#include <string.h>

#define PROTOCOL_VERSION 3
#define KEY_TYPE_SINCE   3 /* client version from which KEY_GEN_REQ names the key type */
#define CERT_TYPE_LSC    1
#define AUTH_TYPE_NONE   0
#define KEY_TYPE_RSA     0
#define UNKNOWN          "UNKNOWN"

#define STATUS_FAILED     "Upgrade Failed"
#define STATUS_KEY_FAILED "Upgrade Failed: Key Generation Failed/Timeout"

struct state {
	const char *name;
	int64_t limit_us; /* for leaving it */
};

static const struct state states[] = {
	[SESSION_IDLE] = {"IDLE", 0},
	[SESSION_AWAIT_AUTH_RES] = {"AWAIT_AUTH_RES", CAPF_ANSWER_US},
	[SESSION_AWAIT_AUTH_RES_BUSY] = {"AWAIT_AUTH_RES_BUSY", CAPF_JOB_US},
	[SESSION_AWAIT_KEY_GEN_RES] = {"AWAIT_KEY_GEN_RES", CAPF_KEY_US},
	[SESSION_AWAIT_KEY_GEN_RES_BUSY] = {"AWAIT_KEY_GEN_RES_BUSY", CAPF_JOB_US},
	[SESSION_AWAIT_STORE_CERT_RES] = {"AWAIT_STORE_CERT_RES", CAPF_ANSWER_US},
	[SESSION_AWAIT_STORE_CERT_RES_BUSY] = {"AWAIT_STORE_CERT_RES_BUSY", CAPF_JOB_US},
};

static void on_auth_res(struct session *s, const struct capf_message *m);
static void on_in_progress(struct session *s, const struct capf_message *m);
static void on_key_gen_res(struct session *s, const struct capf_message *m);
static void on_store_cert_res(struct session *s, const struct capf_message *m);

/* What a phone may send in which state; everything else ends the session with reason 7. */
static const struct event {
	enum session_state state;
	uint8_t type;
	const char *name;
	void (*handle)(struct session *s, const struct capf_message *m);
} events[] = {
	{SESSION_AWAIT_AUTH_RES, CAPF_AUTH_RES, "AUTH_RES", on_auth_res},
	{SESSION_AWAIT_KEY_GEN_RES, CAPF_REQ_IN_PROGRESS, "REQUEST_IN_PROGRESS", on_in_progress},
	{SESSION_AWAIT_KEY_GEN_RES, CAPF_KEY_GEN_RES, "KEY_GEN_RES", on_key_gen_res},
	{SESSION_AWAIT_STORE_CERT_RES, CAPF_STORE_CERT_RES, "STORE_CERT_RES", on_store_cert_res},
};

static bool is_busy(const struct session *s)
{
	return s->state == SESSION_AWAIT_AUTH_RES_BUSY ||
	       s->state == SESSION_AWAIT_KEY_GEN_RES_BUSY ||
	       s->state == SESSION_AWAIT_STORE_CERT_RES_BUSY;
}

static void enter(struct session *s, enum session_state state)
{
	s->state = state;
	stream_timeout(s->stream, states[state].limit_us);
	stream_pause(s->stream, is_busy(s));
}

/* One log line that names peer, device and state. */
static void complain(const struct session *s, const char *what)
{
	char from[NET_ADDR_MAX];

	if (!s->authorised && !complaints_allow(&s->service->complaints, "capf"))
		return;
	net_addr_print_port(stream_peer(s->stream), from);
	log_line(LOG_WARN, "capf: %u:%s: %s: %s in CAPF_STATE_%s", s->number, s->device, from, what,
		states[s->state].name);
}

void session_free(struct session *s)
{
	slots_drop(s->service->sessions, s->ref);
	if (s->stream)
		stream_close(s->stream);
	cert_free(s->lsc);
	mem_free(s);
}

/* Sends one message in one record. */
static enum err send_message(struct session *s, const struct capf_message *m)
{
	struct buf out = {0};
	enum err err = capf_encode(&out, m);

	if (err == ERR_OK)
		err = stream_write(s->stream, buf_span(&out));
	buf_wipe(&out);
	if (err == ERR_OK)
		trace_line(TRACE_CAPF, "MsgType : CAPF_MSG_%s", capf_type_name(m->type));
	else
		complain(s, err_text(err));
	return err;
}

/* Ends the exchange: the phone reads the reason, then both close. Frees the session. */
static void end(struct session *s, enum capf_reason reason)
{
	struct capf_message m = {
		.type = CAPF_END_SESSION,
		.session = s->number,
		.has = CAPF_HAS(CAPF_E_REASON),
		.order = {CAPF_E_REASON},
		.reason = (uint8_t)reason,
	};

	if (send_message(s, &m) == ERR_OK) {
		stream_finish(s->stream);
		s->stream = NULL;
	}
	session_free(s);
}

static void send_and_enter(
	struct session *s, const struct capf_message *m, enum session_state state)
{
	if (send_message(s, m) == ERR_OK)
		enter(s, state);
	else
		session_free(s);
}

static void start_job(struct session *s, enum session_state busy, enum job_kind kind,
	struct span input, struct cert *take_lsc, const char *status)
{
	enter(s, busy);
	if (job_start(s, kind, input, take_lsc, status) == ERR_OK)
		return;
	complain(s, "out of memory");
	end(s, CAPF_REASON_FAILED);
}

static void greet(struct session *s)
{
	struct capf_message m = {
		.type = CAPF_AUTH_REQ,
		.session = s->number,
		.has = CAPF_HAS(CAPF_E_VERSION) | CAPF_HAS(CAPF_E_AUTH_TYPE),
		.order = {CAPF_E_VERSION, CAPF_E_AUTH_TYPE},
		.version = PROTOCOL_VERSION,
		.auth_type = AUTH_TYPE_NONE,
	};

	trace_line(TRACE_CAPF, "TLS HS Done for ph_conn .");
	send_and_enter(s, &m, SESSION_AWAIT_AUTH_RES);
}

/* A phone that shows a certificate must be the one it says it is: the common name is the device
 * name, or ends in '-' and it ("CP-7961G-SEP0011215A1AE3"). */
static bool shown_certificate_fits(const struct session *s)
{
	struct span der = stream_peer_cert(s->stream);
	size_t want = strlen(s->device), len;
	struct cert *shown = NULL;
	const char *name;
	bool fits;

	if (!der.len)
		return true;
	if (cert_from_der(&shown, der, NULL) != ERR_OK)
		return false;
	name = cert_common_name(shown);
	len = strlen(name);
	fits = len >= want && str_ieq(name + len - want, s->device) &&
	       (len == want || name[len - want - 1] == '-');
	cert_free(shown);
	return fits;
}

static void on_auth_res(struct session *s, const struct capf_message *m)
{
	char asked[DEVICE_NAME_SIZE + 1] = "";

	if (m->device_name.len > 0 && m->device_name.len < sizeof(asked))
		memcpy(asked, m->device_name.ptr, m->device_name.len);
	if (str_device_name(s->device, asked) != ERR_OK) {
		str_copy(s->device, sizeof(s->device), UNKNOWN);
		complain(s, "AUTH_RES, DEVICE_NAME: not a device name");
		end(s, CAPF_REASON_UNKNOWN_DEVICE);
		return;
	}
	s->version = m->version;
	if (!shown_certificate_fits(s)) {
		complain(s, "the certificate shown is not this device's");
		end(s, CAPF_REASON_FAILED);
		return;
	}
	start_job(s, SESSION_AWAIT_AUTH_RES_BUSY, JOB_AUTHORISE, m->password, NULL, NULL);
}

/* For the store: what a phone that came here, or took a certificate of ours, must hold. */
static void note(const struct session *s, enum job_kind kind)
{
	const struct capf *service = s->service;

	if (kind == JOB_INSTALLED)
		notes_trusted(service->env->notes, s->device, service->cert,
			LIST_ROLE(TLV_ROLE_CAPF), stream_peer(s->stream));
	else if (kind == JOB_AUTHORISE)
		notes_came(service->env->notes, s->device, stream_peer(s->stream));
}

static void authorised(struct session *s, const struct job *j)
{
	struct capf_message m = {
		.type = CAPF_KEY_GEN_REQ,
		.session = s->number,
		.has = CAPF_HAS(CAPF_E_KEY_SIZE),
		.order = {CAPF_E_KEY_SIZE},
		.key_size = (uint16_t)j->key_bits,
	};

	switch (j->order) {
	case LSC_UNKNOWN_DEVICE:
		complain(s, "unknown device");
		end(s, CAPF_REASON_UNKNOWN_DEVICE);
		return;
	case LSC_NONE_PENDING: end(s, CAPF_REASON_NONE); return;
	case LSC_BAD_AUTH:
		complain(s, j->why.code ? j->why.text : "authentication failed");
		end(s, CAPF_REASON_FAILED);
		return;
	case LSC_INSTALL: s->authorised = true; break;
	}
	if (s->version >= KEY_TYPE_SINCE) {
		m.has |= CAPF_HAS(CAPF_E_KEY_TYPE);
		m.order[1] = CAPF_E_KEY_TYPE;
		m.key_type = KEY_TYPE_RSA;
	}
	send_and_enter(s, &m, SESSION_AWAIT_KEY_GEN_RES);
}

static void on_in_progress(struct session *s, const struct capf_message *m)
{
	if (++s->in_progress > CAPF_IN_PROGRESS_MAX) {
		complain(s, "too many REQ_IN_PROGRESS");
		end(s, CAPF_REASON_FAILED);
		return;
	}
	enter(s, SESSION_AWAIT_KEY_GEN_RES);
}

static void fail_operation(struct session *s, enum session_state busy, const char *status)
{
	start_job(s, busy, JOB_FAILED, (struct span){0}, NULL, status);
}

static void on_key_gen_res(struct session *s, const struct capf_message *m)
{
	if (m->has & CAPF_HAS(CAPF_E_PUBLIC_KEY))
		start_job(s, SESSION_AWAIT_KEY_GEN_RES_BUSY, JOB_ISSUE, m->public_key, NULL, NULL);
	else
		fail_operation(s, SESSION_AWAIT_KEY_GEN_RES_BUSY, STATUS_KEY_FAILED);
}

static void issued(struct session *s, struct job *j)
{
	struct capf_message m = {
		.type = CAPF_STORE_CERT_REQ,
		.session = s->number,
		.has = CAPF_HAS(CAPF_E_CERT_TYPE) | CAPF_HAS(CAPF_E_CERTIFICATE),
		.order = {CAPF_E_CERT_TYPE, CAPF_E_CERTIFICATE},
		.cert_type = CERT_TYPE_LSC,
		.certificate_type = CERT_TYPE_LSC,
	};

	s->lsc = j->lsc;
	j->lsc = NULL;
	m.certificate = cert_der(s->lsc);
	trace_line(TRACE_CAPF, "Generated the cert");
	send_and_enter(s, &m, SESSION_AWAIT_STORE_CERT_RES);
}

static void on_store_cert_res(struct session *s, const struct capf_message *m)
{
	struct cert *lsc = s->lsc;

	if (!(m->has & CAPF_HAS(CAPF_E_REASON)) || m->reason != CAPF_REASON_SUCCESS) {
		fail_operation(s, SESSION_AWAIT_STORE_CERT_RES_BUSY, STATUS_FAILED);
		return;
	}
	s->lsc = NULL;
	start_job(s, SESSION_AWAIT_STORE_CERT_RES_BUSY, JOB_INSTALLED, (struct span){0}, lsc, NULL);
}

static void process_input(struct session *s);

void session_job_done(struct session *s, struct job *j)
{
	bool key_is_bad = j->err == ERR_FORMAT || j->err == ERR_ARG || j->err == ERR_UNSUPPORTED ||
			  j->err == ERR_LIMIT;
	struct slot_ref ref = s->ref;
	struct capf *service = s->service;

	if (j->kind == JOB_ISSUE && key_is_bad) {
		fail_operation(s, SESSION_AWAIT_KEY_GEN_RES_BUSY, STATUS_KEY_FAILED);
		return;
	}
	if (j->err != ERR_OK || j->kind == JOB_FAILED) {
		/* Our own trouble leaves the order as it is: the phone may try again. */
		end(s, CAPF_REASON_FAILED);
		return;
	}
	note(s, j->kind);
	switch (j->kind) {
	case JOB_AUTHORISE: authorised(s, j); break;
	case JOB_ISSUE: issued(s, j); break;
	case JOB_INSTALLED: end(s, CAPF_REASON_SUCCESS); break;
	case JOB_FAILED: break;
	}
	s = slots_get(service->sessions, ref);
	if (s)
		process_input(s);
}

static void handle(struct session *s, const struct capf_message *m)
{
	size_t i;

	trace_line(TRACE_CAPF, "%u:%s:Incoming Phone Msg:", s->number, s->device);
	trace_line(TRACE_CAPF, "MsgType : CAPF_MSG_%s", capf_type_name(m->type));
	if (m->session != s->number) {
		complain(s, "message, session at byte 2: not this session's");
		end(s, CAPF_REASON_FAILED);
		return;
	}
	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		if (events[i].state != s->state || events[i].type != m->type)
			continue;
		trace_line(TRACE_CAPF,
			"%u:%s:CAPF CORE: Rcvd Event: CAPF_EV_%s in State: CAPF_STATE_%s",
			s->number, s->device, events[i].name, states[s->state].name);
		events[i].handle(s, m);
		return;
	}
	complain(s, "message, type at byte 1: not expected");
	end(s, CAPF_REASON_FAILED);
}

/* Takes one message out of the input; false when there is none, or the session is gone. */
static bool process_one(struct session *s)
{
	struct buf copy = {0};
	struct capf_message m;
	struct fail why = {0};
	enum err err;
	size_t len = capf_frame(stream_input(s->stream), &err, &why);

	if (len == 0 && err == ERR_OK)
		return false;
	if (err == ERR_OK) {
		/* The handler may close the stream, and with it its input. */
		buf_put(&copy, span_of(stream_input(s->stream).ptr, len));
		stream_consume(s->stream, len);
		err = buf_check(&copy) ? fail_set(&why, ERR_NOMEM, "%s", err_text(ERR_NOMEM))
				       : capf_decode(&m, buf_span(&copy), &why);
	}
	if (err == ERR_OK) {
		handle(s, &m);
	} else {
		complain(s, why.text);
		end(s, CAPF_REASON_FAILED);
	}
	buf_wipe(&copy); /* may hold an authentication string */
	return true;
}

static void process_input(struct session *s)
{
	const struct slots *sessions = s->service->sessions;
	struct slot_ref ref = s->ref;

	while (slots_get(sessions, ref) && !is_busy(s))
		if (!process_one(s))
			return;
}

/* The order stays as it is: the phone connects again. */
static void lost(struct session *s, const char *how)
{
	if (s->state == SESSION_IDLE && stream_failure(s->stream)->code)
		how = stream_failure(s->stream)->text;
	complain(s, how);
	session_free(s);
}

static void on_event(void *ctx, struct stream *stream, enum stream_event ev)
{
	struct session *s = ctx;
	const struct slots *sessions = s->service->sessions;
	struct slot_ref ref = s->ref;

	switch (ev) {
	case STREAM_READY: greet(s); return;
	case STREAM_DATA: process_input(s); return;
	case STREAM_DRAINED: return;
	case STREAM_CLOSED:
		process_input(s);
		if (slots_get(sessions, ref))
			lost(s, "connection closed (CAPF_OP_FAIL_PHONE_COMM_ERROR)");
		return;
	case STREAM_TIMEOUT:
		complain(s, "timed out (CAPF_OP_FAIL_OP_TIMED_OUT)");
		end(s, CAPF_REASON_FAILED);
		return;
	case STREAM_ERROR: lost(s, "connection lost (CAPF_OP_FAIL_PHONE_COMM_ERROR)"); return;
	}
}

static bool admit(const struct capf *service, const struct net_addr *peer)
{
	const struct session *s;
	unsigned same = 0;
	uint32_t at = 0;

	while ((s = slots_next(service->sessions, &at)))
		if (net_addr_same_host(stream_peer(s->stream), peer))
			same++;
	return same < CAPF_SESSIONS_PER_SOURCE;
}

void session_accept(struct capf *service, struct stream *stream)
{
	const struct net_addr *peer = stream_peer(stream);
	bool room = admit(service, peer);
	struct session *s = room ? mem_new(sizeof(*s)) : NULL;
	char from[NET_ADDR_MAX];

	if (!s || slots_take(service->sessions, s, &s->ref) != ERR_OK) {
		if (complaints_allow(&service->complaints, "capf")) {
			net_addr_print_port(peer, from);
			log_line(LOG_WARN, "capf: %s: %s, refused", from,
				room ? "too many connections"
				     : "too many connections of this address");
		}
		mem_free(s);
		stream_close(stream);
		return;
	}
	s->service = service;
	s->stream = stream;
	s->number = ++service->connections;
	str_copy(s->device, sizeof(s->device), UNKNOWN);
	net_addr_print(peer, from);
	trace_line(TRACE_CAPF, "%u:%s:Got a new ph conn %s on %d", s->number, s->device, from,
		stream_number(stream));
	stream_handle(stream, on_event, s);
}
