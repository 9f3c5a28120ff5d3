/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/tvs/session.h"

#include "base/log.h"
#include "base/mem.h"

static const char *const state_names[] = {
	[SESSION_IDLE] = "IDLE",
	[SESSION_AWAIT_REQ] = "AWAIT_REQ",
	[SESSION_AWAIT_REQ_BUSY] = "AWAIT_REQ_BUSY",
};

static void process_input(struct session *s);

static void enter(struct session *s, enum session_state state)
{
	s->state = state;
	stream_timeout(s->stream, state == SESSION_AWAIT_REQ ? TVS_REQUEST_US : TVS_JOB_US);
	stream_pause(s->stream, state == SESSION_AWAIT_REQ_BUSY);
}

/* A line of the trace: who asks is not proven, so what they do wrong fills no log. */
static void complain(const struct session *s, const char *what)
{
	char from[NET_ADDR_MAX];

	net_addr_print_port(stream_peer(s->stream), from);
	trace_line(TRACE_TVS, "%u:%s: %s in TVS_STATE_%s", s->number, from, what,
		state_names[s->state]);
}

void tvs_session_free(struct session *s)
{
	slots_drop(s->service->sessions, s->ref);
	if (s->stream)
		stream_close(s->stream);
	mem_free(s);
}

/* Sends what is queued, then closes. */
static void finish(struct session *s)
{
	stream_finish(s->stream);
	s->stream = NULL;
	tvs_session_free(s);
}

static void trace_answer(const struct session *s, const struct job *j)
{
	size_t i;

	trace_line(TRACE_TVS,
		"CertificateDBCache::getCertificateInformation - Looking up the certificate cache "
		"for %s",
		j->subject[0] ? j->subject : "a certificate that cannot be read");
	if (j->valid) {
		trace_line(TRACE_TVS,
			"CertificateDBCache::getCertificateInformation - Found entry {rolecount : "
			"%zu} (%s)",
			j->role_count, j->source);
		for (i = 0; i < j->role_count; i++)
			trace_line(TRACE_TVS,
				"CertificateDBCache::getCertificateInformation - {role : %u}",
				j->roles[i]);
	} else {
		trace_line(TRACE_TVS,
			"CertificateDBCache::getCertificateInformation - not vouched for: %s",
			j->source);
	}
	trace_line(TRACE_TVS, "%u:%s:Sending %s msg", s->number, j->device,
		j->asked.type == TVS_QUERY_CERT_REQ ? "QUERY_CERT_RES" : "CERT_VERIF_RES");
}

void tvs_session_job_done(struct session *s, struct job *j)
{
	struct slot_ref ref = s->ref;
	struct tvs *service = s->service;

	if (!j->err)
		j->err = stream_write(s->stream, buf_span(&j->reply));
	if (j->err) {
		complain(s, j->why.code ? j->why.text : err_text(j->err));
		tvs_session_free(s);
		return;
	}
	trace_answer(s, j);
	if (s->requests >= TVS_REQUESTS_MAX) {
		finish(s);
		return;
	}
	enter(s, SESSION_AWAIT_REQ);
	process_input(s);
	s = slots_get(service->sessions, ref);
	if (s && s->closed && s->state == SESSION_AWAIT_REQ)
		finish(s);
}

static void request(struct session *s, struct span message)
{
	struct fail why = {0};

	trace_line(TRACE_TVS, "%u:UNKNOWN:Incoming Phone Msg:", s->number);
	trace_line(TRACE_TVS, "MsgType : TVS_MSG_%s", tvs_type_name(message.ptr[2]));
	trace_line(TRACE_TVS, "Length : %u", (unsigned)(message.ptr[8] << 8 | message.ptr[9]));
	s->requests++;
	if (tvs_job_start(s, message, &why) != ERR_OK) {
		complain(s, why.text);
		tvs_session_free(s);
		return;
	}
	trace_line(TRACE_TVS, "TVS CORE: Rcvd Event: TVS_EV_%s in State: TVS_STATE_%s",
		tvs_type_name(message.ptr[2]), state_names[s->state]);
	stream_consume(s->stream, message.len);
	enter(s, SESSION_AWAIT_REQ_BUSY);
}

static void process_input(struct session *s)
{
	struct span in = stream_input(s->stream);
	struct fail why = {0};
	enum err err;
	size_t len;

	if (s->state != SESSION_AWAIT_REQ)
		return;
	len = tvs_frame(in, &err, &why);
	if (err) {
		complain(s, why.text);
		tvs_session_free(s);
	} else if (len) {
		request(s, span_of(in.ptr, len));
	}
}

static void on_event(void *ctx, struct stream *stream, enum stream_event ev)
{
	struct session *s = ctx;
	const struct slots *sessions = s->service->sessions;
	struct slot_ref ref = s->ref;

	switch (ev) {
	case STREAM_READY:
		trace_line(
			TRACE_TVS, "tvsSSLHandShake Session ciphers - %s", stream_cipher(stream));
		trace_line(TRACE_TVS, "TLS HS Done for ph_conn");
		enter(s, SESSION_AWAIT_REQ);
		process_input(s);
		return;
	case STREAM_DATA: process_input(s); return;
	case STREAM_DRAINED: return;
	case STREAM_CLOSED:
		process_input(s);
		s = slots_get(sessions, ref);
		if (s && s->state == SESSION_AWAIT_REQ_BUSY)
			s->closed = true;
		else if (s)
			tvs_session_free(s);
		return;
	case STREAM_TIMEOUT:
		complain(s, "timed out");
		tvs_session_free(s);
		return;
	case STREAM_ERROR:
		complain(s, stream_failure(stream)->code ? stream_failure(stream)->text
							 : "connection lost");
		tvs_session_free(s);
		return;
	}
}

static bool admit(const struct tvs *service, const struct net_addr *peer)
{
	const struct session *s;
	unsigned same = 0;
	uint32_t at = 0;

	while ((s = slots_next(service->sessions, &at)))
		if (net_addr_same_host(stream_peer(s->stream), peer))
			same++;
	return same < TVS_SESSIONS_PER_SOURCE;
}

void tvs_session_accept(struct tvs *service, struct stream *stream)
{
	const struct net_addr *peer = stream_peer(stream);
	bool room = admit(service, peer);
	struct session *s = room ? mem_new(sizeof(*s)) : NULL;
	char from[NET_ADDR_MAX];

	net_addr_print(peer, from);
	if (!s || slots_take(service->sessions, s, &s->ref) != ERR_OK) {
		trace_line(TRACE_TVS, "%s: too many connections, refused", from);
		mem_free(s);
		stream_close(stream);
		return;
	}
	s->service = service;
	s->stream = stream;
	s->number = ++service->connections;
	trace_line(TRACE_TVS, "Got a new ph conn %s on %d, Total Acc = %u..", from,
		stream_number(stream), s->number);
	stream_handle(stream, on_event, s);
}
