/* SPDX-License-Identifier: BSD-2-Clause */
#include "scratch.h"

#include "base/log.h"
#include "base/mem.h"

#include <regex.h>

static void assert_matches(const char *text, const char *pattern)
{
	regex_t re;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&re, text, 0, NULL, 0) != 0)
		fail_msg("\"%s\" does not match \"%s\"", text, pattern);
	regfree(&re);
}

static void levels_and_shape(void **state)
{
	FILE *out = fopen(scratch_path("log"), "w");
	char *text;

	assert_non_null(out);
	log_to(out, LOG_WARN);
	log_line(LOG_ERROR, "port %d is taken", 69);
	log_line(LOG_WARN, "peer says \"%s\"", "a\nb\x1B[2J");
	log_line(LOG_INFO, "not shown");
	log_to(NULL, LOG_INFO);
	fclose(out);
	text = scratch_get("log", NULL);
	assert_matches(text, "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z error: port 69 is taken\n"
			     "[-0-9T:]{19}Z warning: peer says \"a\\\\x0Ab\\\\x1B\\[2J\"\n$");
	free(text);
}

static void a_line_without_memory(void **state)
{
	FILE *out = fopen(scratch_path("log"), "w");
	size_t n;
	char *text, *line, *next;

	assert_non_null(out);
	log_to(out, LOG_WARN);
	for (n = 1; n <= 2; n++) {
		mem_fail_from(n);
		log_line(LOG_ERROR, "lost");
		mem_fail_from(0);
	}
	log_to(NULL, LOG_INFO);
	fclose(out);
	text = scratch_get("log", NULL);
	for (line = text, n = 0; *line; line = next, n++) {
		next = strchr(line, '\n') + 1;
		next[-1] = '\0';
		assert_matches(line, "^[^ ]*Z error: \\(text lost: out of memory\\)$");
	}
	assert_int_equal(n, 2);
	free(text);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(levels_and_shape),
		TEST(a_line_without_memory),
	};

	return cmocka_run_group_tests_name("base/log", tests, NULL, NULL);
}
