/* SPDX-License-Identifier: BSD-2-Clause
 * What a registered phone asks for: its buttons, soft keys, lines, the time. The order of the
 * requests is the phone's. spec: docs/formats/sccp.md#registration */
#include "service/sccp/station.h"

#include <time.h>

#define SOFT_KEYS  18u /* places of CallManager's template: event = place */
#define ALL_KEYS   0xFFFFFFFFu
#define FIRST_CODE 1u /* labels: the byte 0x80 and the number of the phrase */
#define YEAR_BASE  1900
#define MS         1000

static void put_select_keys(struct station *s)
{
	struct sccp_message m = {.id = SCCP_SELECT_SOFT_KEYS};

	m.select_soft_keys.set = SCCP_SET_ON_HOOK;
	m.select_soft_keys.mask = ALL_KEYS;
	station_put(s, &m);
}

static void keep_alive(struct station *s, const struct sccp_message *m)
{
	struct sccp_message r = {.id = SCCP_KEEP_ALIVE_ACK};

	station_put(s, &r);
}

static void button_template(struct station *s, const struct sccp_message *m)
{
	struct sccp_message r = {.id = SCCP_BUTTON_TEMPLATE};
	struct sccp_button_template *t = &r.button_template;
	uint32_t i;

	for (i = 0; i < SCCP_BUTTONS_SENT; i++)
		t->buttons[i].type = SCCP_BUTTON_UNUSED;
	for (i = 0; i < s->lines_count; i++) {
		if (!s->lines[i].number[0])
			continue;
		t->buttons[t->count].instance = (uint8_t)(i + 1);
		t->buttons[t->count++].type = SCCP_STIMULUS_LINE;
	}
	t->total = t->count;
	station_put(s, &r);
}

static void soft_key_template(struct station *s, const struct sccp_message *m)
{
	struct sccp_message r = {.id = SCCP_SOFT_KEY_TEMPLATE_RES};
	struct sccp_soft_key_template_res *t = &r.soft_key_template_res;
	uint32_t i;

	t->count = t->total = SOFT_KEYS;
	for (i = 0; i < SOFT_KEYS; i++) {
		t->keys[i].label[0] = (char)0x80;
		t->keys[i].label[1] = (char)(FIRST_CODE + i);
		t->keys[i].event = i + 1;
	}
	station_put(s, &r);
}

/* The keys that do something in each state of the phone. */
static const uint8_t key_sets[SCCP_SETS_MAX][SCCP_SET_KEYS] = {
	[SCCP_SET_ON_HOOK] = {SCCP_KEY_NEW_CALL},
	[SCCP_SET_CONNECTED] = {SCCP_KEY_END_CALL},
	[SCCP_SET_ON_HOLD] = {SCCP_KEY_END_CALL},
	[SCCP_SET_RING_IN] = {SCCP_KEY_ANSWER, SCCP_KEY_END_CALL},
	[SCCP_SET_OFF_HOOK] = {SCCP_KEY_END_CALL},
	[SCCP_SET_CONNECTED_TRANSFER] = {SCCP_KEY_END_CALL},
	[SCCP_SET_DIGITS] = {SCCP_KEY_BACKSPACE, SCCP_KEY_END_CALL},
	[SCCP_SET_CONNECTED_CONFERENCE] = {SCCP_KEY_END_CALL},
	[SCCP_SET_RING_OUT] = {SCCP_KEY_END_CALL},
	[SCCP_SET_OFF_HOOK_FEATURES] = {SCCP_KEY_END_CALL},
	[SCCP_SET_IN_USE_HINT] = {SCCP_KEY_NEW_CALL},
};

static void soft_key_sets(struct station *s, const struct sccp_message *m)
{
	struct sccp_message r = {.id = SCCP_SOFT_KEY_SET_RES};
	struct sccp_soft_key_set_res *t = &r.soft_key_set_res;
	size_t set, key;

	t->count = t->total = SCCP_SETS_MAX;
	for (set = 0; set < SCCP_SETS_MAX; set++) {
		memcpy(t->sets[set].keys, key_sets[set], SCCP_SET_KEYS);
		for (key = 0; key < SCCP_SET_KEYS; key++)
			if (key_sets[set][key])
				t->sets[set].infos[key] =
					(uint16_t)(SCCP_INFO_BASE + key_sets[set][key]);
	}
	station_put(s, &r);
	put_select_keys(s);
}

