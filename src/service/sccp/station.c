/* SPDX-License-Identifier: BSD-2-Clause
 * A station's connection: states, framing, silence, output. */
#include "service/sccp/station.h"

#include "base/log.h"
#include "core/list/list.h"

static const char *const state_names[] = {
	[STATION_HANDSHAKE] = "HANDSHAKE",
	[STATION_AWAIT_REGISTER] = "AWAIT_REGISTER",
	[STATION_AWAIT_REGISTER_BUSY] = "AWAIT_REGISTER_BUSY",
	[STATION_REGISTERED] = "REGISTERED",
};

uint64_t station_id(const struct station *s)
{
	return (uint64_t)s->ref.slot << 32 | s->ref.generation;
}

struct station *station_of(const struct sccp *x, uint64_t id)
{
	const struct slot_ref ref = {.slot = (uint32_t)(id >> 32), .generation = (uint32_t)id};

	return slots_get(x->slots, ref);
}

void station_complain(const struct station *s, const char *what)
{
	char from[NET_ADDR_MAX];

	if (s->state != STATION_REGISTERED && !complaints_allow(&s->service->complaints, "sccp"))
		return;
	net_addr_print_port(stream_peer(s->stream), from);
	log_line(LOG_WARN, "sccp: %s %s: %s in %s", from,
		s->device[0] ? s->device : "(no name yet)", what, state_names[s->state]);
}

/* That a phone is there goes on being true while it says nothing new. */
#define NOTE_US (3600 * 1000000ll)

#define CCM_ROLES (LIST_ROLE(TLV_ROLE_CCM) | LIST_ROLE(TLV_ROLE_CCM_TFTP))

void station_note(struct station *s)
{
	const struct sccp *x = s->service;

	s->noted_us = clock_monotonic_us();
	if (s->secure)
		notes_trusted(x->env->notes, s->device, x->cert, CCM_ROLES, stream_peer(s->stream));
	else
		notes_came(x->env->notes, s->device, stream_peer(s->stream));
}

static void leave_dirty(struct station *s)
{
	if (!s->dirty_link)
		return;
	*s->dirty_link = s->dirty_next;
	if (s->dirty_next)
		s->dirty_next->dirty_link = s->dirty_link;
	s->dirty_link = NULL;
}

static void enter_dirty(struct station *s)
{
	struct sccp *x = s->service;

	if (s->dirty_link)
		return;
	s->dirty_next = x->dirty;
	s->dirty_link = &x->dirty;
	if (x->dirty)
		x->dirty->dirty_link = &s->dirty_next;
	x->dirty = s;
}

static void leave_waiting(struct station *s)
{
	if (!s->waiting_link)
		return;
	*s->waiting_link = s->waiting_next;
	if (s->waiting_next)
		s->waiting_next->waiting_link = s->waiting_link;
	s->waiting_link = NULL;
	s->service->unregistered_count--;
}

static void enter_waiting(struct station *s)
{
	struct sccp *x = s->service;

	s->waiting_next = x->unregistered;
	s->waiting_link = &x->unregistered;
	if (x->unregistered)
		x->unregistered->waiting_link = &s->waiting_next;
	x->unregistered = s;
	x->unregistered_count++;
}

void station_free(struct station *s)
{
	struct sccp *x = s->service;

	leave_dirty(s);
	leave_waiting(s);
	if (s->state == STATION_REGISTERED)
		HASH_DEL(x->by_device, s);
	slots_drop(x->slots, s->ref);
	if (s->call_station)
		callctl_station_remove(x->calls, s->call_station, sccp_now_ms());
	if (s->stream)
		stream_close(s->stream);
	loop_timer_free(s->timer);
	buf_wipe(&s->out);
	mem_free(s->lines);
	mem_free(s);
}

/* False when the station cannot be sent anything any more. */
static bool flush(struct station *s)
{
	enum err err = s->broken ? ERR_FORMAT : buf_check(&s->out);

	leave_dirty(s);
	if (err == ERR_OK && s->unsent + s->out.len > SCCP_OUTPUT_MAX)
		err = ERR_LIMIT;
	if (err == ERR_OK) {
		s->unsent += s->out.len;
		err = stream_write(s->stream, buf_span(&s->out));
	}
	buf_wipe(&s->out); /* may have held keys */
	if (err == ERR_OK)
		return true;
	station_complain(s, err == ERR_LIMIT ? "does not take what is sent to it" : err_text(err));
	return false;
}

