/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"
#include "base/clock.h"
#include "base/log_priv.h"
#include "base/str.h"

#include <stdatomic.h>

static const char *const level_names[] = {"error", "warning", "info", "debug"};

static FILE *log_out; /* NULL: stderr, which is no constant */
static enum log_level log_highest = LOG_INFO;

/* Thread sanitizers do not know stdio's lock, but they know this: who has it comes after all that
 * had it. */
static atomic_uint turn;

/* Threads are net's; the lock that every stdio stream has anyway keeps lines and settings whole. */
void log_lock(void)
{
	flockfile(stderr);
	(void)atomic_load_explicit(&turn, memory_order_acquire);
}

void log_unlock(void)
{
	atomic_fetch_add_explicit(&turn, 1, memory_order_release);
	funlockfile(stderr);
}

struct span log_make(struct log_text *line, const char *head, const char *fmt, va_list args)
{
	struct buf text = {0};
	enum err err;

	buf_vprintf(&text, fmt, args);
	err = buf_check(&text);
	if (!err) {
		buf_str(&line->buf, head);
		str_printable(&line->buf, buf_span(&text));
		buf_u8(&line->buf, '\n');
		err = buf_check(&line->buf);
	}
	buf_fini(&text);
	if (!err)
		return buf_span(&line->buf);
	snprintf(line->spare, sizeof(line->spare), "%s(text lost: %s)\n", head, err_text(err));
	return span_str(line->spare);
}

/* A log that cannot be written has nowhere to complain: failures here are dropped. */
void log_put(FILE *out, struct span line)
{
	if (fwrite(line.ptr, 1, line.len, out) == line.len)
		fflush(out);
}

void log_to(FILE *out, enum log_level highest)
{
	log_lock();
	log_out = out;
	log_highest = highest;
	log_unlock();
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char now[CLOCK_DATE_MAX], head[LOG_HEAD_MAX];
	struct log_text line = {0};
	va_list args;

	log_lock();
	if (level <= log_highest) {
		clock_print_iso(now, clock_seconds(clock_system()));
		snprintf(head, sizeof(head), "%s %s: ", now, level_names[level]);
		va_start(args, fmt);
		log_put(log_out ? log_out : stderr, log_make(&line, head, fmt, args));
		va_end(args);
	}
	log_unlock();
	buf_fini(&line.buf);
}
