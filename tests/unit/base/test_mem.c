/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/executor.h"
#include "base/mem.h"

static int switch_off(void **state)
{
	mem_fail_from(0);
	return 0;
}

static void new_is_zeroed(void **state)
{
	static const char zeros[4096];
	char *block = mem_new(sizeof(zeros));

	assert_non_null(block);
	memset(block, 0xA5, sizeof(zeros));
	mem_free(block);
	block = mem_new(sizeof(zeros));
	assert_non_null(block);
	assert_memory_equal(block, zeros, sizeof(zeros));
	mem_free(block);
	block = mem_new(0);
	assert_non_null(block);
	mem_free(block);
}

static void failing_from_the_nth_on(void **state)
{
	char *first, *second;

	mem_fail_from(2);
	first = mem_strdup("kept");
	assert_non_null(first);
	assert_null(mem_new(8));
	assert_null(mem_resize(first, 100));
	assert_null(mem_strdup("x"));
	assert_null(mem_strndup("x", 1));
	assert_string_equal(first, "kept");
	mem_fail_from(0);
	second = mem_resize(first, 100);
	assert_non_null(second);
	assert_string_equal(second, "kept");
	mem_free(second);
	mem_fail_from(1);
	assert_null(mem_new(1));
}

static void strndup_stops_at_nul(void **state)
{
	char *text = mem_strndup("SEP001122334455.cnf.xml", 15);

	assert_string_equal(text, "SEP001122334455");
	mem_free(text);
	text = mem_strndup("ab\0cd", 5);
	assert_string_equal(text, "ab");
	mem_free(text);
}

static void wipe_overwrites(void **state)
{
	char pin[] = "Cisco123";
	static const char zeros[sizeof(pin)];

	mem_wipe(pin, sizeof(pin));
	assert_memory_equal(pin, zeros, sizeof(pin));
	mem_wipe(NULL, 0);
}

static void add_work(void *job)
{
	strcat(job, "work ");
}

static void add_done(void *job)
{
	strcat(job, "done");
}

static void inline_executor_works_then_is_done(void **state)
{
	char job[16] = "";

	assert_int_equal(executor_run(executor_inline(), add_work, add_done, job), ERR_OK);
	assert_string_equal(job, "work done");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_is_zeroed),
		cmocka_unit_test_teardown(failing_from_the_nth_on, switch_off),
		cmocka_unit_test(strndup_stops_at_nul),
		cmocka_unit_test(wipe_overwrites),
		cmocka_unit_test(inline_executor_works_then_is_done),
	};

	return cmocka_run_group_tests_name("base/mem", tests, NULL, NULL);
}
