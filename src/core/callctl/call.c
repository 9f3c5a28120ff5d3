/* SPDX-License-Identifier: BSD-2-Clause
 * The life of one call: dialling, ringing, connected or failed, over. */
#include "core/callctl/call.h"

#include "base/mem.h"

struct leg *leg_peer(const struct leg *l)
{
	return l == &l->call->caller ? &l->call->callee : &l->call->caller;
}

const struct callctl_line *leg_line(const struct leg *l)
{
	return &l->station->lines[l->line - 1];
}

/* Never 0, which means "no particular call", and none that a live call has. */
static uint32_t new_reference(struct callctl *c)
{
	const struct call *call = NULL;

	do {
		if (++c->last_reference == 0)
			c->last_reference = 1;
		for (call = c->calls; call; call = call->next)
			if (call->caller.reference == c->last_reference ||
				call->callee.reference == c->last_reference)
				break;
	} while (call);
	return c->last_reference;
}

static void attach(struct callctl *c, struct leg *l, struct callctl_station *s, unsigned line)
{
	l->station = s;
	l->line = line;
	l->reference = new_reference(c);
	s->leg = l;
}

static void detach(struct leg *l)
{
	if (l->station)
		l->station->leg = NULL;
	l->station = NULL;
}

struct call *call_new(struct callctl *c, struct callctl_station *s, unsigned line)
{
	struct call *call = mem_new(sizeof *call);

	if (!call)
		return NULL;
	call->caller.call = call->callee.call = call;
	call->deadline = NEVER;
	attach(c, &call->caller, s, line);
	call->next = c->calls;
	call->link = &c->calls;
	if (call->next)
		call->next->link = &call->next;
	c->calls = call;
	c->calls_count++;
	return call;
}

void call_free(struct callctl *c, struct call *call)
{
	detach(&call->caller);
	detach(&call->callee);
	*call->link = call->next;
	if (call->next)
		call->next->link = call->link;
	c->calls_count--;
	mem_wipe(call, sizeof *call);
	mem_free(call);
}

/* Lets one party go; nothing is sent to a station that is gone. */
static void release(struct callctl *c, struct leg *l)
{
	if (!l->station)
		return;
	media_stop(c, l);
	show_idle(c, l);
	detach(l);
}

void call_end(struct callctl *c, struct call *call)
{
	const struct leg *teller = call->caller.station ? &call->caller : &call->callee;

	if (teller->station)
		callctl_trace(c, teller, "call ended");
	media_wipe(call);
	release(c, &call->caller);
	release(c, &call->callee);
	call_free(c, call);
}

void call_fail(struct callctl *c, struct call *call, enum failure failure, int64_t now_ms)
{
	release(c, &call->callee);
	callctl_trace(
		c, &call->caller, "call to %s failed: %s", call->number, failure_text(failure));
	call->phase = PHASE_FAILED;
	call->deadline = now_ms + CALLCTL_FAILED_MS;
	show_failed(c, &call->caller, failure);
}

void call_dial(struct callctl *c, struct call *call, int64_t now_ms)
{
	const struct number *to = numbers_find(c, call->number);

	callctl_trace(c, &call->caller, "dials %s", call->number);
	show_proceeding(c, &call->caller);
	if (!to) {
		call_fail(c, call, FAILED_UNKNOWN_NUMBER, now_ms);
		return;
	}
	if (to->station->leg) {
		call_fail(c, call, FAILED_BUSY, now_ms);
		return;
	}
	if (!media_codec(call->caller.station, to->station)) {
		call_fail(c, call, FAILED_NO_CODEC, now_ms);
		return;
	}
	attach(c, &call->callee, to->station, to->line);
	call->phase = PHASE_RINGING;
	call->deadline = now_ms + CALLCTL_RING_MS;
	callctl_trace(c, &call->callee, "rings for %s", leg_line(&call->caller)->number);
	show_ringing_in(c, &call->callee);
	show_ringing_out(c, &call->caller);
}

void call_answer(struct callctl *c, struct call *call, enum how how, int64_t now_ms)
{
	const char *security;
	enum err err = media_prepare(c, call);

	if (err) {
		callctl_trace(c, &call->callee, "cannot be connected: %s", err_text(err));
		call_end(c, call);
		return;
	}
	call->phase = PHASE_CONNECTED;
	call->deadline = now_ms + CALLCTL_MEDIA_MS;
	security = sccp_security_name(call->security);
	callctl_trace(c, &call->callee, "answers, the call is %s", security ? security : "?");
	show_answering(c, &call->callee, how);
	media_open(c, &call->callee);
	show_connected(c, &call->callee);
	show_stop_tone(c, &call->caller);
	show_connected(c, &call->caller);
	media_open(c, &call->caller);
}
