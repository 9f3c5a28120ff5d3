/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "base/clock.h"

/* 2011-08-31 17:28:03 UTC */
#define AUGUST 1314811683

static void in_zone(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

/* Each line as `LC_ALL=C date -d @<seconds>` of GNU coreutils 9.1 prints it. */
static void dates_as_date_prints_them(void **state)
{
	static const struct {
		const char *zone, *text;
		int64_t seconds;
	} rows[] = {
		{"EST5EDT,M3.2.0,M11.1.0", "Wed Aug 31 13:28:03 EDT 2011", AUGUST},
		{"EST5EDT,M3.2.0,M11.1.0", "Wed Dec 31 18:59:59 EST 1969", -1},
		{"UTC0", "Thu Jan  1 00:00:00 UTC 1970", 0},
		{"UTC0", "Tue Feb 29 12:34:56 UTC 2000", 951827696},
		{"JST-9", "Thu Sep  1 02:28:03 JST 2011", AUGUST},
	};
	char text[CLOCK_DATE_MAX];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		in_zone(rows[i].zone);
		clock_print_date(text, rows[i].seconds);
		assert_string_equal(text, rows[i].text);
	}
}

static void iso_is_utc_everywhere(void **state)
{
	char text[CLOCK_DATE_MAX];

	in_zone("JST-9");
	clock_print_iso(text, 1795459378);
	assert_string_equal(text, "2026-11-23T18:42:58Z");
	clock_print_iso(text, -1);
	assert_string_equal(text, "1969-12-31T23:59:59Z");
}

static void years_beyond_the_calendar(void **state)
{
	char text[CLOCK_DATE_MAX];

	clock_print_iso(text, INT64_MAX);
	assert_string_equal(text, "9223372036854775807");
	clock_print_date(text, INT64_MIN);
	assert_string_equal(text, "-9223372036854775808");
}

static void trace_times_have_milliseconds(void **state)
{
	char text[CLOCK_DATE_MAX];

	in_zone("UTC0");
	clock_print_trace(text, INT64_C(1314811683766999));
	assert_string_equal(text, "17:28:03.766");
	clock_print_trace(text, -1);
	assert_string_equal(text, "23:59:59.999");
	in_zone("EST5EDT,M3.2.0,M11.1.0");
	clock_print_trace(text, INT64_C(1314811683000000));
	assert_string_equal(text, "13:28:03.000");
}

static void a_fixed_clock_stands_still(void **state)
{
	struct clock fixed = clock_fixed(AUGUST);

	assert_true(clock_seconds(&fixed) == AUGUST);
	assert_true(clock_us(&fixed) == INT64_C(1314811683000000));
	fixed.fixed_us += 1999999;
	assert_true(clock_seconds(&fixed) == AUGUST + 1);
	fixed = clock_fixed(-1);
	fixed.fixed_us += 1;
	assert_true(clock_seconds(&fixed) == -1);
}

static void the_system_clock_is_the_system_s(void **state)
{
	time_t before = time(NULL);
	int64_t now = clock_seconds(clock_system());
	int64_t start = clock_monotonic_us();

	assert_true(now >= before - 1 && now <= time(NULL) + 1);
	assert_true(clock_monotonic_us() >= start);
}

static void dates_are_read_strictly(void **state)
{
	static const char *const bad[] = {"", "now", "-1", "2011-02-30", "2011-13-01", "2011-8-31",
		"2011-08-31T17:28:03", "2011-08-31T24:28:03Z", "2011-08-31T17:28:03Z ",
		"2011-08-31 17:28:03", "1969-12-31", "253402300800", "20111-08-31"};
	int64_t seconds = 77;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (clock_parse(bad[i], &seconds) != ERR_FORMAT)
			fail_msg("%s", bad[i]);
		assert_true(seconds == 77);
	}
	assert_int_equal(clock_parse("1314811683", &seconds), ERR_OK);
	assert_true(seconds == AUGUST);
	assert_int_equal(clock_parse("2011-08-31T17:28:03Z", &seconds), ERR_OK);
	assert_true(seconds == AUGUST);
	assert_int_equal(clock_parse("1970-01-02", &seconds), ERR_OK);
	assert_true(seconds == 86400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_as_date_prints_them),
		cmocka_unit_test(iso_is_utc_everywhere),
		cmocka_unit_test(years_beyond_the_calendar),
		cmocka_unit_test(trace_times_have_milliseconds),
		cmocka_unit_test(a_fixed_clock_stands_still),
		cmocka_unit_test(dates_are_read_strictly),
		cmocka_unit_test(the_system_clock_is_the_system_s),
	};

	return cmocka_run_group_tests_name("base/clock", tests, NULL, NULL);
}
