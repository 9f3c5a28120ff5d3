/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* Time is handed in, so that tests can move it. */
struct clock {
	int64_t (*now_us)(const struct clock *c); /* microseconds since 1970-01-01 UTC */
	int64_t fixed_us;                         /* used by clock_fixed only */
};

const struct clock *clock_system(void);

/* A clock that stands still at `seconds` since 1970-01-01 UTC. */
struct clock clock_fixed(int64_t seconds);

int64_t clock_seconds(const struct clock *c);
int64_t clock_us(const struct clock *c);

/* Monotonic microseconds, for durations. */
int64_t clock_monotonic_us(void);

/* "Wed Aug 31 13:28:03 EDT 2011": the platform's `date` form in local time, as `show ctl` prints.
 */
#define CLOCK_DATE_MAX 64
void clock_print_date(char out[CLOCK_DATE_MAX], int64_t seconds);

/* "2026-11-23T18:42:58Z" */
void clock_print_iso(char out[CLOCK_DATE_MAX], int64_t seconds);

/* Seconds since 1970, or "2026-11-23T18:42:58Z", or "2026-11-23" for its first second in UTC; years
 * 1970 to 9999. ERR_FORMAT. */
enum err clock_parse(const char *text, int64_t *seconds) MUST_USE;

/* "11:08:20.766": local time with milliseconds, as traces begin. */
void clock_print_trace(char out[CLOCK_DATE_MAX], int64_t us);

#endif
