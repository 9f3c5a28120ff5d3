/* SPDX-License-Identifier: BSD-2-Clause */
#include "fixture.h"

#include "base/str.h"
#include "crypto/srtp.h"

#define PACKET_MAX 256
#define PLAIN_LEN  172

/* RFC 3711 B.3, as in the vectors' maker. */
static const uint8_t key[SRTP_KEY] = {0xE1, 0xF9, 0x7A, 0x0D, 0x3E, 0x01, 0x8B, 0xE0, 0xD6, 0x4F,
	0xA3, 0x2C, 0x06, 0xDE, 0x41, 0x39};
static const uint8_t salt[SRTP_SALT] = {
	0x0E, 0xC6, 0x75, 0xAD, 0x49, 0x8A, 0xFE, 0xEB, 0xB6, 0x96, 0x0B, 0x3A, 0xAB, 0xE6};

static struct srtp_stream *stream(enum srtp_algorithm alg, bool sending)
{
	struct srtp_stream *s = NULL;

	assert_int_equal(srtp_stream_new(&s, alg, key, salt, sending, NULL), ERR_OK);
	return s;
}

/* Each line of the file: algorithm, plain packet, protected packet; the numbers wrap inside. */
static void outside_vectors(void **state)
{
	struct srtp_stream *out[3] = {0}, *in[3] = {0};
	struct buf file = fixture_read("srtp-vectors.txt"), plain = {0}, sealed = {0};
	char *line, *rest = NULL, *plain_hex, *sealed_hex;
	uint8_t packet[PACKET_MAX + SRTP_OVERHEAD];
	int seen = 0, alg;
	size_t len;

	for (alg = 1; alg <= 2; alg++) {
		out[alg] = stream((enum srtp_algorithm)alg, true);
		in[alg] = stream((enum srtp_algorithm)alg, false);
	}
	buf_u8(&file, 0);
	for (line = strtok_r((char *)file.data, "\n", &rest); line;
		line = strtok_r(NULL, "\n", &rest)) {
		if (line[0] == '#')
			continue;
		alg = line[0] - '0';
		plain_hex = line + 2;
		sealed_hex = strchr(plain_hex, ' ');
		*sealed_hex++ = '\0';
		buf_clear(&plain);
		buf_clear(&sealed);
		assert_int_equal(str_unhex(&plain, plain_hex), ERR_OK);
		assert_int_equal(str_unhex(&sealed, sealed_hex), ERR_OK);
		memcpy(packet, plain.data, plain.len);
		len = plain.len;
		assert_int_equal(srtp_protect_packet(out[alg], packet, &len), ERR_OK);
		assert_true(span_eq(span_of(packet, len), buf_span(&sealed)));
		assert_int_equal(srtp_unprotect_packet(in[alg], packet, &len), ERR_OK);
		assert_true(span_eq(span_of(packet, len), buf_span(&plain)));
		seen++;
	}
	assert_int_equal(seen, 8);
	for (alg = 1; alg <= 2; alg++) {
		srtp_stream_free(out[alg]);
		srtp_stream_free(in[alg]);
	}
	buf_fini(&file);
	buf_fini(&plain);
	buf_fini(&sealed);
}

static void make_packet(uint8_t packet[PACKET_MAX], uint16_t sequence)
{
	memset(packet, 0x55, PLAIN_LEN);
	memset(packet, 0, 12);
	packet[0] = 0x80;
	packet[2] = (uint8_t)(sequence >> 8);
	packet[3] = (uint8_t)sequence;
}

static void bad_tag_and_replay(void **state)
{
	struct srtp_stream *out = stream(SRTP_AES128_SHA1_32, true);
	struct srtp_stream *in = stream(SRTP_AES128_SHA1_32, false);
	uint8_t packet[PACKET_MAX], copy[PACKET_MAX];
	size_t len = PLAIN_LEN, copy_len;

	make_packet(packet, 7);
	assert_int_equal(srtp_protect_packet(out, packet, &len), ERR_OK);
	assert_int_equal(len, PLAIN_LEN + 4);
	memcpy(copy, packet, len);
	copy[len - 1] ^= 1;
	copy_len = len;
	assert_int_equal(srtp_unprotect_packet(in, copy, &copy_len), ERR_VERIFY);
	assert_int_equal(copy_len, len);
	memcpy(copy, packet, len);
	assert_int_equal(srtp_unprotect_packet(in, copy, &copy_len), ERR_OK);
	memcpy(copy, packet, len);
	copy_len = len;
	assert_int_equal(srtp_unprotect_packet(in, copy, &copy_len), ERR_VERIFY);
	srtp_stream_free(out);
	srtp_stream_free(in);
}

static void one_direction_only(void **state)
{
	struct srtp_stream *out = stream(SRTP_AES128_SHA1_80, true);
	struct srtp_stream *in = stream(SRTP_AES128_SHA1_80, false);
	uint8_t packet[PACKET_MAX];
	size_t len = PLAIN_LEN;

	make_packet(packet, 1);
	assert_int_equal(srtp_protect_packet(in, packet, &len), ERR_ARG);
	assert_int_equal(srtp_unprotect_packet(out, packet, &len), ERR_ARG);
	srtp_stream_free(out);
	srtp_stream_free(in);
	srtp_stream_free(NULL);
}

static void short_packets(void **state)
{
	struct srtp_stream *out = stream(SRTP_AES128_SHA1_80, true);
	struct srtp_stream *in = stream(SRTP_AES128_SHA1_80, false);
	uint8_t packet[PACKET_MAX];
	size_t i, len;

	for (i = 0; i < 22; i++) {
		make_packet(packet, (uint16_t)i);
		len = i;
		if (i < 12)
			assert_int_equal(srtp_protect_packet(out, packet, &len), ERR_FORMAT);
		len = i;
		assert_int_not_equal(srtp_unprotect_packet(in, packet, &len), ERR_OK);
		assert_int_equal(len, i);
	}
	srtp_stream_free(out);
	srtp_stream_free(in);
}

static void refused(void **state)
{
	struct srtp_stream *s = NULL;
	struct fail why = {0};

	assert_int_equal(srtp_stream_new(&s, SRTP_NONE, key, salt, true, &why), ERR_UNSUPPORTED);
	assert_string_equal(why.text, "SRTP: algorithm 0");
	assert_int_equal(srtp_stream_new(&s, (enum srtp_algorithm)6, key, salt, true, NULL),
		ERR_UNSUPPORTED);
	mem_fail_from(1);
	assert_int_equal(
		srtp_stream_new(&s, SRTP_AES128_SHA1_32, key, salt, true, NULL), ERR_NOMEM);
	mem_fail_from(0);
	assert_null(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outside_vectors),
		cmocka_unit_test(bad_tag_and_replay),
		cmocka_unit_test(one_direction_only),
		cmocka_unit_test(short_packets),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests_name("crypto/srtp", tests, NULL, NULL);
}
