/* SPDX-License-Identifier: BSD-2-Clause
 * What a phone shows and plays. The order of messages is that of CallManager where it was seen;
 * phones accept others. spec: docs/formats/sccp.md#calls */
#include "core/callctl/call.h"

#include <stdio.h>

#define ALL_KEYS          0xFFFFFFFFu
#define PRECEDENCE_NORMAL 4u  /* CallManager's level for an ordinary call */
#define NOTIFY_SECONDS    10u /* how long "From 1001" covers the screen */
#define NOTIFY_PRIORITY   5u
#define CALL_INSTANCE     1u /* a line has one call at a time */

static void set_ringer(struct callctl *c, const struct leg *l, uint32_t mode)
{
	struct sccp_message m = {.id = SCCP_SET_RINGER,
		.set_ringer = {.mode = mode,
			.duration = SCCP_RING_NORMAL,
			.line = l->line,
			.call = l->reference}};

	callctl_send(c, l, &m);
}

static void set_speaker(struct callctl *c, const struct leg *l, uint32_t mode)
{
	struct sccp_message m = {.id = SCCP_SET_SPEAKER_MODE, .set_speaker_mode = {.mode = mode}};

	callctl_send(c, l, &m);
}

static void set_lamp(struct callctl *c, const struct leg *l, uint32_t mode)
{
	struct sccp_message m = {.id = SCCP_SET_LAMP,
		.set_lamp = {.stimulus = SCCP_STIMULUS_LINE, .instance = l->line, .mode = mode}};

	callctl_send(c, l, &m);
}

static void call_state(struct callctl *c, const struct leg *l, uint32_t state)
{
	struct sccp_message m = {.id = SCCP_CALL_STATE,
		.call_state = {.state = state,
			.line = l->line,
			.call = l->reference,
			.precedence_level = PRECEDENCE_NORMAL}};

	callctl_send(c, l, &m);
}

static void select_keys(struct callctl *c, const struct leg *l, uint32_t set)
{
	bool idle = set == SCCP_SET_ON_HOOK;
	struct sccp_message m = {.id = SCCP_SELECT_SOFT_KEYS,
		.select_soft_keys = {.line = idle ? 0 : l->line,
			.call = idle ? 0 : l->reference,
			.set = set,
			.mask = ALL_KEYS}};

	callctl_send(c, l, &m);
}

static void activate_plane(struct callctl *c, const struct leg *l)
{
	struct sccp_message m = {
		.id = SCCP_ACTIVATE_CALL_PLANE, .activate_call_plane = {.line = l->line}};

	callctl_send(c, l, &m);
}

static void start_tone(struct callctl *c, const struct leg *l, uint32_t tone)
{
	struct sccp_message m = {.id = SCCP_START_TONE,
		.start_tone = {.tone = tone, .line = l->line, .call = l->reference}};

	callctl_send(c, l, &m);
}

void show_stop_tone(struct callctl *c, const struct leg *l)
{
	struct sccp_message m = {
		.id = SCCP_STOP_TONE, .stop_tone = {.line = l->line, .call = l->reference}};

	callctl_send(c, l, &m);
}

static void prompt(
	struct callctl *c, const struct leg *l, uint32_t line, uint32_t call, const char *text)
{
	struct sccp_message m = {.id = SCCP_DISPLAY_PROMPT_STATUS,
		.display_prompt_status = {.line = line, .call = call}};

	if (l->station->version >= SCCP_VERSION_PACKED) {
		m = (struct sccp_message){.id = SCCP_DISPLAY_PROMPT_STATUS_V2,
			.display_prompt_status_v2 = {.line = line, .call = call}};
		str_copy(m.display_prompt_status_v2.text, sizeof m.display_prompt_status_v2.text,
			text);
	} else {
		str_copy(m.display_prompt_status.text, sizeof m.display_prompt_status.text, text);
	}
	callctl_send(c, l, &m);
}

