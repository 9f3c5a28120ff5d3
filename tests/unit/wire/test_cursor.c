/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/cursor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdint.h>
#include <stdlib.h>

static const uint8_t bytes[] = {
	0x01, 0x02, 0x03, 0x04, 0x05, 0xF6, 0x07, 0x08, 0x09, 0x0A, 0xFB, 0x0C, 0xFD, 0x0E, 0x0F};

static void byte_orders(void **state)
{
	struct fail why = {0};
	struct cursor c;

	cur_init(&c, span_of(bytes, sizeof(bytes)), "message", &why);
	assert_int_equal(cur_u8(&c, "A"), 0x01);
	assert_int_equal(cur_be16(&c, "B"), 0x0203);
	assert_int_equal(cur_be32(&c, "C"), 0x0405F607);
	assert_int_equal(cur_le16(&c, "D"), 0x0908);
	assert_int_equal(cur_le32(&c, "E"), 0xFD0CFB0A);
	assert_int_equal(cur_left(&c), 2);
	assert_int_equal(cur_where(&c), 13);
	assert_true(span_eq(cur_take(&c, 2, "F"), span_of(bytes + 13, 2)));
	cur_skip(&c, 0, "G");
	assert_int_equal(cur_check(&c), ERR_OK);
	assert_int_equal(why.code, ERR_OK);
}

static void first_error_stays(void **state)
{
	struct fail why = {0};
	struct cursor c;

	cur_init(&c, span_of(bytes, 3), "message", &why);
	cur_skip(&c, 1, "A");
	assert_int_equal(cur_be32(&c, "LENGTH"), 0);
	assert_int_equal(cur_check(&c), ERR_SHORT);
	assert_string_equal(why.text, "message, LENGTH at byte 1: needs 4 bytes, 2 are left");
	assert_int_equal(why.offset, 1);
	assert_int_equal(cur_u8(&c, "B"), 0);
	assert_int_equal(cur_left(&c), 0);
	assert_int_equal(cur_where(&c), 1);
	assert_int_equal(cur_take(&c, 0, "C").len, 0);
	assert_int_equal(cur_fail(&c, ERR_LIMIT, "D", "later"), ERR_SHORT);
	assert_int_equal(cur_take(&c, SIZE_MAX, "E").len, 0);
	assert_int_equal(why.code, ERR_SHORT);
}

static void huge_lengths_do_not_wrap(void **state)
{
	struct cursor c;

	cur_init(&c, span_of(bytes, 4), NULL, NULL);
	cur_skip(&c, 2, "A");
	cur_skip(&c, SIZE_MAX, "B");
	assert_int_equal(cur_check(&c), ERR_SHORT);
	assert_int_equal(cur_where(&c), 2);
}

static void inner_cursors_know_the_absolute_place(void **state)
{
	struct fail why = {0};
	struct cursor c, inner, deeper;

	cur_init(&c, span_of(bytes, sizeof(bytes)), "list", &why);
	cur_skip(&c, 4, "A");
	cur_sub(&c, &inner, 6, "record 3");
	assert_int_equal(cur_where(&c), 10);
	assert_int_equal(cur_u8(&inner, "TAG"), 0x05);
	cur_sub(&inner, &deeper, 2, "SIGNERID");
	assert_int_equal(cur_u8(&deeper, "TAG"), 0xF6);
	cur_fail(&deeper, ERR_FORMAT, "SERIALNUMBER", "is %d", 9);
	assert_string_equal(why.text, "SIGNERID, SERIALNUMBER at byte 6: is 9");
	assert_int_equal(cur_check(&inner), ERR_OK);
	assert_int_equal(cur_fail_at(&inner, ERR_LIMIT, 4, "TAG", "x"), ERR_LIMIT);
	assert_int_equal(why.code, ERR_FORMAT);
}

static void an_inner_cursor_of_a_failed_one_yields_nothing(void **state)
{
	struct fail why = {0};
	struct cursor c, inner;

	cur_init(&c, span_of(bytes, 3), NULL, &why);
	cur_sub(&c, &inner, 4, "record 1");
	assert_int_equal(cur_check(&c), ERR_SHORT);
	assert_int_equal(cur_check(&inner), ERR_SHORT);
	assert_int_equal(cur_u8(&inner, "TAG"), 0);
	assert_string_equal(why.text, "record 1 at byte 0: needs 4 bytes, 3 are left");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(byte_orders),
		cmocka_unit_test(first_error_stays),
		cmocka_unit_test(huge_lengths_do_not_wrap),
		cmocka_unit_test(inner_cursors_know_the_absolute_place),
		cmocka_unit_test(an_inner_cursor_of_a_failed_one_yields_nothing),
	};

	return cmocka_run_group_tests_name("wire/cursor", tests, NULL, NULL);
}
