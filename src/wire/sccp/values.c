/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/sccp/values.h"

#include <stddef.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct value {
	uint32_t number;
	const char *text;
	int rtp_payload;
};

static const struct value call_states[] = {
#define CALL_STATE(NAME, number, text) {number, text, -1},
#include "wire/sccp/values.def"
};

static const struct value codecs[] = {
#define CODEC(NAME, number, text, rtp_payload) {number, text, rtp_payload},
#include "wire/sccp/values.def"
};

static const struct value device_types[] = {
#define DEVICE_TYPE(number, text) {number, text, -1},
#include "wire/sccp/values.def"
};

static const struct value key_events[] = {
#define KEY_EVENT(NAME, number, text) {number, text, -1},
#include "wire/sccp/values.def"
};

static const struct value *find(const struct value *table, size_t count, uint32_t number)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (table[i].number == number)
			return &table[i];
	return NULL;
}

static const char *text_of(const struct value *table, size_t count, uint32_t number)
{
	const struct value *v = find(table, count, number);

	return v ? v->text : NULL;
}

const char *sccp_call_state_name(uint32_t state)
{
	return text_of(call_states, COUNT(call_states), state);
}

const char *sccp_codec_name(uint32_t codec)
{
	return text_of(codecs, COUNT(codecs), codec);
}

int sccp_codec_rtp_payload(uint32_t codec)
{
	const struct value *v = find(codecs, COUNT(codecs), codec);

	return v ? v->rtp_payload : -1;
}

const char *sccp_device_type_name(uint32_t type)
{
	return text_of(device_types, COUNT(device_types), type);
}

const char *sccp_key_event_name(uint32_t event)
{
	return text_of(key_events, COUNT(key_events), event);
}

const char *sccp_security_name(uint32_t status)
{
	static const char *const names[] = {
		"unknown", "not authenticated", "authenticated", "encrypted"};

	return status < COUNT(names) ? names[status] : NULL;
}
