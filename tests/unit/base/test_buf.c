/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"

static int switch_off(void **state)
{
	mem_fail_from(0);
	return 0;
}

static void assert_content(const struct buf *b, const void *bytes, size_t len)
{
	assert_int_equal(buf_check(b), ERR_OK);
	assert_int_equal(b->len, len);
	assert_memory_equal(b->data, bytes, len);
}

static void every_writer(void **state)
{
	static const uint8_t want[] = {0x12, 0x12, 0x34, 0x12, 0x34, 0x56, 0x78, 0x34, 0x12, 0x78,
		0x56, 0x34, 0x12, 'S', 'E', 'P', 'a', 'b', 0, 0xFF, 0xFF, 0xFF, '0', '7', '!', 1,
		2};
	struct buf b = {0};

	buf_u8(&b, 0x12);
	buf_be16(&b, 0x1234);
	buf_be32(&b, 0x12345678);
	buf_le16(&b, 0x1234);
	buf_le32(&b, 0x12345678);
	buf_str(&b, "SEP");
	buf_strz(&b, "ab");
	buf_fill(&b, 0xFF, 3);
	buf_printf(&b, "%02d%c", 7, '!');
	buf_put(&b, span_of("\x01\x02", 2));
	buf_put(&b, span_str(NULL));
	buf_fill(&b, 9, 0);
	buf_printf(&b, "%s", "");
	assert_content(&b, want, sizeof(want));
	assert_true(span_eq(buf_span(&b), span_of(want, sizeof(want))));
	buf_clear(&b);
	assert_content(&b, want, 0);
	buf_fini(&b);
	assert_null(b.data);
	assert_int_equal(b.cap, 0);
}

static void grows_over_many_sizes(void **state)
{
	struct buf b;
	size_t i;

	buf_init(&b);
	for (i = 0; i < 100000; i++)
		buf_u8(&b, (uint8_t)(i * 7));
	assert_int_equal(buf_check(&b), ERR_OK);
	assert_int_equal(b.len, 100000);
	for (i = 0; i < 100000; i++)
		assert_int_equal(b.data[i], (uint8_t)(i * 7));
	buf_wipe(&b);
	assert_null(b.data);
}

static void printf_longer_than_the_room(void **state)
{
	struct buf b = {0};
	char want[1201];

	memset(want, ' ', sizeof(want));
	want[1199] = 'x';
	buf_printf(&b, "%1200s", "x");
	assert_content(&b, want, 1200);
	buf_fini(&b);
}

static void drop_from_the_front(void **state)
{
	struct buf b = {0};

	buf_str(&b, "abcdef");
	buf_drop(&b, 0);
	buf_drop(&b, 2);
	assert_content(&b, "cdef", 4);
	buf_drop(&b, 99);
	assert_int_equal(b.len, 0);
	buf_fini(&b);
}

static void lengths_written_afterwards(void **state)
{
	static const uint8_t want[] = {0x01, 0x00, 0x05, 'h', 'e', 'l', 'l', 'o', 0xBE, 0xEF};
	struct buf b = {0};
	size_t pos;

	buf_u8(&b, 1);
	pos = buf_reserve_be16(&b);
	buf_str(&b, "hello");
	buf_patch_be16(&b, pos);
	pos = buf_reserve_be16(&b);
	buf_set_be16(&b, pos, 0xBEEF);
	assert_content(&b, want, sizeof(want));
	buf_set_be16(&b, b.len - 1, 1);
	assert_int_equal(buf_check(&b), ERR_ARG);
	buf_clear(&b);
	buf_set_be16(&b, 0, 1);
	assert_int_equal(buf_check(&b), ERR_ARG);
	buf_clear(&b);
	buf_patch_be16(&b, 0);
	assert_int_equal(buf_check(&b), ERR_ARG);
	buf_fini(&b);
}

static void a_length_of_16_bits_has_a_limit(void **state)
{
	struct buf b = {0};
	size_t pos = buf_reserve_be16(&b);

	buf_fill(&b, 0, 65535);
	buf_patch_be16(&b, pos);
	assert_int_equal(buf_check(&b), ERR_OK);
	assert_memory_equal(b.data, "\xFF\xFF", 2);
	buf_u8(&b, 0);
	buf_patch_be16(&b, pos);
	assert_int_equal(buf_check(&b), ERR_LIMIT);
	buf_fini(&b);
}

static void sizes_that_overflow(void **state)
{
	struct buf b = {0};

	buf_u8(&b, 1);
	assert_null(buf_grow(&b, SIZE_MAX));
	assert_int_equal(buf_check(&b), ERR_NOMEM);
	assert_int_equal(b.len, 1);
	buf_fini(&b);
}

static void write_much(struct buf *b)
{
	size_t pos;

	buf_str(b, "first");
	pos = buf_reserve_be16(b);
	buf_fill(b, 'x', 100);
	buf_printf(b, "%0300d", 1);
	buf_patch_be16(b, pos);
	if (buf_grow(b, 1000))
		b->data[b->len - 1] = 1;
	buf_be32(b, 5);
}

static void each_allocation_fails_in_turn(void **state)
{
	struct buf b = {0};
	size_t n, len;

	for (n = 1;; n++) {
		mem_fail_from(n);
		write_much(&b);
		if (buf_check(&b) == ERR_OK)
			break;
		assert_int_equal(buf_check(&b), ERR_NOMEM);
		len = b.len;
		mem_fail_from(0);
		/* Sticky, though there is memory again. */
		buf_u8(&b, 1);
		buf_patch_be16(&b, 0);
		buf_set_be16(&b, 0, 1);
		assert_null(buf_grow(&b, 1));
		assert_int_equal(b.len, len);
		assert_int_equal(buf_check(&b), ERR_NOMEM);
		buf_clear(&b);
		buf_str(&b, "works again");
		assert_content(&b, "works again", 11);
		buf_fini(&b);
	}
	assert_true(n > 3);
	assert_int_equal(b.len, 5 + 2 + 100 + 300 + 1000 + 4);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_writer),
		cmocka_unit_test(grows_over_many_sizes),
		cmocka_unit_test(printf_longer_than_the_room),
		cmocka_unit_test(drop_from_the_front),
		cmocka_unit_test(lengths_written_afterwards),
		cmocka_unit_test(a_length_of_16_bits_has_a_limit),
		cmocka_unit_test(sizes_that_overflow),
		cmocka_unit_test_teardown(each_allocation_fails_in_turn, switch_off),
	};

	return cmocka_run_group_tests_name("base/buf", tests, NULL, NULL);
}
