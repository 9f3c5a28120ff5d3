/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/clock.h"

#include "base/str.h"

#include <stdio.h>
#include <time.h>

#define US_PER_SECOND 1000000

static int64_t read_us(clockid_t id)
{
	struct timespec ts;

	/* Cannot fail: both clocks always exist and `ts` is ours. */
	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * US_PER_SECOND + ts.tv_nsec / 1000;
}

static int64_t system_now(const struct clock *c)
{
	return read_us(CLOCK_REALTIME);
}

static int64_t fixed_now(const struct clock *c)
{
	return c->fixed_us;
}

const struct clock *clock_system(void)
{
	static const struct clock system_clock = {.now_us = system_now};

	return &system_clock;
}

struct clock clock_fixed(int64_t seconds)
{
	return (struct clock){.now_us = fixed_now, .fixed_us = seconds * US_PER_SECOND};
}

/* Rounds down also before 1970. */
static int64_t whole_seconds(int64_t us)
{
	return us / US_PER_SECOND - (us % US_PER_SECOND < 0 ? 1 : 0);
}

int64_t clock_us(const struct clock *c)
{
	return c->now_us(c);
}

int64_t clock_seconds(const struct clock *c)
{
	return whole_seconds(clock_us(c));
}

int64_t clock_monotonic_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

void clock_print_date(char out[CLOCK_DATE_MAX], int64_t seconds)
{
	/* Not strftime: these lines are English whatever the locale is. */
	static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[][4] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t when = (time_t)seconds;
	struct tm tm;

	if (!localtime_r(&when, &tm)) {
		snprintf(out, CLOCK_DATE_MAX, "%lld", (long long)seconds);
		return;
	}
	snprintf(out, CLOCK_DATE_MAX, "%s %s %2d %02d:%02d:%02d %s %lld", days[tm.tm_wday],
		months[tm.tm_mon], tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, tm.tm_zone,
		(long long)tm.tm_year + 1900);
}

void clock_print_iso(char out[CLOCK_DATE_MAX], int64_t seconds)
{
	time_t when = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&when, &tm)) {
		snprintf(out, CLOCK_DATE_MAX, "%lld", (long long)seconds);
		return;
	}
	snprintf(out, CLOCK_DATE_MAX, "%04lld-%02d-%02dT%02d:%02d:%02dZ",
		(long long)tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
		tm.tm_sec);
}

void clock_print_trace(char out[CLOCK_DATE_MAX], int64_t us)
{
	int64_t seconds = whole_seconds(us);
	time_t when = (time_t)seconds;
	struct tm tm;

	/* Microseconds in 64 bits stay within the years that localtime_r knows. */
	localtime_r(&when, &tm);
	snprintf(out, CLOCK_DATE_MAX, "%02d:%02d:%02d.%03d", tm.tm_hour, tm.tm_min, tm.tm_sec,
		(int)((us - seconds * US_PER_SECOND) / 1000));
}

#define YEAR_9999_END 253402300799L

enum err clock_parse(const char *text, int64_t *seconds)
{
	struct tm tm = {0};
	long number;
	const char *rest;
	time_t when;
	char again[CLOCK_DATE_MAX];
	size_t len = strlen(text);

	if (str_number(text, 0, YEAR_9999_END, &number) == ERR_OK) {
		*seconds = number;
		return ERR_OK;
	}
	rest = strptime(text, "%Y-%m-%d", &tm);
	if (rest && *rest)
		rest = strptime(rest, "T%H:%M:%SZ", &tm);
	if (!rest || *rest)
		return ERR_FORMAT;
	when = timegm(&tm);
	/* A day that does not exist comes back as another one; single digits come back as two. */
	clock_print_iso(again, (int64_t)when);
	if (when < 0 || when > YEAR_9999_END || strncmp(again, text, len) != 0)
		return ERR_FORMAT;
	*seconds = (int64_t)when;
	return ERR_OK;
}
