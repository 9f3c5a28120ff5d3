/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"

static void numbers_are_negative_and_distinct(void **state)
{
	static const int numbers[] = {
#define ERR(name, number, text) (number),
#include "base/err.def"
#undef ERR
	};
	size_t count = sizeof(numbers) / sizeof(numbers[0]), i, j;

	for (i = 0; i < count; i++) {
		assert_true(numbers[i] < 0);
		for (j = i + 1; j < count; j++)
			assert_int_not_equal(numbers[i], numbers[j]);
	}
}

static void texts_and_names(void **state)
{
	assert_string_equal(err_text(ERR_OK), "success");
	assert_string_equal(err_name(ERR_OK), "OK");
	assert_string_equal(err_text(ERR_SHORT), "data ends too early");
	assert_string_equal(err_name(ERR_SHORT), "SHORT");
	assert_string_equal(err_name(ERR_INUSE), "INUSE");
	assert_string_equal(err_text((enum err) - 999), "unknown error");
	assert_string_equal(err_name((enum err)7), "UNKNOWN");
}

static void first_failure_wins(void **state)
{
	struct fail why = {0};

	assert_int_equal(fail_at(&why, ERR_SHORT, 17, "record %d", 3), ERR_SHORT);
	assert_int_equal(fail_set(&why, ERR_IO, "later"), ERR_IO);
	assert_int_equal(why.code, ERR_SHORT);
	assert_int_equal(why.offset, 17);
	assert_string_equal(why.text, "record 3");
	fail_clear(&why);
	assert_int_equal(why.code, ERR_OK);
	assert_string_equal(why.text, "");
	assert_int_equal(fail_set(&why, ERR_IO, "later"), ERR_IO);
	assert_true(why.offset == SIZE_MAX);
	assert_string_equal(why.text, "later");
}

static void nobody_asks_why(void **state)
{
	assert_int_equal(fail_set(NULL, ERR_PIN, "x"), ERR_PIN);
	assert_int_equal(fail_at(NULL, ERR_PIN, 1, "x"), ERR_PIN);
	fail_prefix(NULL, "x");
	fail_clear(NULL);
}

static void prefix_goes_in_front(void **state)
{
	struct fail why = {0};

	fail_prefix(&why, "nothing");
	assert_string_equal(why.text, "");
	assert_int_equal(fail_set(&why, ERR_FORMAT, "no header"), ERR_FORMAT);
	fail_prefix(&why, "CTLFile.%s", "tlv");
	assert_string_equal(why.text, "CTLFile.tlv: no header");
}

static void long_texts_are_cut(void **state)
{
	char text[400];
	struct fail why = {0};

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(fail_set(&why, ERR_IO, "%s", text), ERR_IO);
	assert_int_equal(strlen(why.text), sizeof(why.text) - 1);
	fail_prefix(&why, "b");
	assert_int_equal(strlen(why.text), sizeof(why.text) - 1);
	assert_memory_equal(why.text, "b: aaa", 6);
	fail_prefix(&why, "%s", text);
	assert_int_equal(strlen(why.text), sizeof(why.text) - 1);
	assert_memory_equal(why.text + sizeof(why.text) - 3, ": ", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_negative_and_distinct),
		cmocka_unit_test(texts_and_names),
		cmocka_unit_test(first_failure_wins),
		cmocka_unit_test(nobody_asks_why),
		cmocka_unit_test(prefix_goes_in_front),
		cmocka_unit_test(long_texts_are_cut),
	};

	return cmocka_run_group_tests_name("base/err", tests, NULL, NULL);
}
