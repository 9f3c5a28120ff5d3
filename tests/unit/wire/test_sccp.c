/* SPDX-License-Identifier: BSD-2-Clause
 * Framing, negotiation and limits of SCCP; the layouts are in tests/vectors/sccp. */
#include "base/mem.h"
#include "base/str.h"
#include "wire/sccp/sccp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void frames_wait_for_the_whole_message(void **state)
{
	static const uint8_t two[] = {8, 0, 0, 0, 0, 0, 0, 0, 0x9F, 0, 0, 0, 2, 0, 0, 0, /* Reset */
		4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}; /* KeepAlive */
	enum err err;
	size_t len;

	for (len = 0; len < 16; len++) {
		assert_int_equal(sccp_frame(span_of(two, len), &err, NULL), 0);
		assert_int_equal(err, ERR_OK);
	}
	for (; len <= sizeof two; len++)
		assert_int_equal(sccp_frame(span_of(two, len), &err, NULL), 16);
	assert_int_equal(sccp_frame(span_of(two + 16, 12), &err, NULL), 12);
	assert_int_equal(err, ERR_OK);
}

static void frames_with_impossible_lengths_end_the_stream(void **state)
{
	static const uint8_t tls[] = {0x16, 0x03, 0x01, 0x00, 0xC8};
	uint8_t header[4] = {3};
	struct fail why = {0};
	enum err err;

	assert_int_equal(sccp_frame(span_of(header, 4), &err, &why), 0);
	assert_int_equal(err, ERR_PROTO);
	assert_string_equal(why.text, "header, length at byte 0: 3, at least 4");

	fail_clear(&why);
	assert_int_equal(sccp_frame(span_of(tls, sizeof tls), &err, &why), 0);
	assert_int_equal(err, ERR_LIMIT);
	assert_string_equal(why.text, "header, length at byte 0: 66326, at most 8184");

	header[0] = 0xF8; /* 8184: just allowed */
	header[1] = 0x1F;
	assert_int_equal(sccp_frame(span_of(header, 4), &err, NULL), 0);
	assert_int_equal(err, ERR_OK);
	header[0] = 0xF9;
	assert_int_equal(sccp_frame(span_of(header, 4), &err, NULL), 0);
	assert_int_equal(err, ERR_LIMIT);
}

static void a_message_over_the_limit_is_refused_whole(void **state)
{
	static uint8_t big[SCCP_TOTAL_MAX + 4];
	struct sccp_message m;
	struct fail why = {0};

	assert_int_equal(sccp_decode(&m, span_of(big, sizeof big), 17, &why), ERR_LIMIT);
}

static void negotiates_down_and_never_21(void **state)
{
	static const struct {
		unsigned phone, ours;
	} table[] = {{0, 3}, {2, 3}, {3, 3}, {4, 3}, {5, 5}, {6, 5}, {10, 5}, {11, 11}, {15, 11},
		{16, 11}, {17, 17}, {19, 17}, {20, 20}, {21, 20}, {22, 22}, {255, 22}};
	size_t i;

	for (i = 0; i < sizeof table / sizeof table[0]; i++)
		assert_int_equal(sccp_negotiate(table[i].phone), table[i].ours);
}

static uint32_t header_word(const struct sccp_message *m, unsigned version)
{
	struct buf out = {0};
	uint32_t word;

	assert_int_equal(sccp_encode(&out, m, version), ERR_OK);
	assert_int_equal(out.len % 4, 0);
	word = (uint32_t)out.data[4] | (uint32_t)out.data[5] << 8;
	buf_fini(&out);
	return word;
}

static void the_header_carries_the_version_from_ten_on(void **state)
{
	struct sccp_message m = {.id = SCCP_OFF_HOOK};

	assert_int_equal(header_word(&m, 5), 0);
	assert_int_equal(header_word(&m, 11), 11);
	assert_int_equal(header_word(&m, 22), 22);
	m.id = SCCP_KEEP_ALIVE_ACK;
	assert_int_equal(header_word(&m, 22), 0);
	m.id = SCCP_REGISTER_ACK;
	assert_int_equal(header_word(&m, 22), 0);
	m.id = SCCP_UNREGISTER_ACK;
	assert_int_equal(header_word(&m, 22), 0);
	m.id = SCCP_REGISTER;
	assert_int_equal(header_word(&m, 17), 0);
}

static void what_cannot_be_encoded_leaves_the_buffer_alone(void **state)
{
	struct sccp_message m = {.id = SCCP_DIALED_NUMBER};
	struct buf out = {0};

	buf_str(&out, "before");
	/* 25 digits: too long for the field of version 17, just right for 20. */
	memset(m.dialed_number.number, '1', 25);
	assert_int_equal(sccp_encode(&out, &m, 17), ERR_LIMIT);
	assert_int_equal(out.len, 6);
	assert_int_equal(sccp_encode(&out, &m, 20), ERR_OK);
	assert_int_equal(out.len, 6 + SCCP_HEADER + 36);
	m.id = 0x0159;
	assert_int_equal(sccp_encode(&out, &m, 20), ERR_ARG);
	assert_int_equal(out.len, 6 + SCCP_HEADER + 36);
	buf_fini(&out);
}