static void notify(struct callctl *c, const struct leg *l, const char *text)
{
	struct sccp_message m = {.id = SCCP_DISPLAY_PRI_NOTIFY,
		.display_pri_notify = {.timeout = NOTIFY_SECONDS, .priority = NOTIFY_PRIORITY}};

	if (l->station->version >= SCCP_VERSION_PACKED) {
		m = (struct sccp_message){.id = SCCP_DISPLAY_PRI_NOTIFY_V2,
			.display_pri_notify_v2 = {
				.timeout = NOTIFY_SECONDS, .priority = NOTIFY_PRIORITY}};
		str_copy(m.display_pri_notify_v2.text, sizeof m.display_pri_notify_v2.text, text);
	} else {
		str_copy(m.display_pri_notify.text, sizeof m.display_pri_notify.text, text);
	}
	callctl_send(c, l, &m);
}

static void clear_prompt(struct callctl *c, const struct leg *l)
{
	struct sccp_message m = {.id = SCCP_CLEAR_PROMPT_STATUS,
		.clear_prompt_status = {.line = l->line, .call = l->reference}};

	callctl_send(c, l, &m);
}

/* The names and numbers of both parties go into the fields of the two forms by the same rule. */
#define FILL_PARTIES(info)                                                                         \
	do {                                                                                       \
		str_copy((info)->calling_name, sizeof(info)->calling_name, from->name);            \
		str_copy((info)->calling_number, sizeof(info)->calling_number, from->number);      \
		str_copy((info)->called_name, sizeof(info)->called_name, to_name);                 \
		str_copy((info)->called_number, sizeof(info)->called_number, call->number);        \
		str_copy((info)->original_called_name, sizeof(info)->original_called_name,         \
			to_name);                                                                  \
		str_copy((info)->original_called_number, sizeof(info)->original_called_number,     \
			call->number);                                                             \
		(info)->line = l->line;                                                            \
		(info)->call = l->reference;                                                       \
		(info)->type = l == &call->caller ? SCCP_CALL_OUTBOUND : SCCP_CALL_INBOUND;        \
		(info)->instance = CALL_INSTANCE;                                                  \
		(info)->security = call->security;                                                 \
	} while (0)

static void call_info(struct callctl *c, const struct leg *l)
{
	const struct call *call = l->call;
	const struct callctl_line *from = leg_line(&call->caller);
	const char *to_name = call->callee.station ? leg_line(&call->callee)->name : "";
	struct sccp_message m = {.id = SCCP_CALL_INFO};

	if (l->station->version >= SCCP_VERSION_PACKED) {
		m.id = SCCP_CALL_INFO_V2;
		FILL_PARTIES(&m.call_info_v2);
	} else {
		FILL_PARTIES(&m.call_info);
	}
	callctl_send(c, l, &m);
}

static void dialed_number(struct callctl *c, const struct leg *l)
{
	struct sccp_message m = {
		.id = SCCP_DIALED_NUMBER, .dialed_number = {.line = l->line, .call = l->reference}};

	str_copy(m.dialed_number.number, sizeof m.dialed_number.number, l->call->number);
	callctl_send(c, l, &m);
}

void show_dialling(struct callctl *c, const struct leg *l, enum how how)
{
	set_ringer(c, l, SCCP_RING_OFF);
	if (how == BY_KEY)
		set_speaker(c, l, SCCP_ON);
	set_lamp(c, l, SCCP_LAMP_ON);
	call_state(c, l, SCCP_STATE_OFF_HOOK);
	select_keys(c, l, SCCP_SET_OFF_HOOK);
	prompt(c, l, l->line, l->reference, SCCP_PHRASE_ENTER_NUMBER);
	activate_plane(c, l);
	start_tone(c, l, SCCP_TONE_INSIDE_DIAL);
}

void show_first_digit(struct callctl *c, const struct leg *l)
{
	show_stop_tone(c, l);
	select_keys(c, l, SCCP_SET_DIGITS);
}

void show_proceeding(struct callctl *c, const struct leg *l)
{
	show_stop_tone(c, l);
	call_info(c, l);
	dialed_number(c, l);
	call_state(c, l, SCCP_STATE_PROCEED);
}