void station_finish(struct station *s)
{
	if (flush(s)) {
		stream_finish(s->stream);
		s->stream = NULL;
	}
	station_free(s);
}

void station_reset(struct station *s)
{
	struct sccp_message m = {.id = SCCP_RESET};

	m.reset.type = SCCP_RESET_DEVICE;
	station_put(s, &m);
	station_finish(s);
}

void station_put(struct station *s, const struct sccp_message *m)
{
	enum err err = sccp_encode(&s->out, m, s->version);
	char text[96];

	if (err != ERR_OK && !s->broken) {
		snprintf(text, sizeof(text), "%s cannot be sent: %s", sccp_message_name(m->id),
			err_text(err));
		station_complain(s, text);
		s->broken = true;
	}
	enter_dirty(s);
}

void station_flush_all(struct sccp *x)
{
	int64_t next;
	struct station *s;

	if (x->flushing)
		return;
	x->flushing = true;
	/* Ending one may queue messages for the other party of its call. */
	while ((s = x->dirty))
		if (!flush(s))
			station_free(s);
	x->flushing = false;
	next = callctl_next_tick(x->calls);
	if (next < 0)
		loop_timer_stop(x->tick);
	else
		loop_timer_set(x->tick, (next - sccp_now_ms()) * 1000);
}

static void gone(struct station *s, const char *how)
{
	bool failed = stream_failure(s->stream)->code != ERR_OK;

	if (failed)
		how = stream_failure(s->stream)->text;
	if (s->state == STATION_REGISTERED || (failed && !s->refused))
		station_complain(s, how);
	else
		log_line(LOG_DEBUG, "sccp: connection %u: %s", s->number, how);
	station_free(s);
}

static int64_t silence_allowed(const struct station *s)
{
	int tenths =
		callctl_station_in_call(s->call_station) ? SCCP_SILENCE_CALL : SCCP_SILENCE_IDLE;

	return s->service->env->settings->keepalive * 100000ll * tenths;
}

static void on_timer(void *arg)
{
	struct station *s = arg;
	struct sccp *x = s->service;
	int64_t left = 0;

	if (s->state == STATION_REGISTERED)
		left = s->heard_us + silence_allowed(s) - clock_monotonic_us();
	if (left > 0) {
		loop_timer_set(s->timer, left);
		return;
	}
	station_complain(s, s->state == STATION_REGISTERED ? "keepalive missed, given up"
							   : "has not registered in time");
	station_free(s);
	station_flush_all(x);
}

/* Before registration a phone may ask whether it would be let in, and keep a spare connection. */
static void unregistered_message(struct station *s, const struct sccp_message *m)
{
	struct sccp_message reply = {0};

	switch (m->id) {
	case SCCP_REGISTER: registration_begin(s, &m->registration); return;
	case SCCP_REGISTER_TOKEN_REQ: reply.id = SCCP_REGISTER_TOKEN_ACK; break;
	case SCCP_KEEP_ALIVE: reply.id = SCCP_KEEP_ALIVE_ACK; break;
	default: return; /* Alarm, IpPort and others that need no answer */
	}
	station_put(s, &reply);
}

static void registered_message(struct station *s, const struct sccp_message *m)
{
	struct sccp_message ack = {.id = SCCP_UNREGISTER_ACK};

	switch (m->id) {
	case SCCP_REGISTER:
		station_complain(s, "registers twice on one connection");
		station_free(s);
		return;
	case SCCP_UNREGISTER:
		station_put(s, &ack);
		log_line(LOG_INFO, "sccp: %s has unregistered", s->device);
		station_finish(s);
		return;
	default: break;
	}
	if (m->known && !answer(s, m))
		callctl_message(s->service->calls, s->call_station, m, sccp_now_ms());
}

/* Takes one message out of the input; false when there is none, or it was broken and ended the
 * connection. */
