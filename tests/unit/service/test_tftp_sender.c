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

/* Takes the packet that is due and compares it. */
static void expect(struct sender *s, struct span bytes)
{
	struct sender_out out;
	uint8_t packet[2048];

	assert_true(sender_due(s));
	sender_take(s, &out);
	assert_int_equal(out.head_len + out.body.len, bytes.len);
	memcpy(packet, out.head, out.head_len);
	if (out.body.len)
		memcpy(packet + out.head_len, out.body.ptr, out.body.len);
	assert_memory_equal(packet, bytes.ptr, bytes.len);
}

/* Takes all packets that are due: how many blocks, from which on. */
static unsigned take_all(struct sender *s, unsigned *first)
{
	struct sender_out out;
	unsigned count = 0;

	while (sender_due(s)) {
		sender_take(s, &out);
		assert_int_equal(out.head[1], TFTP_DATA);
		if (!count++)
			*first = (unsigned)(out.head[2] << 8 | out.head[3]);
	}
	return count;
}

static void expect_blocks(struct sender *s, unsigned count, unsigned first)
{
	unsigned at = 0;

	assert_int_equal(take_all(s, &at), count);
	if (count)
		assert_int_equal(at, first);
}

static void test_plain_request(void **state)
{
	struct sender s = begin(BYTES("\0\1CTLFile.tlv\0octet\0"), BYTES("abc"));

	assert_int_equal(sender_acked(&s, 1), SENDER_IGNORE); /* before it was sent */
	expect(&s, BYTES("\0\3\0\1abc"));
	assert_false(sender_due(&s));
	assert_int_equal(sender_acked(&s, 0), SENDER_IGNORE);
	assert_int_equal(sender_acked(&s, 2), SENDER_IGNORE);
	assert_int_equal(sender_acked(&s, 1), SENDER_DONE);
}

static void test_full_block_is_followed_by_an_empty_one(void **state)
{
	uint8_t content[512] = {0};
	struct sender s =
		begin(BYTES("\0\1CTLFile.tlv\0OcTeT\0"), span_of(content, sizeof(content)));

	expect_blocks(&s, 1, 1);
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
		begin(BYTES("\0\1a\0octet\0blksize\0007\0timeout\000255\0windowsize\0000\0"),
			BYTES("xyz"));

	expect(&s, BYTES("\0\3\0\1xyz"));
}

/* The example of RFC 7440, section 4, which asks for more than is granted here. */
static void test_windowsize_is_lowered(void **state)
{
	struct sender s = begin(BYTES("\0\1a\0octet\0windowsize\00064\0"), BYTES("xyz"));

	expect(&s, BYTES("\0\6windowsize\00032\0"));
	assert_int_equal(sender_acked(&s, 0), SENDER_NEXT);
	expect(&s, BYTES("\0\3\0\1xyz"));
	assert_int_equal(sender_acked(&s, 1), SENDER_DONE);
}

static void test_small_blocks(void **state)
{
	struct sender s = begin(BYTES("\0\1a\0octet\0blksize\0008\0"), BYTES("0123456789"));

	expect(&s, BYTES("\0\6blksize\0008\0"));
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
	for (i = 0; i <= 65536; i++) {
		struct sender_out out;

		sender_take(&s, &out);
		assert_int_equal(sender_acked(&s, (uint16_t)i), SENDER_NEXT);
	}
	expect(&s, BYTES("\0\3\0\1end"));
	assert_int_equal(sender_acked(&s, 1), SENDER_DONE);
	assert_int_equal(sender_bytes(&s), len);
	free(content);
}

/* --- windows; blocks of 8 bytes --- */

static struct sender begin_window(unsigned window, struct span content)
{
	char request[] = "\0\1a\0octet\0blksize\0008\0windowsize\0x\0";
	struct sender s;

	request[sizeof(request) - 3] = (char)('0' + window);
	s = begin(span_of(request, sizeof(request) - 1), content);
	sender_take(&s, &(struct sender_out){.again = false});
	assert_int_equal(sender_acked(&s, 0), SENDER_NEXT);
	return s;
}

static void test_windows(void **state)
{
	uint8_t content[8 * 10] = {0}; /* ten full blocks and an empty one */
	struct sender s = begin_window(4, span_of(content, sizeof(content)));

	expect_blocks(&s, 4, 1);
	assert_int_equal(sender_acked(&s, 4), SENDER_NEXT);
	expect_blocks(&s, 4, 5);
	assert_int_equal(sender_acked(&s, 8), SENDER_NEXT);
	expect_blocks(&s, 3, 9);
	assert_int_equal(sender_acked(&s, 12), SENDER_IGNORE);
	assert_int_equal(sender_acked(&s, 11), SENDER_DONE);
	assert_int_equal(sender_bytes(&s), sizeof(content));
}

