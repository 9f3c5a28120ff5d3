/* SPDX-License-Identifier: BSD-2-Clause
 * One connection: its states, what may come in which, and how it ends. */
#include "service/capf/session.h"

#include "base/log.h"
#include "core/list/list.h"

#define PROTOCOL_VERSION 3
#define AUTH_TYPE_NONE   0

/* Names of states, and the time for leaving them; 0: as the cluster's keep-alive says. */
static const struct state {
	const char *name;
	int64_t limit_us;
} states[SESSION_STATES] = {
	[SESSION_IDLE] = {"IDLE", CAPF_ANSWER_US},
	[SESSION_AWAIT_AUTH_RES] = {"AWAIT_AUTH_RES", CAPF_ANSWER_US},
	[SESSION_AWAIT_KEY_GEN_RES] = {"AWAIT_KEY_GEN_RES", 0},
	[SESSION_AWAIT_CA_RES] = {"AWAIT_CA_RES", CAPF_JOB_US},
	[SESSION_AWAIT_STORE_CERT_RES] = {"AWAIT_STORE_CERT_RES", CAPF_ANSWER_US},
	[SESSION_AWAIT_DELETE_CERT_RES] = {"AWAIT_DELETE_CERT_RES", CAPF_ANSWER_US},
	[SESSION_AWAIT_FETCH_CERT_RES] = {"AWAIT_FETCH_CERT_RES", CAPF_ANSWER_US},
	[SESSION_ENDING] = {"ENDING", CAPF_JOB_US},
};

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
	{SESSION_AWAIT_DELETE_CERT_RES, CAPF_DELETE_CERT_RES, "DELETE_CERT_RES",
		on_delete_cert_res},
	{SESSION_AWAIT_FETCH_CERT_RES, CAPF_FETCH_CERT_RES, "FETCH_CERT_RES", on_fetch_cert_res},
};

void session_complain(const struct session *s, const char *what)
{
	char from[NET_ADDR_MAX];

	if (!s->authorised && !complaints_allow(&s->service->complaints, "capf"))
		return;
	net_addr_print_port(stream_peer(s->stream), from);
	log_line(LOG_WARN, "capf: %u:%s: %s: %s in CAPF_STATE_%s", s->number, s->device, from, what,
		states[s->state].name);
}

void session_enter(struct session *s, enum session_state state)
{
	int64_t limit = states[state].limit_us;

	s->state = state;
	s->busy = state == SESSION_ENDING || state == SESSION_AWAIT_CA_RES;
	stream_timeout(s->stream, limit ? limit : s->keep_alive * 60 * 1000000ll);
	stream_pause(s->stream, s->busy);
}

void session_step(struct session *s, enum store_step step)
{
	s->step = step;
	s->step_since = clock_seconds(s->service->env->clock);
	s->step_told = false;
	live_tell(s);
	live_step(s->service);
}

static enum err write_message(struct session *s, struct capf_message *m)
{
	struct buf out = {0};
	enum err err;

	m->session = s->number;
	err = capf_encode(&out, m);
	if (err == ERR_OK)
		err = stream_write(s->stream, buf_span(&out));
	buf_wipe(&out);
	if (err == ERR_OK)
		live_trace(s->service, "MsgType : CAPF_MSG_%s", capf_type_name(m->type));
	else
		session_complain(s, err_text(err));
	return err;
}

/* Some clients know the request for the LSC alone, and go when they are asked for the MIC. */
#define NO_MIC "the phone does not answer when it is asked for its MIC"
static bool has_lsc_at_least(const struct session *s)
{
	return s->state == SESSION_AWAIT_FETCH_CERT_RES && s->fetching_mic && s->fetched[0];
}

/* The phone is gone for us: what it was doing is recorded without the session. */
static void record_lost(struct session *s, const char *note)
{
	/* A job that runs does this itself, when it finds the session gone. */
	struct job *j = s->authorised && !s->busy ? job_new(s, JOB_END) : NULL;

	if (!j)
		return;
	j->stranded = true;
	j->write.outcome = ENROL_PHONE_LOST;
	if (has_lsc_at_least(s)) {
		j->write.outcome = ENROL_SUCCESS;
		j->fetched[0] = s->fetched[0];
		s->fetched[0] = NULL;
		note = NO_MIC;
	}
	str_copy(j->note, sizeof(j->note), note);
	job_start(j);
}

bool session_send(struct session *s, struct capf_message *m)
{
	if (write_message(s, m) == ERR_OK)
		return true;
	record_lost(s, "a message could not be sent");
	session_free(s);
	return false;
}

void session_end(struct session *s, enum capf_reason reason)
{
	struct capf_message m = {
		.type = CAPF_END_SESSION,
		.has = CAPF_HAS(CAPF_E_REASON),
		.order = {CAPF_E_REASON},
		.reason = (uint8_t)reason,
	};

	if (write_message(s, &m) == ERR_OK) {
		stream_finish(s->stream);
		s->stream = NULL;
	}
	session_free(s);
}

void session_finish(struct session *s, enum enrol_outcome outcome, enum capf_reason reason,
	bool keep, const char *note)
{
	struct job *j = job_new(s, JOB_END);

	if (!j) {
		session_complain(s, err_text(ERR_NOMEM));
		session_end(s, CAPF_REASON_FAILED);
		return;
	}
	/* This is how it ends: a certificate that comes later is recorded, and nothing else. */
	if (s->issuing)
		s->issuing->stranded = true;
	s->reason = (uint8_t)reason;
	j->write.outcome = outcome;
	j->write.keep = keep;
	j->lsc = s->lsc;
	j->issuer = s->issuer;
	memcpy(j->fetched, s->fetched, sizeof(j->fetched));
	s->lsc = s->issuer = s->fetched[0] = s->fetched[1] = NULL;
	if (note)
		str_copy(j->note, sizeof(j->note), note);
	session_enter(s, SESSION_ENDING);
	job_start(j);
}

