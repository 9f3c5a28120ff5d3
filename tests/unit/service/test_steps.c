/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/steps.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static void put(struct steps *s, unsigned i)
{
	struct enrol_step step = {.at_us = i, .step = STORE_STEP_CONNECTED};

	steps_put(s, &step);
}

/* Those from number `first` to `last` are handed over, in order. */
static void assert_after(const struct steps *s, uint64_t after, uint64_t first, uint64_t last)
{
	struct steps_copy got;

	assert_int_equal(steps_after(s, after, &got), ERR_OK);
	assert_int_equal(got.last, last);
	assert_int_equal(got.count, last + 1 - first);
	assert_int_equal(got.lost, first - 1 - after);
	for (size_t i = 0; i < got.count; i++)
		assert_int_equal(got.of[i].at_us, first + i);
	mem_free(got.of);
}

static void test_every_step_is_there_until_there_are_too_many(void **state)
{
	struct steps *s;
	unsigned i;

	assert_int_equal(steps_new(&s), ERR_OK);
	assert_after(s, 0, 1, 0);
	for (i = 1; i <= STEPS_MOST; i++) {
		put(s, i);
		if (i == 1 || i == 64 || i == 65 || i == 129 || i == STEPS_MOST)
			assert_after(s, 0, 1, i);
	}
	assert_after(s, STEPS_MOST - 3, STEPS_MOST - 2, STEPS_MOST);
	for (; i <= STEPS_MOST + 100; i++)
		put(s, i);
	assert_after(s, 0, 101, STEPS_MOST + 100);
	assert_after(s, 50, 101, STEPS_MOST + 100);
	assert_after(s, 150, 151, STEPS_MOST + 100);
	steps_free(s);
}

static void test_a_number_that_was_never_given(void **state)
{
	struct steps_copy got;
	struct steps *s;

	assert_int_equal(steps_new(&s), ERR_OK);
	put(s, 1);
	assert_int_equal(steps_after(s, 7, &got), ERR_OK);
	assert_int_equal(got.count, 0);
	assert_int_equal(got.lost, 0);
	steps_free(s);
	steps_put(NULL, &(struct enrol_step){.at_us = 1});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_step_is_there_until_there_are_too_many),
		cmocka_unit_test(test_a_number_that_was_never_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
