/* SPDX-License-Identifier: BSD-2-Clause
 * The numbers inside SCCP messages. spec: docs/formats/sccp.md#numbers */
#ifndef WIRE_SCCP_VALUES_H
#define WIRE_SCCP_VALUES_H

#include <stdint.h>

enum sccp_state {
#define CALL_STATE(NAME, number, text) SCCP_STATE_##NAME = (number),
#include "wire/sccp/values.def"
};

enum sccp_codec {
#define CODEC(NAME, number, text, rtp_payload) SCCP_CODEC_##NAME = (number),
#include "wire/sccp/values.def"
};

enum sccp_key_event {
#define KEY_EVENT(NAME, number, text) SCCP_KEY_##NAME = (number),
#include "wire/sccp/values.def"
};

enum sccp_key_set {
	SCCP_SET_ON_HOOK = 0,
	SCCP_SET_CONNECTED = 1,
	SCCP_SET_ON_HOLD = 2,
	SCCP_SET_RING_IN = 3,
	SCCP_SET_OFF_HOOK = 4,
	SCCP_SET_CONNECTED_TRANSFER = 5,
	SCCP_SET_DIGITS = 6,
	SCCP_SET_CONNECTED_CONFERENCE = 7,
	SCCP_SET_RING_OUT = 8,
	SCCP_SET_OFF_HOOK_FEATURES = 9,
	SCCP_SET_IN_USE_HINT = 10,
};

/* Buttons, and what is sent when one is pressed. */
enum sccp_button_type {
	SCCP_STIMULUS_REDIAL = 1,
	SCCP_STIMULUS_SPEED_DIAL = 2,
	SCCP_STIMULUS_HOLD = 3,
	SCCP_STIMULUS_TRANSFER = 4,
	SCCP_STIMULUS_LINE = 9,
	SCCP_STIMULUS_VOICE_MAIL = 0x0F,
	SCCP_STIMULUS_NEW_CALL = 0x89,
	SCCP_STIMULUS_END_CALL = 0x8A,
	SCCP_BUTTON_UNUSED = 0xFF,
};

enum sccp_keypad { /* 0 to 9 are the digits */
	SCCP_KEYPAD_A = 0x0A,
	SCCP_KEYPAD_D = 0x0D,
	SCCP_KEYPAD_STAR = 0x0E,
	SCCP_KEYPAD_POUND = 0x0F,
	SCCP_KEYPAD_PLUS = 0x10,
};

enum sccp_tone {
	SCCP_TONE_SILENCE = 0,
	SCCP_TONE_INSIDE_DIAL = 0x21,
	SCCP_TONE_OUTSIDE_DIAL = 0x22,
	SCCP_TONE_BUSY = 0x23,
	SCCP_TONE_ALERTING = 0x24,
	SCCP_TONE_REORDER = 0x25,
	SCCP_TONE_CALL_WAITING = 0x2D,
	SCCP_TONE_SECURE_WARNING = 0x39,
	SCCP_TONE_NON_SECURE_WARNING = 0x49,
	SCCP_TONE_NONE = 0x7F,
};

enum sccp_ringer { SCCP_RING_OFF = 1, SCCP_RING_INSIDE = 2, SCCP_RING_OUTSIDE = 3 };
enum sccp_ring_duration { SCCP_RING_NORMAL = 1, SCCP_RING_SINGLE = 2 };
enum sccp_lamp {
	SCCP_LAMP_OFF = 1,
	SCCP_LAMP_ON = 2,
	SCCP_LAMP_WINK = 3,
	SCCP_LAMP_FLASH = 4,
	SCCP_LAMP_BLINK = 5,
};
enum sccp_switch { SCCP_ON = 1, SCCP_OFF = 2 };
enum sccp_call_type { SCCP_CALL_INBOUND = 1, SCCP_CALL_OUTBOUND = 2, SCCP_CALL_FORWARD = 3 };

/* The icon of a call: CallInfo's security status. */
enum sccp_security {
	SCCP_SECURITY_UNKNOWN = 0,
	SCCP_SECURITY_NONE = 1,
	SCCP_SECURITY_AUTHENTICATED = 2, /* shield */
	SCCP_SECURITY_ENCRYPTED = 3,     /* lock */
};

enum sccp_algorithm {
	SCCP_CIPHER_NONE = 0,
	SCCP_CIPHER_AES_CM_128_HMAC_SHA1_32 = 1,
	SCCP_CIPHER_AES_CM_128_HMAC_SHA1_80 = 2,
};

enum sccp_media_status {
	SCCP_MEDIA_OK = 0,
	SCCP_MEDIA_UNKNOWN_ERROR = 1,
	SCCP_MEDIA_NO_CHANNELS = 2,
	SCCP_MEDIA_INVALID_CODEC = 6,
	SCCP_MEDIA_NO_SOCKETS = 8,
	SCCP_MEDIA_ON_HOOK = 0xFF,
};

enum sccp_reset_type { SCCP_RESET_DEVICE = 1, SCCP_RESET_RESTART = 2, SCCP_RESET_APPLY = 3 };
enum sccp_unregister_status {
	SCCP_UNREGISTER_OK = 0,
	SCCP_UNREGISTER_ERROR = 1,
	SCCP_UNREGISTER_CALL_ACTIVE = 2
};

/* Phrases a phone shows in its own language: the byte 0x80 followed by the number. */
#define SCCP_PHRASE_OPTIONS        "\x80\x13" /* Your current options */
#define SCCP_PHRASE_RING_OUT       "\x80\x16"
#define SCCP_PHRASE_FROM           "\x80\x17"
#define SCCP_PHRASE_CONNECTED      "\x80\x18"
#define SCCP_PHRASE_BUSY           "\x80\x19"
#define SCCP_PHRASE_ENTER_NUMBER   "\x80\x20"
#define SCCP_PHRASE_TEMP_FAIL      "\x80\x23"
#define SCCP_PHRASE_UNKNOWN_NUMBER "\x80\x38"

/* The table's text for a number; NULL when it is not in the table. */
const char *sccp_call_state_name(uint32_t state);
const char *sccp_codec_name(uint32_t codec);
const char *sccp_device_type_name(uint32_t type);
const char *sccp_key_event_name(uint32_t event);
/* "encrypted", "authenticated", "not authenticated", "unknown"; NULL for other numbers. */
const char *sccp_security_name(uint32_t status);

/* RFC 3551's static payload number of a codec, or -1. */
int sccp_codec_rtp_payload(uint32_t codec);

#endif