/* Reads every message of the table from nothing, from zeros and from 0xFF, in all versions: no
 * crash, an error with a place or a message that can be printed. */
static void every_message_stands_any_body(void **state)
{
	static const unsigned versions[] = {0, 3, 5, 11, 16, 17, 18, 20, 22, 99};
	static const uint8_t fills[] = {0x00, 0x01, 0x41, 0xFF};
	uint8_t bytes[SCCP_HEADER + 1600];
	struct sccp_message m;
	struct buf out = {0};
	size_t i, v, f, body;
	uint32_t id;

	for (i = 0; sccp_message_at(i, &id); i++)
		for (v = 0; v < sizeof versions / sizeof versions[0]; v++)
			for (f = 0; f < sizeof fills; f++)
				for (body = 0; body <= 1600; body += body < 200 ? 1 : 350) {
					struct fail why = {0};

					memset(bytes, fills[f], sizeof bytes);
					memset(bytes, 0, SCCP_HEADER);
					bytes[0] = (uint8_t)(body + 4);
					bytes[1] = (uint8_t)((body + 4) >> 8);
					bytes[8] = (uint8_t)id;
					bytes[9] = (uint8_t)(id >> 8);
					buf_clear(&out);
					if (sccp_decode(&m, span_of(bytes, SCCP_HEADER + body),
						    versions[v], &why))
						assert_non_null(strstr(why.text, " at byte "));
					else
						sccp_print(&out, &m, versions[v]);
					assert_int_equal(buf_check(&out), ERR_OK);
				}
	assert_true(i > 80);
	buf_fini(&out);
}

static void ids_and_names_are_unique(void **state)
{
	uint32_t a, b;
	size_t i, j;

	for (i = 0; sccp_message_at(i, &a); i++)
		for (j = 0; j < i && sccp_message_at(j, &b); j++) {
			assert_int_not_equal(a, b);
			assert_string_not_equal(sccp_message_name(a), sccp_message_name(b));
		}
	assert_null(sccp_message_name(0x0159));
}

static void keys_are_not_printed(void **state)
{
	struct sccp_message m = {.id = SCCP_START_MEDIA};
	struct buf out = {0};

	memset(m.start_media.encryption.key, 'K', sizeof m.start_media.encryption.key);
	memset(m.start_media.encryption.salt, 'S', sizeof m.start_media.encryption.salt);
	sccp_print(&out, &m, 17);
	buf_u8(&out, 0);
	assert_non_null(strstr((char *)out.data, "encryption.key = <16 bytes>\n"));
	assert_null(strstr((char *)out.data, "KK"));
	assert_null(strstr((char *)out.data, "SS"));
	assert_null(strstr((char *)out.data, "4b4b"));
	buf_fini(&out);
}

static void numbers_have_names(void **state)
{
	assert_string_equal(sccp_message_name(0x81), "RegisterAck");
	assert_string_equal(sccp_call_state_name(5), "Connected");
	assert_string_equal(sccp_codec_name(4), "G.711 u-law");
	assert_string_equal(sccp_device_type_name(30018), "7961");
	assert_string_equal(sccp_key_event_name(11), "Answer");
	assert_string_equal(sccp_security_name(3), "encrypted");
	assert_null(sccp_call_state_name(99));
	assert_null(sccp_security_name(4));
	assert_int_equal(sccp_codec_rtp_payload(SCCP_CODEC_ULAW_64K), 0);
	assert_int_equal(sccp_codec_rtp_payload(SCCP_CODEC_G729A), 18);
	assert_int_equal(sccp_codec_rtp_payload(SCCP_CODEC_OPUS), -1);
	assert_int_equal(sccp_codec_rtp_payload(9999), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_wait_for_the_whole_message),
		cmocka_unit_test(frames_with_impossible_lengths_end_the_stream),
		cmocka_unit_test(a_message_over_the_limit_is_refused_whole),
		cmocka_unit_test(negotiates_down_and_never_21),
		cmocka_unit_test(the_header_carries_the_version_from_ten_on),
		cmocka_unit_test(what_cannot_be_encoded_leaves_the_buffer_alone),
		cmocka_unit_test(every_message_stands_any_body),
		cmocka_unit_test(ids_and_names_are_unique),
		cmocka_unit_test(keys_are_not_printed),
		cmocka_unit_test(numbers_have_names),
	};

	return cmocka_run_group_tests_name("wire/sccp", tests, NULL, NULL);
}