/* RFC 7440: the block after the one that is acknowledged was lost. */
static void test_a_part_of_a_window(void **state)
{
	uint8_t content[8 * 10] = {0};
	struct sender s = begin_window(4, span_of(content, sizeof(content)));
	struct sender_out out;

	expect_blocks(&s, 4, 1);
	assert_int_equal(sender_acked(&s, 2), SENDER_NEXT);
	sender_take(&s, &out);
	assert_int_equal(out.head[3], 3);
	assert_true(out.again);
	expect_blocks(&s, 3, 4);
	/* That of the whole first window, late: it is no ACK of what is under way but for block 4.
	 */
	assert_int_equal(sender_acked(&s, 4), SENDER_NEXT);
	expect_blocks(&s, 4, 5);
}

/* The first block of a window was lost: the ACK of the one before comes again, and is heard once.
 */
static void test_the_first_of_a_window_is_lost(void **state)
{
	uint8_t content[8 * 20] = {0};
	struct sender s = begin_window(4, span_of(content, sizeof(content)));

	expect_blocks(&s, 4, 1);
	assert_int_equal(sender_acked(&s, 4), SENDER_NEXT);
	expect_blocks(&s, 4, 5);
	assert_int_equal(sender_acked(&s, 4), SENDER_NEXT);
	expect_blocks(&s, 4, 5);
	assert_int_equal(sender_acked(&s, 4), SENDER_IGNORE);
	assert_int_equal(sender_acked(&s, 3), SENDER_IGNORE);
}

/* One packet that the network doubles must not double every window after it: each ACK comes twice
 * from a client that gets each window twice. */
static void test_doubled_acks_do_not_double_windows(void **state)
{
	uint8_t *content = calloc(1, 8 * 400);
	struct sender s = begin_window(4, span_of(content, 8 * 400));
	unsigned window, sent = 0, first;

	sent += take_all(&s, &first);
	for (window = 1; window <= 50; window++) {
		assert_int_equal(sender_acked(&s, (uint16_t)(4 * window)), SENDER_NEXT);
		sent += take_all(&s, &first);
		if (sender_acked(&s, (uint16_t)(4 * window)) == SENDER_NEXT)
			sent += take_all(&s, &first);
	}
	/* 51 windows once, at most every second one again. */
	assert_true(sent <= 51 * 4 + 25 * 4);
	free(content);
}

/* Lock-step: nothing is sent for an ACK that comes again, however often. */
static void test_sorcerers_apprentice(void **state)
{
	uint8_t content[8 * 20] = {0};
	struct sender s =
		begin(BYTES("\0\1a\0octet\0blksize\0008\0"), span_of(content, sizeof(content)));
	unsigned block, i;

	sender_take(&s, &(struct sender_out){.again = false});
	for (block = 0; block < 20; block++) {
		assert_int_equal(sender_acked(&s, (uint16_t)block), SENDER_NEXT);
		expect_blocks(&s, 1, block + 1);
		for (i = 0; i <= block; i++)
			assert_int_equal(sender_acked(&s, (uint16_t)i), SENDER_IGNORE);
	}
}

static void test_rewind(void **state)
{
	uint8_t content[8 * 20] = {0};
	struct sender s = begin_window(3, span_of(content, sizeof(content)));
	struct sender_out out;

	expect_blocks(&s, 3, 1);
	sender_rewind(&s);
	sender_take(&s, &out);
	assert_true(out.again);
	expect_blocks(&s, 2, 2);
	assert_int_equal(sender_acked(&s, 3), SENDER_NEXT);
	sender_take(&s, &out);
	assert_false(out.again);
}

static void test_window_rolls_over(void **state)
{
	const size_t len = 8 * 65539;
	uint8_t *content = calloc(1, len);
	struct sender s = begin_window(8, span_of(content, len));
	unsigned first, i;

	assert_non_null(content);
	for (i = 1; i < 8192; i++) {
		take_all(&s, &first);
		assert_int_equal(sender_acked(&s, (uint16_t)(8 * i)), SENDER_NEXT);
	}
	expect_blocks(&s, 8, 65529);
	/* 65529 to 65535, then 0: seven of them arrived. */
	assert_int_equal(sender_acked(&s, 65535), SENDER_NEXT);
	expect_blocks(&s, 5, 0);
	assert_int_equal(sender_acked(&s, 4), SENDER_DONE);
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
		cmocka_unit_test(test_windowsize_is_lowered),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_a_part_of_a_window),
		cmocka_unit_test(test_the_first_of_a_window_is_lost),
		cmocka_unit_test(test_doubled_acks_do_not_double_windows),
		cmocka_unit_test(test_sorcerers_apprentice),
		cmocka_unit_test(test_rewind),
		cmocka_unit_test(test_window_rolls_over),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_netascii),
	};

	return cmocka_run_group_tests_name("service/tftp_sender", tests, NULL, NULL);
}