static bool process_one(struct station *s)
{
	struct span in = stream_input(s->stream);
	struct sccp_message m;
	struct fail why = {0};
	enum err err;
	size_t len = sccp_frame(in, &err, &why);

	if (len == 0 && err == ERR_OK)
		return false;
	if (err == ERR_OK)
		err = sccp_decode(&m, span_of(in.ptr, len), s->version, &why);
	if (err != ERR_OK) {
		station_complain(s, why.text);
		station_free(s);
		return false;
	}
	stream_consume(s->stream, len);
	if (s->state == STATION_REGISTERED)
		registered_message(s, &m);
	else
		unregistered_message(s, &m);
	return true;
}

static void process_input(struct station *s)
{
	const struct slots *slots = s->service->slots;
	struct slot_ref ref = s->ref;

	s->heard_us = clock_monotonic_us();
	if (s->state == STATION_REGISTERED && s->heard_us - s->noted_us > NOTE_US)
		station_note(s);
	while (slots_get(slots, ref) && s->state != STATION_AWAIT_REGISTER_BUSY)
		if (!process_one(s))
			return;
}

void station_registered(struct station *s)
{
	leave_waiting(s);
	s->state = STATION_REGISTERED;
	s->since = clock_seconds(s->service->env->clock);
	s->heard_us = clock_monotonic_us();
	loop_timer_set(s->timer, silence_allowed(s));
}

void station_resume(struct sccp *x, struct slot_ref ref)
{
	struct station *s = slots_get(x->slots, ref);

	if (s) {
		stream_pause(s->stream, false);
		process_input(s);
	}
	station_flush_all(x);
}

static void ready(struct station *s)
{
	char host[NET_ADDR_MAX];

	net_addr_print(stream_peer(s->stream), host);
	trace_line(TRACE_SDI,
		"New connection accepted. DeviceName=, TCPPid = [1.100.13.%u], IPAddr=%s, Port=%u, ",
		s->number, host, stream_peer(s->stream)->port);
	s->state = STATION_AWAIT_REGISTER;
	loop_timer_set(s->timer, SCCP_REGISTER_US);
}

static void on_event(void *ctx, struct stream *stream, enum stream_event ev)
{
	struct station *s = ctx;
	struct sccp *x = s->service;
	struct slot_ref ref = s->ref;

	switch (ev) {
	case STREAM_READY: ready(s); break;
	case STREAM_DATA: process_input(s); break;
	case STREAM_DRAINED: s->unsent = 0; break;
	case STREAM_CLOSED:
		process_input(s);
		if (slots_get(x->slots, ref))
			gone(s, "connection closed");
		break;
	case STREAM_TIMEOUT:
	case STREAM_ERROR: gone(s, "connection lost"); break;
	}
	station_flush_all(x);
}

static bool admit(const struct sccp *x, const struct net_addr *peer)
{
	const struct station *s;
	unsigned same = 0;

	if (x->unregistered_count >= x->unregistered_max)
		return false;
	for (s = x->unregistered; s; s = s->waiting_next)
		if (net_addr_same_host(stream_peer(s->stream), peer))
			same++;
	return same < SCCP_UNREGISTERED_PER_SOURCE;
}

void station_accept(struct sccp *x, struct stream *stream, bool secure)
{
	bool room = admit(x, stream_peer(stream));
	struct station *s = room ? mem_new(sizeof(*s)) : NULL;
	char from[NET_ADDR_MAX];

	if (s && loop_timer_new(&s->timer, x->env->loop, on_timer, s) == ERR_OK &&
		slots_take(x->slots, s, &s->ref) == ERR_OK) {
		s->service = x;
		s->stream = stream;
		s->secure = secure;
		s->number = ++x->connections;
		enter_waiting(s);
		stream_handle(stream, on_event, s);
		stream_verify_ctx(stream, s);
		return;
	}
	if (complaints_allow(&x->complaints, "sccp")) {
		net_addr_print_port(stream_peer(stream), from);
		log_line(LOG_WARN,
			"sccp: %s: too many connections that have not registered, refused", from);
	}
	if (s)
		loop_timer_free(s->timer);
	mem_free(s);
	stream_close(stream);
}
