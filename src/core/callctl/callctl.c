/* SPDX-License-Identifier: BSD-2-Clause
 * Stations, and what their messages mean in the state they are in. */
#include "core/callctl/callctl.h"

#include "base/mem.h"
#include "core/callctl/call.h"

#include <stdarg.h>
#include <stdio.h>

#define TRACE_MAX  160u /* characters of one trace line */
#define FIRST_LINE 1u
#define KEYPAD     "0123456789ABCD*#+" /* a button's number is its place here */
#define NODE_BITS  0x01000000u /* references look like CallManager's: node << 24 | counter */

enum err callctl_new(struct callctl **out, const struct callctl_io *io, size_t stations_max)
{
	struct callctl *c = mem_new(sizeof *c);

	*out = c;
	if (!c)
		return ERR_NOMEM;
	c->io = *io;
	c->stations_max = stations_max;
	c->last_reference = c->last_party = NODE_BITS;
	return ERR_OK;
}

static void station_free(struct callctl *c, struct callctl_station *s)
{
	numbers_remove(c, s);
	*s->link = s->next;
	if (s->next)
		s->next->link = s->link;
	c->stations_count--;
	mem_free(s);
}

void callctl_free(struct callctl *c)
{
	if (!c)
		return;
	while (c->calls)
		call_free(c, c->calls);
	while (c->stations)
		station_free(c, c->stations);
	mem_free(c->numbers);
	mem_free(c);
}

void callctl_send(struct callctl *c, const struct leg *l, const struct sccp_message *m)
{
	c->io.send(c->io.ctx, l->station->id, m);
}

