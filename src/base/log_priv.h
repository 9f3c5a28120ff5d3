/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_LOG_PRIV_H
#define BASE_LOG_PRIV_H

/* Between log and traces. */
#include "base/clock.h"
#include "base/log.h"

#include <stdarg.h>

/* One lock for all: lines are whole, and times in a file do not go back. */
void log_lock(void);
void log_unlock(void);

/* Time and prefix of a line. */
#define LOG_HEAD_MAX (CLOCK_DATE_MAX + 16)
/* Room for a head and the reason why there is no text. */
#define LOG_SPARE_MAX (LOG_HEAD_MAX + 64)

struct log_text {
	struct buf buf;
	char spare[LOG_SPARE_MAX]; /* used when memory is short */
};

/* `head`, the text made safe, a newline: always one line. Valid until line->buf is freed. */
struct span log_make(struct log_text *line, const char *head, const char *fmt, va_list args)
	PRINTF_LIKE(3, 0);

/* A log that cannot be written has nowhere to complain: failures are dropped. */
void log_put(FILE *out, struct span line);

#endif