void show_ringing_out(struct callctl *c, const struct leg *l)
{
	call_state(c, l, SCCP_STATE_RING_OUT);
	start_tone(c, l, SCCP_TONE_ALERTING);
	prompt(c, l, l->line, l->reference, SCCP_PHRASE_RING_OUT);
	select_keys(c, l, SCCP_SET_RING_OUT);
}

void show_ringing_in(struct callctl *c, const struct leg *l)
{
	char text[CALLCTL_NUMBER_MAX + sizeof SCCP_PHRASE_FROM];

	snprintf(text, sizeof text, "%s%s", SCCP_PHRASE_FROM, leg_line(&l->call->caller)->number);
	call_state(c, l, SCCP_STATE_RING_IN);
	select_keys(c, l, SCCP_SET_RING_IN);
	prompt(c, l, l->line, l->reference, text);
	notify(c, l, text);
	call_info(c, l);
	set_lamp(c, l, SCCP_LAMP_BLINK);
	set_ringer(c, l, SCCP_RING_INSIDE);
}

void show_answering(struct callctl *c, const struct leg *l, enum how how)
{
	set_ringer(c, l, SCCP_RING_OFF);
	if (how == BY_KEY)
		set_speaker(c, l, SCCP_ON);
	set_lamp(c, l, SCCP_LAMP_ON);
	call_state(c, l, SCCP_STATE_OFF_HOOK);
	activate_plane(c, l);
	show_stop_tone(c, l);
}

void show_connected(struct callctl *c, const struct leg *l)
{
	call_state(c, l, SCCP_STATE_CONNECTED);
	call_info(c, l);
	select_keys(c, l, SCCP_SET_CONNECTED);
	prompt(c, l, l->line, l->reference, SCCP_PHRASE_CONNECTED);
}

static const struct {
	uint32_t state, tone;
	const char *prompt, *text;
} failures[] = {
	[FAILED_BUSY] = {SCCP_STATE_BUSY, SCCP_TONE_BUSY, SCCP_PHRASE_BUSY, "busy"},
	[FAILED_REFUSED] = {SCCP_STATE_BUSY, SCCP_TONE_BUSY, SCCP_PHRASE_BUSY, "refused"},
	[FAILED_NO_ANSWER] = {SCCP_STATE_BUSY, SCCP_TONE_BUSY, SCCP_PHRASE_BUSY, "no answer"},
	[FAILED_UNKNOWN_NUMBER] = {SCCP_STATE_INVALID_NUMBER, SCCP_TONE_REORDER,
		SCCP_PHRASE_UNKNOWN_NUMBER, "unknown number"},
	[FAILED_NO_CODEC] = {SCCP_STATE_LINE_IN_USE, SCCP_TONE_REORDER, SCCP_PHRASE_TEMP_FAIL,
		"no codec in common"},
	[FAILED_STATION_GONE] = {SCCP_STATE_LINE_IN_USE, SCCP_TONE_REORDER, SCCP_PHRASE_TEMP_FAIL,
		"the called phone is gone"},
};

const char *failure_text(enum failure failure)
{
	return failures[failure].text;
}

void show_failed(struct callctl *c, const struct leg *l, enum failure failure)
{
	show_stop_tone(c, l);
	call_state(c, l, failures[failure].state);
	start_tone(c, l, failures[failure].tone);
	prompt(c, l, l->line, l->reference, failures[failure].prompt);
	select_keys(c, l, SCCP_SET_RING_OUT);
}

void show_backspace(struct callctl *c, const struct leg *l)
{
	struct sccp_message m = {.id = SCCP_BACK_SPACE_RES,
		.back_space_res = {.line = l->line, .call = l->reference}};

	callctl_send(c, l, &m);
}

void show_idle(struct callctl *c, const struct leg *l)
{
	set_ringer(c, l, SCCP_RING_OFF);
	show_stop_tone(c, l);
	clear_prompt(c, l);
	call_state(c, l, SCCP_STATE_ON_HOOK);
	select_keys(c, l, SCCP_SET_ON_HOOK);
	set_speaker(c, l, SCCP_OFF);
	set_lamp(c, l, SCCP_LAMP_OFF);
	prompt(c, l, 0, 0, SCCP_PHRASE_OPTIONS);
}