void callctl_trace(struct callctl *c, const struct leg *l, const char *fmt, ...)
{
	char text[TRACE_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	c->io.trace(c->io.ctx, l->station->id, l->reference, text);
}

enum err callctl_station_add(struct callctl_station **out, struct callctl *c,
	const struct callctl_station_config *config, struct fail *why)
{
	size_t lines = config->lines_count;
	struct callctl_station *s;
	enum err err;

	*out = NULL;
	if (config->mode < CALLCTL_NON_SECURE || config->mode > CALLCTL_ENCRYPTED)
		return fail_set(
			why, ERR_ARG, "%s: device security mode %u", config->device, config->mode);
	if (lines > CALLCTL_LINES_MAX)
		return fail_set(why, ERR_LIMIT, "%s: %zu lines, at most %u", config->device, lines,
			CALLCTL_LINES_MAX);
	if (c->stations_count >= c->stations_max)
		return fail_set(why, ERR_LIMIT,
			"%s: %zu stations are registered, that is the limit", config->device,
			c->stations_count);
	s = mem_new(sizeof *s + lines * sizeof s->lines[0]);
	if (!s)
		return fail_set(why, ERR_NOMEM, "%s", config->device);
	s->id = config->id;
	str_copy(s->device, sizeof s->device, config->device);
	s->version = config->version;
	s->mode = config->mode;
	s->tls = config->tls;
	s->lines_count = lines;
	if (lines)
		memcpy(s->lines, config->lines, lines * sizeof s->lines[0]);
	err = numbers_add(c, s);
	if (err) {
		mem_free(s);
		return fail_set(why, err, "%s", config->device);
	}
	s->next = c->stations;
	s->link = &c->stations;
	if (s->next)
		s->next->link = &s->next;
	c->stations = s;
	c->stations_count++;
	*out = s;
	return ERR_OK;
}

void callctl_station_remove(struct callctl *c, struct callctl_station *s, int64_t now_ms)
{
	struct leg *l = s->leg;
	struct call *call = l ? l->call : NULL;

	if (l)
		l->station = NULL;
	s->leg = NULL;
	if (call && l == &call->callee && call->phase == PHASE_RINGING)
		call_fail(c, call, FAILED_STATION_GONE, now_ms);
	else if (call)
		call_end(c, call);
	station_free(c, s);
}

bool callctl_station_in_call(const struct callctl_station *s)
{
	return s->leg != NULL;
}

/* The station's leg, if the message means it: reference 0 means the active call, whichever it is.
 */
static struct leg *leg_for(const struct callctl_station *s, uint32_t reference)
{
	return s->leg && (!reference || s->leg->reference == reference) ? s->leg : NULL;
}

static bool is_ringing(const struct leg *l)
{
	return l == &l->call->callee && l->call->phase == PHASE_RINGING;
}

static bool is_dialling(const struct leg *l)
{
	return l->call->phase == PHASE_DIALLING;
}

static struct call *begin_call(
	struct callctl *c, struct callctl_station *s, uint32_t line, enum how how, int64_t now_ms)
{
	struct call *call;

	if (!line)
		line = FIRST_LINE;
	if (line > s->lines_count)
		return NULL;
	call = call_new(c, s, line);
	if (!call)
		return NULL;
	call->deadline = now_ms + CALLCTL_DIAL_MS;
	show_dialling(c, &call->caller, how);
	return call;
}

/* Going off hook, by whatever means: answers what rings, else begins a call. */
static void off_hook(
	struct callctl *c, struct callctl_station *s, uint32_t line, enum how how, int64_t now_ms)
{
	if (!s->leg)
		begin_call(c, s, line, how, now_ms);
	/* A lifted handset answers whatever rings, a line button its own line only. */
	else if (is_ringing(s->leg) && (how == BY_HANDSET || !line || line == s->leg->line))
		call_answer(c, s->leg->call, how, now_ms);
}

/* Ending: a phone that rings refuses the call, which is then busy for the caller. */
static void hang_up(struct callctl *c, struct leg *l, int64_t now_ms)
{
	if (is_ringing(l))
		call_fail(c, l->call, FAILED_REFUSED, now_ms);
	else
		call_end(c, l->call);
}

static char keypad_char(uint32_t button)
{
	return button < sizeof KEYPAD - 1 ? KEYPAD[button] : '\0';
}

static void digit(struct callctl *c, struct callctl_station *s, const struct sccp_keypad_button *b,
	int64_t now_ms)
{
	struct leg *l = leg_for(s, b->call);
	char ch = keypad_char(b->button);
	struct call *call = l ? l->call : NULL;
	size_t len;

	if (!call || !is_dialling(l) || !ch)
		return;
	len = strlen(call->number);
	call->deadline = now_ms + CALLCTL_DIAL_MS;
	if (ch == '#' && len) {
		call_dial(c, call, now_ms);
		return;
	}
	if (len == CALLCTL_NUMBER_MAX)
		return;
	call->number[len] = ch;
	call->number[len + 1] = '\0';
	if (!len)
		show_first_digit(c, l);
	if (len + 1 == CALLCTL_NUMBER_MAX ||
		(numbers_find(c, call->number) && numbers_complete(c, call->number)))
		call_dial(c, call, now_ms);
}

static void backspace(struct callctl *c, struct leg *l, int64_t now_ms)
{
	size_t len = strlen(l->call->number);

	if (!is_dialling(l) || !len)
		return;
	l->call->number[len - 1] = '\0';
	l->call->deadline = now_ms + CALLCTL_DIAL_MS;
	show_backspace(c, l);
}

static void enbloc(struct callctl *c, struct callctl_station *s, const struct sccp_enbloc_call *e,
	int64_t now_ms)
{
	struct call *call = s->leg ? s->leg->call : begin_call(c, s, e->line, BY_KEY, now_ms);

	if (!call || !is_dialling(s->leg) || !e->number[0])
		return;
	/* Nothing but what a keypad has goes into a number: it is shown and traced. */
	if (e->number[strspn(e->number, KEYPAD)] ||
		!str_copy(call->number, sizeof call->number, e->number)) {
		call->number[0] = '\0';
		call_fail(c, call, FAILED_UNKNOWN_NUMBER, now_ms);
		return;
	}
	call_dial(c, call, now_ms);
}

static void soft_key(struct callctl *c, struct callctl_station *s,
	const struct sccp_soft_key_event *e, int64_t now_ms)
{
	struct leg *l = leg_for(s, e->call);

	switch (e->event) {
	case SCCP_KEY_NEW_CALL:
		if (!s->leg)
			off_hook(c, s, e->line, BY_KEY, now_ms);
		break;
	case SCCP_KEY_ANSWER:
		if (l && is_ringing(l))
			call_answer(c, l->call, BY_KEY, now_ms);
		break;
	case SCCP_KEY_END_CALL:
		if (l)
			hang_up(c, l, now_ms);
		break;
	case SCCP_KEY_BACKSPACE:
		if (l)
			backspace(c, l, now_ms);
		break;
	default: break;
	}
}

static void stimulus(
	struct callctl *c, struct callctl_station *s, const struct sccp_stimulus *e, int64_t now_ms)
{
	struct leg *l = leg_for(s, e->call);

	switch (e->stimulus) {
	case SCCP_STIMULUS_LINE: off_hook(c, s, e->instance, BY_KEY, now_ms); break;
	case SCCP_STIMULUS_NEW_CALL:
		if (!s->leg)
			off_hook(c, s, 0, BY_KEY, now_ms);
		break;
	case SCCP_STIMULUS_END_CALL:
		if (l)
			hang_up(c, l, now_ms);
		break;
	default: break;
	}
}

static void on_hook(struct callctl *c, struct callctl_station *s, uint32_t reference)
{
	struct leg *l = leg_for(s, reference);

	/* Putting the handset down does not refuse a call that has just begun to ring. */
	if (l && !is_ringing(l))
		call_end(c, l->call);
}

static void media_failed(struct callctl *c, struct leg *l, uint32_t status)
{
	callctl_trace(c, l, "media failed, status %u", (unsigned)status);
	call_end(c, l->call);
}

static void receive_ack(
	struct callctl *c, struct callctl_station *s, const struct sccp_open_receive_channel_ack *a)
{
	struct leg *l = s->leg, *peer;

	/* Acks are matched by the party: one that comes late belongs to a channel closed since. */
	if (!l || !l->party || a->party != l->party || l->acked)
		return;
	peer = leg_peer(l);
	if (a->status != SCCP_MEDIA_OK) {
		media_failed(c, l, a->status);
		return;
	}
	if (a->address.type != FIELD_ADDRESS_IPV4 &&
		peer->station->version < SCCP_VERSION_ADDRESS) {
		media_failed(c, l, SCCP_MEDIA_UNKNOWN_ERROR);
		return;
	}
	l->acked = true;
	l->address = a->address;
	l->port = a->port;
	media_start(c, peer);
	if (l->sending && peer->sending) {
		l->call->deadline = NEVER;
		media_wipe(l->call);
		callctl_trace(c, l, "media is up");
	}
}

static void send_ack(
	struct callctl *c, struct callctl_station *s, const struct sccp_start_media_ack *a)
{
	struct leg *l = s->leg;

	/* Some phones leave the party 0: then the call tells. */
	if (!l || !l->sending || (a->party ? a->party != l->party : a->call != l->reference))
		return;
	if (a->status != SCCP_MEDIA_OK)
		media_failed(c, l, a->status);
}

void callctl_message(
	struct callctl *c, struct callctl_station *s, const struct sccp_message *m, int64_t now_ms)
{
	switch (m->id) {
	case SCCP_CAPABILITIES_RES:
		media_capabilities(s, m->capabilities_res.capabilities, m->capabilities_res.count);
		break;
	case SCCP_UPDATE_CAPABILITIES:
	case SCCP_UPDATE_CAPABILITIES_V2:
	case SCCP_UPDATE_CAPABILITIES_V3:
		media_capabilities(
			s, m->update_capabilities.capabilities, m->update_capabilities.count);
		break;
	case SCCP_OFF_HOOK: off_hook(c, s, m->off_hook.line, BY_HANDSET, now_ms); break;
	case SCCP_OFF_HOOK_WITH_NUMBER:
		off_hook(c, s, m->off_hook_with_number.line, BY_HANDSET, now_ms);
		break;
	case SCCP_ON_HOOK: on_hook(c, s, m->on_hook.call); break;
	case SCCP_KEYPAD_BUTTON: digit(c, s, &m->keypad_button, now_ms); break;
	case SCCP_ENBLOC_CALL: enbloc(c, s, &m->enbloc_call, now_ms); break;
	case SCCP_SOFT_KEY_EVENT: soft_key(c, s, &m->soft_key_event, now_ms); break;
	case SCCP_STIMULUS: stimulus(c, s, &m->stimulus, now_ms); break;
	case SCCP_OPEN_RECEIVE_CHANNEL_ACK: receive_ack(c, s, &m->open_receive_channel_ack); break;
	case SCCP_START_MEDIA_ACK: send_ack(c, s, &m->start_media_ack); break;
	case SCCP_MEDIA_FAILURE:
		if (s->leg && s->leg->sending && m->media_failure.party == s->leg->party)
			media_failed(c, s->leg, SCCP_MEDIA_UNKNOWN_ERROR);
		break;
	default: break;
	}
}

static void too_late(struct callctl *c, struct call *call, int64_t now_ms)
{
	switch (call->phase) {
	case PHASE_DIALLING:
		if (call->number[0])
			call_dial(c, call, now_ms);
		else
			call_fail(c, call, FAILED_UNKNOWN_NUMBER, now_ms);
		break;
	case PHASE_RINGING: call_fail(c, call, FAILED_NO_ANSWER, now_ms); break;
	case PHASE_CONNECTED:
		callctl_trace(c, &call->caller, "media did not come up in %d ms", CALLCTL_MEDIA_MS);
		call_end(c, call);
		break;
	case PHASE_FAILED: call_end(c, call); break;
	}
}

void callctl_tick(struct callctl *c, int64_t now_ms)
{
	struct call *call, *next;

	for (call = c->calls; call; call = next) {
		next = call->next;
		if (call->deadline <= now_ms)
			too_late(c, call, now_ms);
	}
}

int64_t callctl_next_tick(const struct callctl *c)
{
	const struct call *call;
	int64_t first = NEVER;

	for (call = c->calls; call; call = call->next)
		if (call->deadline < first)
			first = call->deadline;
	return first == NEVER ? -1 : first;
}

size_t callctl_calls_count(const struct callctl *c)
{
	return c->calls_count;
}

void callctl_calls_visit(const struct callctl *c,
	void (*visit)(void *ctx, const struct callctl_call_info *info), void *ctx)
{
	static const char *const states[] = {
		[PHASE_DIALLING] = "dialling",
		[PHASE_RINGING] = "ringing",
		[PHASE_CONNECTED] = "connected",
		[PHASE_FAILED] = "failed",
	};
	struct callctl_call_info info;
	const struct call *call;

	for (call = c->calls; call; call = call->next) {
		info = (struct callctl_call_info){
			.caller_device = call->caller.station->device,
			.caller_number = leg_line(&call->caller)->number,
			.callee_device = call->callee.station ? call->callee.station->device : "",
			.callee_number = call->number,
			.state = states[call->phase],
			.caller_reference = call->caller.reference,
			.callee_reference = call->callee.reference,
			.security = call->security,
			.codec = call->codec,
			.srtp = call->srtp,
			.media = call->caller.sending && call->callee.sending,
		};
		visit(ctx, &info);
	}
}
