/* SPDX-License-Identifier: BSD-2-Clause
 * The bytes are those of the examples in RFC 1350, 2347, 2348 and 2349, and of requests captured
 * from tftp-hpa and curl. */
#include "service/tftp/sender.h"

#include "service/tftp/tftp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#define BYTES(text) span_of(text, sizeof(text) - 1)

static struct sender begin(struct span request, struct span content)
{
	struct tftp_packet p;
	struct sender s;

	assert_int_equal(tftp_decode(&p, request, NULL), ERR_OK);
	assert_int_equal(sender_init(&s, &p), ERR_OK);
	sender_start(&s, content);
	return s;
}

static void expect(const struct sender *s, struct span bytes)
{
	struct buf out = {0};

	assert_int_equal(sender_packet(s, &out), ERR_OK);
	assert_int_equal(out.len, bytes.len);
	assert_memory_equal(out.data, bytes.ptr, bytes.len);
	buf_fini(&out);
}

static void test_plain_request(void **state)
{
	struct sender s = begin(BYTES("\0\1CTLFile.tlv\0octet\0"), BYTES("abc"));

	expect(&s, BYTES("\0\3\0\1abc"));
	assert_int_equal(sender_acked(&s, 0), SENDER_IGNORE);
	assert_int_equal(sender_acked(&s, 2), SENDER_IGNORE);
	assert_int_equal(sender_acked(&s, 1), SENDER_DONE);
}

static void test_full_block_is_followed_by_an_empty_one(void **state)
{
	uint8_t content[512] = {0};
	struct sender s =
		begin(BYTES("\0\1CTLFile.tlv\0OcTeT\0"), span_of(content, sizeof(content)));

	assert_int_equal(sender_acked(&s, 1), SENDER_NEXT);
	expect(&s, BYTES("\0\3\0\2"));
	assert_int_equal(sender_acked(&s, 1), SENDER_IGNORE);
	assert_int_equal(sender_acked(&s, 2), SENDER_DONE);
}

/* Nothing between the NULs: no bytes to copy from. */
static void test_empty_mode(void **state)
{
	struct tftp_packet p;
	struct sender s;

	assert_int_equal(tftp_decode(&p, BYTES("\0\1CTLFile.tlv\0\0"), NULL), ERR_OK);
	assert_int_equal(sender_init(&s, &p), ERR_UNSUPPORTED);
}

static void test_empty_file(void **state)
{
	struct sender s = begin(BYTES("\0\1empty\0octet\0"), BYTES(""));

	expect(&s, BYTES("\0\3\0\1"));
	assert_int_equal(sender_acked(&s, 1), SENDER_DONE);
}

static void test_options_as_curl_sends_them(void **state)
{
	struct sender s = begin(
		BYTES("\0\1a\0octet\0tsize\0000\0blksize\000512\0timeout\0006\0"), BYTES("xyz"));

	expect(&s, BYTES("\0\6blksize\000512\0tsize\0003\0timeout\0006\0"));
	assert_int_equal(sender_acked(&s, 1), SENDER_IGNORE);
	assert_int_equal(sender_acked(&s, 0), SENDER_NEXT);
	expect(&s, BYTES("\0\3\0\1xyz"));
	assert_int_equal(sender_acked(&s, 0), SENDER_IGNORE);
	assert_int_equal(sender_acked(&s, 1), SENDER_DONE);
}

static void test_large_blksize_is_lowered(void **state)
{
	struct sender s = begin(BYTES("\0\1a\0octet\0BLKSIZE\00065464\0"), BYTES("xyz"));

	expect(&s, BYTES("\0\6blksize\0001468\0"));
}

static void test_bad_options_are_left_out(void **state)
{
	struct sender s =
		begin(BYTES("\0\1a\0octet\0blksize\0007\0timeout\000255\0windowsize\00064\0"),
			BYTES("xyz"));

	expect(&s, BYTES("\0\3\0\1xyz"));
}

static void test_small_blocks(void **state)
{
	struct sender s = begin(BYTES("\0\1a\0octet\0blksize\0008\0"), BYTES("0123456789"));

	assert_int_equal(sender_acked(&s, 0), SENDER_NEXT);
	expect(&s, BYTES("\0\3\0\1"
			 "01234567"));
	assert_int_equal(sender_acked(&s, 1), SENDER_NEXT);
	expect(&s, BYTES("\0\3\0\2"
			 "89"));
	assert_int_equal(sender_acked(&s, 2), SENDER_DONE);
}

static void test_block_number_rolls_over(void **state)
{
	const size_t len = 8 * 65536 + 3;
	uint8_t *content = calloc(1, len);
	struct sender s;
	uint32_t i;

	assert_non_null(content);
	memcpy(content + len - 3, "end", 3);
	s = begin(BYTES("\0\1a\0octet\0blksize\0008\0"), span_of(content, len));
	for (i = 0; i <= 65536; i++)
		assert_int_equal(sender_acked(&s, (uint16_t)i), SENDER_NEXT);
	expect(&s, BYTES("\0\3\0\1end"));
	assert_int_equal(sender_acked(&s, 1), SENDER_DONE);
	free(content);
}

static void test_modes(void **state)
{
	struct tftp_packet p;
	struct sender s;

	assert_int_equal(tftp_decode(&p, BYTES("\0\1a\0mail\0"), NULL), ERR_OK);
	assert_int_equal(sender_init(&s, &p), ERR_UNSUPPORTED);
	assert_int_equal(tftp_decode(&p, BYTES("\0\1a\0netascii\0"), NULL), ERR_OK);
	assert_int_equal(sender_init(&s, &p), ERR_OK);
	assert_true(s.netascii);
}

static void test_netascii(void **state)
{
	struct buf out = {0};

	sender_netascii(&out, BYTES("a\nb\rc\r\n"));
	assert_int_equal(out.len, 11);
	assert_memory_equal(out.data, "a\r\nb\r\0c\r\0\r\n", 11);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_request),
		cmocka_unit_test(test_full_block_is_followed_by_an_empty_one),
		cmocka_unit_test(test_empty_mode),
		cmocka_unit_test(test_empty_file),
		cmocka_unit_test(test_options_as_curl_sends_them),
		cmocka_unit_test(test_large_blksize_is_lowered),
		cmocka_unit_test(test_bad_options_are_left_out),
		cmocka_unit_test(test_small_blocks),
		cmocka_unit_test(test_block_number_rolls_over),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_netascii),
	};

	return cmocka_run_group_tests_name("service/tftp_sender", tests, NULL, NULL);
}
