/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/slots.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

static int a, b, c;

static void test_finds_what_was_put(void **state)
{
	struct slots *s;
	struct slot_ref ra, rb, rc;

	assert_int_equal(slots_new(&s, 2), ERR_OK);
	assert_int_equal(slots_take(s, &a, &ra), ERR_OK);
	assert_int_equal(slots_take(s, &b, &rb), ERR_OK);
	assert_int_equal(slots_take(s, &c, &rc), ERR_LIMIT);
	assert_ptr_equal(slots_get(s, ra), &a);
	assert_ptr_equal(slots_get(s, rb), &b);
	assert_int_equal(slots_used(s), 2);
	slots_free(s);
}

static void test_late_reference_finds_nothing(void **state)
{
	struct slots *s;
	struct slot_ref first, second;

	assert_int_equal(slots_new(&s, 1), ERR_OK);
	assert_int_equal(slots_take(s, &a, &first), ERR_OK);
	slots_drop(s, first);
	assert_null(slots_get(s, first));
	assert_int_equal(slots_take(s, &b, &second), ERR_OK);
	assert_int_equal(first.slot, second.slot);
	assert_null(slots_get(s, first));
	slots_drop(s, first); /* of the session before: the present one stays */
	assert_ptr_equal(slots_get(s, second), &b);
	assert_null(slots_get(s, (struct slot_ref){.slot = 7, .generation = 1}));
	assert_null(slots_get(s, (struct slot_ref){0}));
	slots_free(s);
}

static void test_walk_while_dropping(void **state)
{
	struct slots *s;
	struct slot_ref refs[3];
	int *session, seen = 0;
	uint32_t at = 0;

	assert_int_equal(slots_new(&s, 8), ERR_OK);
	assert_int_equal(slots_take(s, &a, &refs[0]), ERR_OK);
	assert_int_equal(slots_take(s, &b, &refs[1]), ERR_OK);
	assert_int_equal(slots_take(s, &c, &refs[2]), ERR_OK);
	while ((session = slots_next(s, &at)))
		slots_drop(s, refs[seen++]);
	assert_int_equal(seen, 3);
	assert_int_equal(slots_used(s), 0);
	slots_free(s);
}

static void test_no_memory(void **state)
{
	struct slots *s = NULL;
	size_t n;

	for (n = 1; n <= 2; n++) {
		mem_fail_from(n);
		assert_int_equal(slots_new(&s, 4), ERR_NOMEM);
		mem_fail_from(0);
		assert_null(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_what_was_put),
		cmocka_unit_test(test_late_reference_finds_nothing),
		cmocka_unit_test(test_walk_while_dropping),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests_name("service/slots", tests, NULL, NULL);
}