static void config_stat(struct station *s, const struct sccp_message *m)
{
	struct sccp_message r = {.id = SCCP_CONFIG_STAT};
	size_t i;

	str_copy(r.config_stat.device_name, sizeof(r.config_stat.device_name), s->device);
	str_copy(r.config_stat.server_name, sizeof(r.config_stat.server_name),
		s->service->env->settings->node);
	r.config_stat.instance = 1;
	for (i = 0; i < s->lines_count; i++)
		r.config_stat.lines += s->lines[i].number[0] != '\0';
	station_put(s, &r);
}

static void line_stat(struct station *s, const struct sccp_message *m)
{
	struct sccp_message r = {.id = SCCP_LINE_STAT};
	static const struct phone_line none = {"", "", ""};
	uint32_t line = m->line_stat_req.line;
	const struct phone_line *l = line && line <= s->lines_count ? &s->lines[line - 1] : &none;
	const char *number = l->number, *name = l->display;
	const char *label = l->label[0] ? l->label : l->number;

	if (s->version >= SCCP_VERSION_PACKED) {
		r.id = SCCP_LINE_STAT_V2;
		r.line_stat_v2.line = m->line_stat_req.line;
		str_copy(r.line_stat_v2.number, sizeof(r.line_stat_v2.number), number);
		str_copy(r.line_stat_v2.display_name, sizeof(r.line_stat_v2.display_name), name);
		str_copy(r.line_stat_v2.label, sizeof(r.line_stat_v2.label), label);
	} else {
		r.line_stat.line = m->line_stat_req.line;
		str_copy(r.line_stat.number, sizeof(r.line_stat.number), number);
		str_copy(r.line_stat.display_name, sizeof(r.line_stat.display_name), name);
		str_copy(r.line_stat.label, sizeof(r.line_stat.label), label);
	}
	station_put(s, &r);
}

static void forward_stat(struct station *s, const struct sccp_message *m)
{
	struct sccp_message r = {.id = SCCP_FORWARD_STAT};

	r.forward_stat.line = m->forward_stat_req.line;
	station_put(s, &r);
}

/* Speed dials, features and services are not there; phones wait for the answer all the same. */
static void speed_dial_stat(struct station *s, const struct sccp_message *m)
{
	struct sccp_message r = {.id = SCCP_SPEED_DIAL_STAT};

	if (s->version >= SCCP_VERSION_PACKED) {
		r.id = SCCP_SPEED_DIAL_STAT_V2;
		r.speed_dial_stat_v2.number = m->speed_dial_stat_req.number;
	} else {
		r.speed_dial_stat.number = m->speed_dial_stat_req.number;
	}
	station_put(s, &r);
}

static void feature_stat(struct station *s, const struct sccp_message *m)
{
	struct sccp_message r = {.id = SCCP_FEATURE_STAT};

	if (s->version >= SCCP_VERSION_PACKED) {
		r.id = SCCP_FEATURE_STAT_V2;
		r.feature_stat_v2.index = m->feature_stat_req.index;
	} else {
		r.feature_stat.index = m->feature_stat_req.index;
	}
	station_put(s, &r);
}

static void service_url_stat(struct station *s, const struct sccp_message *m)
{
	struct sccp_message r = {.id = SCCP_SERVICE_URL_STAT};

	r.service_url_stat.index = m->service_url_stat_req.index;
	station_put(s, &r);
}

/* The firmware to run: what it runs already. A name that does not fit asks for nothing. */
static void version(struct station *s, const struct sccp_message *m)
{
	struct sccp_message r = {.id = SCCP_VERSION};

	if (!str_copy(r.version.firmware, sizeof(r.version.firmware), s->firmware))
		r.version.firmware[0] = '\0';
	station_put(s, &r);
}

