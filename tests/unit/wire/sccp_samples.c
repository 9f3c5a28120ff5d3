/* SPDX-License-Identifier: BSD-2-Clause
 * Prints every message the encoder can make, in every negotiable version, one per line:
 * "<version> <message name> <hex>". Another program's dissector judges the bytes, see
 * tests/e2e/wire/test_sccp_tshark.py, which also knows the values below. */
#include "base/str.h"
#include "wire/sccp/sccp.h"

#include <stdio.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct sample {
	struct sccp_message m;
	unsigned since; /* first version in which the message is in use */
};

#define ADDRESS_OF(a, b, c, d)                                                                     \
	{                                                                                          \
		.bytes = { a, b, c, d }                                                            \
	}
#define ENCRYPTION                                                                                 \
	{                                                                                          \
		.algorithm = SCCP_CIPHER_AES_CM_128_HMAC_SHA1_32, .key_length = SCCP_KEY_SIZE,     \
		.salt_length = SCCP_SALT_SIZE,                                                     \
		.key = {0xA0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xAF},                \
		.salt = {0xB0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0xBD},                       \
	}
#define CALL 0x01000007
#define LINE 2

static const struct sample samples[] = {
	{.m = {.id = SCCP_KEEP_ALIVE}},
	{.m = {.id = SCCP_KEEP_ALIVE_ACK}},
	{.m = {.id = SCCP_REGISTER,
		 .registration = {.device_name = "SEP001122334455",
			 .instance = 1,
			 .address = {192, 0, 2, 10},
			 .device_type = 30018,
			 .max_streams = 5,
			 .version = 17,
			 .features = {0x00, 0x72, 0x85},
			 .mac = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55},
			 .ipv4_scope = 3,
			 .max_lines = 6,
			 .firmware = "SCCP41.8-5-3S"}}},
	{.m = {.id = SCCP_IP_PORT, .ip_port = {.port = 16384}}},
	{.m = {.id = SCCP_REGISTER_ACK,
		 .register_ack = {.keepalive = 30,
			 .date_template = "D.M.YA",
			 .secondary_keepalive = 60,
			 .version = 17,
			 .features = {0x20, 0xF1, 0xFF}}}},
	{.m = {.id = SCCP_REGISTER_REJECT, .register_reject = {.text = "No Entry"}}},
	{.m = {.id = SCCP_REGISTER_TOKEN_REQ,
		 .register_token_req = {.device_name = "SEP001122334455",
			 .instance = 1,
			 .address = {192, 0, 2, 10},
			 .device_type = 30018}}},
	{.m = {.id = SCCP_REGISTER_TOKEN_ACK}},
	{.m = {.id = SCCP_REGISTER_TOKEN_REJECT, .register_token_reject = {.wait_seconds = 45}}},
	{.m = {.id = SCCP_ALARM,
		 .alarm = {.severity = 2, .text = "25: Name=SEP001122334455", .parameter1 = 77}}},
	{.m = {.id = SCCP_CAPABILITIES_REQ}},
	{.m = {.id = SCCP_CAPABILITIES_RES,
		 .capabilities_res = {.count = 3,
			 .capabilities = {{.codec = SCCP_CODEC_ULAW_64K, .max_frames = 40},
				 {.codec = SCCP_CODEC_ALAW_64K, .max_frames = 40},
				 {.codec = SCCP_CODEC_G729A, .max_frames = 60}}}}},
	{.m = {.id = SCCP_BUTTON_TEMPLATE_REQ}},
	{.m = {.id = SCCP_BUTTON_TEMPLATE,
		 .button_template = {.count = 2,
			 .total = 2,
			 .buttons = {{.instance = 1, .type = SCCP_STIMULUS_LINE},
				 {.instance = 1, .type = SCCP_STIMULUS_SPEED_DIAL},
				 {.instance = 0, .type = SCCP_BUTTON_UNUSED}}}}},
	{.m = {.id = SCCP_SOFT_KEY_TEMPLATE_REQ}},
	{.m = {.id = SCCP_SOFT_KEY_TEMPLATE_RES,
		 .soft_key_template_res = {.count = 2,
			 .total = 2,
			 .keys = {{.label = "\x80\x01", .event = 1},
				 {.label = "NewCall", .event = 2}}}}},
	{.m = {.id = SCCP_SOFT_KEY_SET_REQ}},
	{.m = {.id = SCCP_SOFT_KEY_SET_RES,
		 .soft_key_set_res = {.count = 11,
			 .total = 11,
			 .sets = {{.keys = {1, 2}, .infos = {301, 302}},
				 {.keys = {3, 9}, .infos = {303, 309}}}}}},
	{.m = {.id = SCCP_SELECT_SOFT_KEYS,
		 .select_soft_keys = {.line = LINE, .call = CALL, .set = 4, .mask = 0xFFFFFFFF}}},
	{.m = {.id = SCCP_CONFIG_STAT_REQ}},
	{.m = {.id = SCCP_CONFIG_STAT,
		 .config_stat = {.device_name = "SEP001122334455",
			 .user_name = "anna",
			 .server_name = "publisher",
			 .lines = 2,
			 .speed_dials = 1}}},
	{.m = {.id = SCCP_CONFIG_STAT_V2,
		 .config_stat_v2 = {.device_name = "SEP001122334455",
			 .lines = 2,
			 .speed_dials = 1,
			 .user_name = "anna",
			 .server_name = "publisher"}},
		.since = 17},
	{.m = {.id = SCCP_LINE_STAT_REQ, .line_stat_req = {.line = LINE}}},
	{.m = {.id = SCCP_LINE_STAT,
		 .line_stat = {.line = LINE,
			 .number = "1001",
			 .display_name = "Anna",
			 .label = "Desk",
			 .options = 15}}},
	{.m = {.id = SCCP_LINE_STAT_V2,
		 .line_stat_v2 =
			 {.line = LINE, .number = "1001", .display_name = "Anna", .label = "Desk"}},
		.since = 17},
	{.m = {.id = SCCP_FORWARD_STAT_REQ, .forward_stat_req = {.line = LINE}}},
	{.m = {.id = SCCP_FORWARD_STAT,
		 .forward_stat = {.active = 1,
			 .line = LINE,
			 .all_active = 1,
			 .all_number = "2001",
			 .busy_number = "2002",
			 .no_answer_number = "2003"}}},
	{.m = {.id = SCCP_SPEED_DIAL_STAT_REQ, .speed_dial_stat_req = {.number = 1}}},
	{.m = {.id = SCCP_SPEED_DIAL_STAT,
		 .speed_dial_stat = {.number = 1, .directory_number = "1002", .name = "Bruno"}}},
	{.m = {.id = SCCP_SPEED_DIAL_STAT_V2,
		 .speed_dial_stat_v2 = {.number = 1, .directory_number = "1002", .name = "Bruno"}},
		.since = 17},
	{.m = {.id = SCCP_FEATURE_STAT_REQ, .feature_stat_req = {.index = 3}}},
	{.m = {.id = SCCP_FEATURE_STAT,
		 .feature_stat = {.index = 3, .type = 0x13, .label = "Privacy", .status = 1}}},
	{.m = {.id = SCCP_FEATURE_STAT_V2,
		 .feature_stat_v2 = {.index = 3, .type = 0x13, .label = "Privacy", .status = 1}},
		.since = 17},
	{.m = {.id = SCCP_SERVICE_URL_STAT_REQ, .service_url_stat_req = {.index = 4}}},
	{.m = {.id = SCCP_SERVICE_URL_STAT,
		 .service_url_stat = {.index = 4, .url = "http://192.0.2.1/x", .label = "Menu"}}},
	{.m = {.id = SCCP_VERSION_REQ}},
	{.m = {.id = SCCP_VERSION, .version = {.firmware = "P0030702T023"}}},
	{.m = {.id = SCCP_SERVER_REQ}},
	{.m = {.id = SCCP_SERVER_RES,
		 .server_res = {.names = {{.name = "publisher"}},
			 .ports = {{.port = 2000}},
			 .addresses = {{.address = ADDRESS_OF(192, 0, 2, 1)}}}}},
	{.m = {.id = SCCP_TIME_DATE_REQ}},
	{.m = {.id = SCCP_DEFINE_TIME_DATE,
		 .define_time_date = {.year = 2011,
			 .month = 8,
			 .weekday = 3,
			 .day = 31,
			 .hour = 13,
			 .minute = 28,
			 .second = 3,
			 .millisecond = 250,
			 .system_time = 1314797283}}},
	{.m = {.id = SCCP_REGISTER_AVAILABLE_LINES, .register_available_lines = {.lines = 2}}},
	{.m = {.id = SCCP_HEADSET_STATUS, .headset_status = {.status = 2}}},
	{.m = {.id = SCCP_MEDIA_PATH_EVENT, .media_path_event = {.path = 3, .state = 1}}},
	{.m = {.id = SCCP_MEDIA_PATH_CAPABILITY,
		 .media_path_capability = {.path = 2, .capability = 1}}},
	{.m = {.id = SCCP_UNREGISTER, .unregister = {.reason = 1}}},
	{.m = {.id = SCCP_UNREGISTER_ACK, .unregister_ack = {.status = 2}}},
	{.m = {.id = SCCP_RESET, .reset = {.type = 2}}},

	{.m = {.id = SCCP_KEYPAD_BUTTON,
		 .keypad_button = {.button = SCCP_KEYPAD_POUND, .line = LINE, .call = CALL}}},
	{.m = {.id = SCCP_ENBLOC_CALL, .enbloc_call = {.number = "1002", .line = LINE}}},
	{.m = {.id = SCCP_STIMULUS,
		 .stimulus = {.stimulus = SCCP_STIMULUS_LINE, .instance = LINE, .call = CALL}}},
	{.m = {.id = SCCP_OFF_HOOK, .off_hook = {.line = LINE, .call = CALL}}},
	{.m = {.id = SCCP_ON_HOOK, .on_hook = {.line = LINE, .call = CALL}}},
	{.m = {.id = SCCP_HOOK_FLASH, .hook_flash = {.line = LINE, .call = CALL}}},
	{.m = {.id = SCCP_OFF_HOOK_WITH_NUMBER,
		 .off_hook_with_number = {.number = "1001",
			 .voice_mailbox = "3001",
			 .line = LINE}}},
	{.m = {.id = SCCP_SOFT_KEY_EVENT,
		 .soft_key_event = {.event = SCCP_KEY_ANSWER, .line = LINE, .call = CALL}}},

	{.m = {.id = SCCP_START_TONE,
		 .start_tone = {.tone = SCCP_TONE_INSIDE_DIAL, .line = LINE, .call = CALL}}},
	{.m = {.id = SCCP_STOP_TONE,
		 .stop_tone = {.line = LINE, .call = CALL, .tone = SCCP_TONE_ALERTING}}},
	{.m = {.id = SCCP_SET_RINGER,
		 .set_ringer = {.mode = SCCP_RING_INSIDE,
			 .duration = SCCP_RING_NORMAL,
			 .line = LINE,
			 .call = CALL}}},
	{.m = {.id = SCCP_SET_LAMP,
		 .set_lamp = {.stimulus = SCCP_STIMULUS_LINE,
			 .instance = LINE,
			 .mode = SCCP_LAMP_BLINK}}},
	{.m = {.id = SCCP_SET_SPEAKER_MODE, .set_speaker_mode = {.mode = SCCP_ON}}},
	{.m = {.id = SCCP_SET_MICRO_MODE, .set_micro_mode = {.mode = SCCP_OFF}}},
	{.m = {.id = SCCP_DISPLAY_TEXT, .display_text = {.text = "Hello"}}},
	{.m = {.id = SCCP_CLEAR_DISPLAY}},
	{.m = {.id = SCCP_CALL_STATE,
		 .call_state = {.state = SCCP_STATE_CONNECTED,
			 .line = LINE,
			 .call = CALL,
			 .precedence_level = 4}}},
	{.m = {.id = SCCP_DISPLAY_PROMPT_STATUS,
		 .display_prompt_status =
			 {.timeout = 10, .text = "Hello", .line = LINE, .call = CALL}}},
	{.m = {.id = SCCP_DISPLAY_PROMPT_STATUS_V2,
		 .display_prompt_status_v2 =
			 {.timeout = 10, .text = "Hello", .line = LINE, .call = CALL}},
		.since = 17},
	{.m = {.id = SCCP_CLEAR_PROMPT_STATUS,
		 .clear_prompt_status = {.line = LINE, .call = CALL}}},
	{.m = {.id = SCCP_DISPLAY_NOTIFY, .display_notify = {.timeout = 10, .text = "Hello"}}},
	{.m = {.id = SCCP_DISPLAY_NOTIFY_V2, .display_notify_v2 = {.timeout = 10, .text = "Hello"}},
		.since = 17},
	{.m = {.id = SCCP_CLEAR_NOTIFY}},
	{.m = {.id = SCCP_DISPLAY_PRI_NOTIFY,
		 .display_pri_notify = {.timeout = 10, .priority = 5, .text = "Hello"}}},
	{.m = {.id = SCCP_DISPLAY_PRI_NOTIFY_V2,
		 .display_pri_notify_v2 = {.timeout = 10, .priority = 5, .text = "Hello"}},
		.since = 17},
	{.m = {.id = SCCP_CLEAR_PRI_NOTIFY, .clear_pri_notify = {.priority = 5}}},
	{.m = {.id = SCCP_ACTIVATE_CALL_PLANE, .activate_call_plane = {.line = LINE}}},
	{.m = {.id = SCCP_DEACTIVATE_CALL_PLANE}},
	{.m = {.id = SCCP_BACK_SPACE_RES, .back_space_res = {.line = LINE, .call = CALL}}},
	{.m = {.id = SCCP_DIALED_NUMBER,
		 .dialed_number = {.number = "1002", .line = LINE, .call = CALL}}},
	{.m = {.id = SCCP_CALL_INFO,
		 .call_info = {.calling_name = "Anna",
			 .calling_number = "1001",
			 .called_name = "Bruno",
			 .called_number = "1002",
			 .line = LINE,
			 .call = CALL,
			 .type = SCCP_CALL_OUTBOUND,
			 .original_called_name = "Bruno",
			 .original_called_number = "1002",
			 .instance = 1,
			 .security = SCCP_SECURITY_ENCRYPTED}}},
	{.m = {.id = SCCP_CALL_INFO_V2,
		 .call_info_v2 = {.calling_name = "Anna",
			 .calling_number = "1001",
			 .called_name = "Bruno",
			 .called_number = "1002",
			 .line = LINE,
			 .call = CALL,
			 .type = SCCP_CALL_OUTBOUND,
			 .original_called_name = "Bruno",
			 .original_called_number = "1002",
			 .hunt_pilot_number = "4000",
			 .hunt_pilot_name = "Sales",
			 .instance = 1,
			 .security = SCCP_SECURITY_ENCRYPTED}},
		.since = 17},

	{.m = {.id = SCCP_OPEN_RECEIVE_CHANNEL,
		 .open_receive_channel = {.conference = CALL,
			 .party = 0xFFFFFFF1,
			 .packet_ms = 20,
			 .codec = SCCP_CODEC_ULAW_64K,
			 .call = CALL,
			 .encryption = ENCRYPTION,
			 .rfc2833_payload = 101,
			 .dtmf_type = 10,
			 .source = ADDRESS_OF(192, 0, 2, 11),
			 .source_port = 4000}}},
	{.m = {.id = SCCP_OPEN_RECEIVE_CHANNEL_ACK,
		 .open_receive_channel_ack = {.address = ADDRESS_OF(192, 0, 2, 10),
			 .port = 16384,
			 .party = 0xFFFFFFF1,
			 .call = CALL}}},
	{.m = {.id = SCCP_START_MEDIA,
		 .start_media = {.conference = CALL,
			 .party = 0xFFFFFFF2,
			 .remote = ADDRESS_OF(192, 0, 2, 11),
			 .remote_port = 16386,
			 .packet_ms = 20,
			 .codec = SCCP_CODEC_ULAW_64K,
			 .precedence = 184,
			 .max_frames = 1,
			 .call = CALL,
			 .encryption = ENCRYPTION,
			 .rfc2833_payload = 101,
			 .dtmf_type = 10}}},
	{.m = {.id = SCCP_START_MEDIA_ACK,
		 .start_media_ack = {.conference = CALL,
			 .party = 0xFFFFFFF2,
			 .call = CALL,
			 .address = ADDRESS_OF(192, 0, 2, 10),
			 .port = 16384}}},
	{.m = {.id = SCCP_CLOSE_RECEIVE_CHANNEL,
		 .close_receive_channel = {.conference = CALL, .party = 0xFFFFFFF1, .call = CALL}}},
	{.m = {.id = SCCP_STOP_MEDIA,
		 .stop_media = {.conference = CALL, .party = 0xFFFFFFF2, .call = CALL}}},
	{.m = {.id = SCCP_MEDIA_FAILURE,
		 .media_failure = {.conference = CALL,
			 .party = 0xFFFFFFF2,
			 .address = ADDRESS_OF(192, 0, 2, 11),
			 .port = 16386,
			 .call = CALL}}},
};

static const unsigned versions[] = {3, 5, 11, 17, 20, 22};

static enum err print_sample(const struct sample *s, unsigned version)
{
	struct buf message = {0}, hex = {0};
	enum err err = sccp_encode(&message, &s->m, version);

	if (!err) {
		str_hex(&hex, buf_span(&message), STR_LOWER);
		err = buf_check(&hex);
	}
	if (!err)
		printf("%u %s %.*s\n", version, sccp_message_name(s->m.id), (int)hex.len,
			(const char *)hex.data);
	else
		fprintf(stderr, "version %u, %s: %s\n", version, sccp_message_name(s->m.id),
			err_text(err));
	buf_fini(&hex);
	buf_fini(&message);
	return err;
}

int main(void)
{
	size_t i, v;
	int failed = 0;

	for (v = 0; v < COUNT(versions); v++)
		for (i = 0; i < COUNT(samples); i++)
			if (versions[v] >= samples[i].since)
				failed |= print_sample(&samples[i], versions[v]) != ERR_OK;
	return failed;
}
