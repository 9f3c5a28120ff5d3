/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/sources.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define SECOND 1000000ll

static struct net_addr host(unsigned n)
{
	struct net_addr a = {
		.bytes = {10, 0, (uint8_t)(n >> 8), (uint8_t)n}, .port = (uint16_t)(1000 + n)};

	return a;
}

static int setup(void **state)
{
	*state = test_calloc(1, sizeof(struct sources));
	return 0;
}

static int teardown(void **state)
{
	test_free(*state);
	return 0;
}

static void waits_grow_and_end(void **state)
{
	static const int64_t waits[] = {0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60};
	struct sources *s = *state;
	struct net_addr a = host(1), other = host(2);
	int64_t now = 5 * SECOND;

	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		sources_failed(s, &a, now);
		assert_int_equal(sources_wait(s, &a, now), waits[i]);
		a.port++; /* a host, whatever its ports */
		if (waits[i])
			assert_int_equal(sources_wait(s, &a, now + waits[i] * SECOND - 1), 1);
		now += waits[i] * SECOND;
		assert_int_equal(sources_wait(s, &a, now), 0);
	}
	assert_int_equal(sources_wait(s, &other, now), 0);
	sources_failed(s, &a, now);
	sources_good(s, &a);
	assert_int_equal(sources_wait(s, &a, now), 0);
	for (int i = 0; i < 5; i++)
		sources_failed(s, &a, now);
	assert_int_equal(sources_wait(s, &a, now), 0);
	/* What was long ago does not count. */
	now += SOURCES_KEEP_US + 1;
	sources_failed(s, &a, now);
	assert_int_equal(sources_wait(s, &a, now), 0);
}

static void the_oldest_gives_way(void **state)
{
	struct sources *s = *state;
	struct net_addr a;
	unsigned n;

	for (n = 0; n < SOURCES_MAX + 1; n++) {
		a = host(n);
		for (unsigned k = 0; k <= SOURCES_FREE; k++)
			sources_failed(s, &a, (int64_t)n + 1);
	}
	a = host(0);
	assert_int_equal(sources_wait(s, &a, SOURCES_MAX + 1), 0);
	for (n = 1; n < SOURCES_MAX + 1; n++) {
		a = host(n);
		assert_int_equal(sources_wait(s, &a, SOURCES_MAX + 1), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(waits_grow_and_end, setup, teardown),
		cmocka_unit_test_setup_teardown(the_oldest_gives_way, setup, teardown),
	};

	return cmocka_run_group_tests_name("service/sources", tests, NULL, NULL);
}