/* A phone that breaks the protocol, or is silent: the order stays, it may come again. */
static void give_up(struct session *s, const char *what, enum enrol_outcome outcome)
{
	session_complain(s, what);
	if (has_lsc_at_least(s))
		session_finish(s, ENROL_SUCCESS, CAPF_REASON_NONE, false, NO_MIC);
	else if (s->authorised && s->state != SESSION_ENDING)
		session_finish(s, outcome, CAPF_REASON_FAILED, true, what);
	else
		session_end(s, CAPF_REASON_FAILED);
}

static void greet(struct session *s)
{
	struct capf_message m = {
		.type = CAPF_AUTH_REQ,
		.has = CAPF_HAS(CAPF_E_VERSION) | CAPF_HAS(CAPF_E_AUTH_TYPE),
		.order = {CAPF_E_VERSION, CAPF_E_AUTH_TYPE},
		.version = PROTOCOL_VERSION,
		.auth_type = AUTH_TYPE_NONE,
	};

	live_trace(s->service, "TLS HS Done for ph_conn .");
	if (session_send(s, &m))
		session_enter(s, SESSION_AWAIT_AUTH_RES);
}

/* --- input --- */

static void handle(struct session *s, const struct capf_message *m)
{
	size_t i;

	live_trace(s->service, "%u:%s:Incoming Phone Msg:", s->number, s->device);
	live_trace(s->service, "MsgType : CAPF_MSG_%s", capf_type_name(m->type));
	if (m->session != s->number) {
		give_up(s, "message, session at byte 2: not this session's", ENROL_PHONE_LOST);
		return;
	}
	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		if (events[i].state != s->state || events[i].type != m->type)
			continue;
		live_trace(s->service,
			"%u:%s:CAPF CORE: Rcvd Event: CAPF_EV_%s in State: CAPF_STATE_%s",
			s->number, s->device, events[i].name, states[s->state].name);
		events[i].handle(s, m);
		return;
	}
	give_up(s, "message, type at byte 1: not expected", ENROL_PHONE_LOST);
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
	if (err == ERR_OK)
		handle(s, &m);
	else
		give_up(s, why.text, ENROL_PHONE_LOST);
	buf_wipe(&copy); /* may hold an authentication string */
	return true;
}

static void process_input(struct session *s)
{
	const struct slots *sessions = s->service->sessions;
	struct slot_ref ref = s->ref;

	while (slots_get(sessions, ref) && !s->busy)
		if (!process_one(s))
			return;
}

/* For the store: what a phone that came here, or took a certificate of ours, must hold. */
static void note(const struct session *s, const struct job *j)
{
	const struct capf *service = s->service;

	if (j->err != ERR_OK)
		return;
	if (j->kind == JOB_END && j->write.op == ENROL_INSTALL && j->write.outcome == ENROL_SUCCESS)
		notes_trusted(service->env->notes, s->device, service->cert,
			LIST_ROLE(TLV_ROLE_CAPF), stream_peer(s->stream));
	else if (j->kind == JOB_BEGIN)
		notes_came(service->env->notes, s->device, stream_peer(s->stream));
}

void session_job_done(struct session *s, struct job *j)
{
	struct capf *service = s->service;
	struct slot_ref ref = s->ref;

	s->busy = false;
	note(s, j);
	switch (j->kind) {
	case JOB_BEGIN: after_begin(s, j); break;
	case JOB_ISSUE:
		s->issuing = NULL;
		after_issue(s, j);
		break;
	case JOB_END:
		/* Our own trouble leaves the order as it is: the phone may try again. */
		session_end(s, j->err ? CAPF_REASON_FAILED : (enum capf_reason)s->reason);
		break;
	case JOB_STEPS: break;
	}
	s = slots_get(service->sessions, ref);
	if (s)
		process_input(s);
}

/* The order stays as it is: the phone connects again. */
static void lost(struct session *s, const char *how)
{
	if (s->state == SESSION_IDLE && stream_failure(s->stream)->code)
		how = stream_failure(s->stream)->text;
	session_complain(s, how);
	record_lost(s, how);
	session_free(s);
}

static void timed_out(struct session *s)
{
	if (s->state == SESSION_IDLE) {
		lost(s, "no handshake in time");
		return;
	}
	give_up(s, "timed out (CAPF_OP_FAIL_OP_TIMED_OUT)",
		s->state == SESSION_AWAIT_KEY_GEN_RES ? ENROL_KEY_FAILED
		: s->state == SESSION_AWAIT_CA_RES    ? ENROL_CA_LOST
						      : ENROL_PHONE_LOST);
}

void session_on_event(void *ctx, struct stream *stream, enum stream_event ev)
{
	struct session *s = ctx;
	const struct slots *sessions = s->service->sessions;
	struct slot_ref ref = s->ref;

	switch (ev) {
	case STREAM_READY:
		session_heard(s);
		greet(s);
		return;
	case STREAM_DATA:
		session_heard(s);
		process_input(s);
		return;
	case STREAM_DRAINED: return;
	case STREAM_CLOSED:
		process_input(s);
		if (slots_get(sessions, ref))
			lost(s, "connection closed (CAPF_OP_FAIL_PHONE_COMM_ERROR)");
		return;
	case STREAM_TIMEOUT: timed_out(s); return;
	case STREAM_ERROR: lost(s, "connection lost (CAPF_OP_FAIL_PHONE_COMM_ERROR)"); return;
	}
}