static void servers(struct station *s, const struct sccp_message *m)
{
	struct sccp_message r = {.id = SCCP_SERVER_RES};
	struct net_addr here;

	stream_local(s->stream, &here);
	str_copy(r.server_res.names[0].name, sizeof(r.server_res.names[0].name),
		s->service->env->settings->node);
	r.server_res.ports[0].port = here.port;
	r.server_res.addresses[0].address.type = here.is6 ? FIELD_ADDRESS_IPV6 : FIELD_ADDRESS_IPV4;
	memcpy(r.server_res.addresses[0].address.bytes, here.bytes, sizeof(here.bytes));
	station_put(s, &r);
}

/* What an idle phone shows; with it registration is complete. */
static void put_idle_screen(struct station *s)
{
	struct sccp_message lamp = {.id = SCCP_SET_LAMP};
	struct sccp_message clear = {.id = SCCP_CLEAR_PROMPT_STATUS};
	struct sccp_message prompt = {.id = SCCP_DISPLAY_PROMPT_STATUS};

	lamp.set_lamp.stimulus = SCCP_STIMULUS_VOICE_MAIL;
	lamp.set_lamp.mode = SCCP_LAMP_OFF;
	station_put(s, &lamp);
	station_put(s, &clear);
	if (s->version >= SCCP_VERSION_PACKED) {
		prompt.id = SCCP_DISPLAY_PROMPT_STATUS_V2;
		str_copy(prompt.display_prompt_status_v2.text,
			sizeof(prompt.display_prompt_status_v2.text), SCCP_PHRASE_OPTIONS);
	} else {
		str_copy(prompt.display_prompt_status.text,
			sizeof(prompt.display_prompt_status.text), SCCP_PHRASE_OPTIONS);
	}
	station_put(s, &prompt);
	put_select_keys(s);
}

static void time_date(struct station *s, const struct sccp_message *m)
{
	struct sccp_message r = {.id = SCCP_DEFINE_TIME_DATE};
	int64_t us = clock_us(s->service->env->clock);
	time_t seconds = (time_t)(us / 1000000);
	struct sccp_define_time_date *t = &r.define_time_date;
	struct tm tm = {0};

	localtime_r(&seconds, &tm);
	t->year = (uint32_t)(tm.tm_year + YEAR_BASE);
	t->month = (uint32_t)tm.tm_mon + 1;
	t->weekday = (uint32_t)tm.tm_wday;
	t->day = (uint32_t)tm.tm_mday;
	t->hour = (uint32_t)tm.tm_hour;
	t->minute = (uint32_t)tm.tm_min;
	t->second = (uint32_t)tm.tm_sec;
	t->millisecond = (uint32_t)(us / MS % MS);
	t->system_time = (uint32_t)seconds;
	station_put(s, &r);
	if (!s->told_ready)
		put_idle_screen(s);
	s->told_ready = true;
}

static const struct {
	uint32_t id;
	void (*put)(struct station *s, const struct sccp_message *m);
} answers[] = {
	{SCCP_KEEP_ALIVE, keep_alive},
	{SCCP_BUTTON_TEMPLATE_REQ, button_template},
	{SCCP_SOFT_KEY_TEMPLATE_REQ, soft_key_template},
	{SCCP_SOFT_KEY_SET_REQ, soft_key_sets},
	{SCCP_CONFIG_STAT_REQ, config_stat},
	{SCCP_LINE_STAT_REQ, line_stat},
	{SCCP_FORWARD_STAT_REQ, forward_stat},
	{SCCP_SPEED_DIAL_STAT_REQ, speed_dial_stat},
	{SCCP_FEATURE_STAT_REQ, feature_stat},
	{SCCP_SERVICE_URL_STAT_REQ, service_url_stat},
	{SCCP_VERSION_REQ, version},
	{SCCP_SERVER_REQ, servers},
	{SCCP_TIME_DATE_REQ, time_date},
};

bool answer(struct station *s, const struct sccp_message *m)
{
	size_t i;

	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (answers[i].id != m->id)
			continue;
		answers[i].put(s, m);
		return true;
	}
	return false;
}
