/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <unistd.h>

#define TRACE_MODE 0640

static const struct {
	const char *file, *prefix;
} shapes[TRACE_KINDS] = {
        [TRACE_TFTP] = {"ctftp.log", " |"},
        [TRACE_CAPF] = {"capf.log", " | debug "},
        [TRACE_SDI] = {"sdi.log", " |"},
};

static const char *const level_names[] = {"error", "warning", "info", "debug"};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static FILE *log_out; /* NULL: stderr, which is no constant */
static enum log_level log_highest = LOG_INFO;
static int trace_fd[TRACE_KINDS] = {-1, -1, -1};
static FILE *trace_also;

/* `head`, the text made safe, a newline: always one line. */
static void make_line(struct buf *line, const char *head, const char *fmt, va_list args)
        PRINTF_LIKE(3, 0);

static void make_line(struct buf *line, const char *head, const char *fmt, va_list args)
{
	struct buf text = {0};

	buf_vprintf(&text, fmt, args);
	buf_str(line, head);
	if (buf_check(&text) == ERR_OK)
		str_printable(line, buf_span(&text));
	else
		buf_printf(line, "(text lost: %s)", err_text(buf_check(&text)));
	buf_u8(line, '\n');
	buf_fini(&text);
}

static void put_line(FILE *out, const struct buf *line)
{
	/* A log that cannot be written has nowhere to complain. */
	if (fwrite(line->data, 1, line->len, out) == line->len)
		fflush(out);
}

void log_to(FILE *out, enum log_level highest)
{
	pthread_mutex_lock(&mutex);
	log_out = out;
	log_highest = highest;
	pthread_mutex_unlock(&mutex);
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char now[CLOCK_DATE_MAX], head[CLOCK_DATE_MAX + 16];
	struct buf line = {0};
	va_list args;

	clock_print_iso(now, clock_seconds(clock_system()));
	snprintf(head, sizeof(head), "%s %s: ", now, level_names[level]);
	pthread_mutex_lock(&mutex);
	if (level <= log_highest) {
		va_start(args, fmt);
		make_line(&line, head, fmt, args);
		va_end(args);
		put_line(log_out ? log_out : stderr, &line);
	}
	pthread_mutex_unlock(&mutex);
	buf_fini(&line);
}

static void close_all(void)
{
	int kind;

	for (kind = 0; kind < TRACE_KINDS; kind++) {
		if (trace_fd[kind] >= 0)
			close(trace_fd[kind]);
		trace_fd[kind] = -1;
	}
	trace_also = NULL;
}

enum err trace_open(const char *folder, FILE *also, struct fail *why)
{
	enum err err = ERR_OK;
	char reason[128];
	char *path;
	int kind;

	pthread_mutex_lock(&mutex);
	close_all();
	for (kind = 0; kind < TRACE_KINDS && !err; kind++) {
		path = file_join(folder, shapes[kind].file);
		if (!path) {
			err = fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
			break;
		}
		trace_fd[kind] = open(
		        path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, TRACE_MODE);
		if (trace_fd[kind] < 0)
			err = fail_set(why, ERR_IO, "%s: cannot open: %s", path,
			        strerror_r(errno, reason, sizeof(reason)));
		mem_free(path);
	}
	if (err)
		close_all();
	else
		trace_also = also;
	pthread_mutex_unlock(&mutex);
	return err;
}

void trace_line(enum trace_kind kind, const char *fmt, ...)
{
	char now[CLOCK_DATE_MAX], head[CLOCK_DATE_MAX + 16];
	struct buf line = {0};
	va_list args;

	pthread_mutex_lock(&mutex);
	if (trace_fd[kind] >= 0) {
		/* Read under the lock, so that times in a file never go back. */
		clock_print_trace(now, clock_us(clock_system()));
		snprintf(head, sizeof(head), "%s%s", now, shapes[kind].prefix);
		va_start(args, fmt);
		make_line(&line, head, fmt, args);
		va_end(args);
		if (write(trace_fd[kind], line.data, line.len) >= 0 && trace_also)
			put_line(trace_also, &line);
	}
	pthread_mutex_unlock(&mutex);
	buf_fini(&line);
}

void trace_close(void)
{
	pthread_mutex_lock(&mutex);
	close_all();
	pthread_mutex_unlock(&mutex);
}
