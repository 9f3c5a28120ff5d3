/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

#define TRACE_MODE 0640

static const struct {
	const char *file, *prefix;
} shapes[TRACE_KINDS] = {
	[TRACE_TFTP] = {"ctftp.log", " |"},
	[TRACE_CAPF] = {"capf.log", " | debug "},
	[TRACE_SDI] = {"sdi.log", " |"},
	[TRACE_TVS] = {"tvs.log", " | debug "},
};

static const char *const level_names[] = {"error", "warning", "info", "debug"};

static FILE *log_out; /* NULL: stderr, which is no constant */
static enum log_level log_highest = LOG_INFO;
static int trace_fd[TRACE_KINDS] = {-1, -1, -1, -1};
static FILE *trace_also;

/* Threads are net's; the lock that every stdio stream has anyway keeps lines and settings whole. */
static void lock(void)
{
	flockfile(stderr);
}

static void unlock(void)
{
	funlockfile(stderr);
}

/* Text of a line that is gathered, with its NUL. */
#define GATHERED_MAX 512

/* Time and prefix of a line. */
#define HEAD_MAX (CLOCK_DATE_MAX + 16)
/* Room for a head and the reason why there is no text. */
#define SPARE_MAX (HEAD_MAX + 64)

struct line {
	struct buf buf;
	char spare[SPARE_MAX]; /* used when memory is short */
};

/* `head`, the text made safe, a newline: always one line. Valid until line->buf is freed. */
static struct span make_line(struct line *line, const char *head, const char *fmt, va_list args)
	PRINTF_LIKE(3, 0);

static struct span make_line(struct line *line, const char *head, const char *fmt, va_list args)
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
static void put_file(FILE *out, struct span line)
{
	if (fwrite(line.ptr, 1, line.len, out) == line.len)
		fflush(out);
}

static void put_fd(int fd, struct span line)
{
	ssize_t done;

	while (line.len) {
		done = write(fd, line.ptr, line.len);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return;
		line = span_of(line.ptr + done, line.len - (size_t)done);
	}
}

void log_to(FILE *out, enum log_level highest)
{
	lock();
	log_out = out;
	log_highest = highest;
	unlock();
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char now[CLOCK_DATE_MAX], head[HEAD_MAX];
	struct line line = {0};
	va_list args;

	lock();
	if (level <= log_highest) {
		clock_print_iso(now, clock_seconds(clock_system()));
		snprintf(head, sizeof(head), "%s %s: ", now, level_names[level]);
		va_start(args, fmt);
		put_file(log_out ? log_out : stderr, make_line(&line, head, fmt, args));
		va_end(args);
	}
	unlock();
	buf_fini(&line.buf);
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

	lock();
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
	unlock();
	return err;
}

void trace_line(enum trace_kind kind, const char *fmt, ...)
{
	char now[CLOCK_DATE_MAX], head[HEAD_MAX];
	struct line line = {0};
	struct span all;
	va_list args;

	lock();
	if (trace_fd[kind] >= 0) {
		/* Read under the lock, so that times in a file do not go back. */
		clock_print_trace(now, clock_us(clock_system()));
		snprintf(head, sizeof(head), "%s%s", now, shapes[kind].prefix);
		va_start(args, fmt);
		all = make_line(&line, head, fmt, args);
		va_end(args);
		put_fd(trace_fd[kind], all);
		if (trace_also)
			put_file(trace_also, all);
	}
	unlock();
	buf_fini(&line.buf);
}

void trace_gather(struct buf *lines, enum trace_kind kind, const char *fmt, ...)
{
	char now[CLOCK_DATE_MAX], text[GATHERED_MAX];
	va_list args;
	bool open;

	lock();
	open = trace_fd[kind] >= 0;
	unlock();
	if (!open)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	clock_print_trace(now, clock_us(clock_system()));
	buf_str(lines, now);
	buf_str(lines, shapes[kind].prefix);
	str_printable(lines, span_str(text));
	buf_u8(lines, '\n');
}

void trace_put(enum trace_kind kind, struct buf *lines)
{
	if (lines->len) {
		lock();
		if (trace_fd[kind] >= 0)
			put_fd(trace_fd[kind], buf_span(lines));
		if (trace_fd[kind] >= 0 && trace_also)
			put_file(trace_also, buf_span(lines));
		unlock();
	}
	buf_clear(lines);
}

void trace_close(void)
{
	lock();
	close_all();
	unlock();
}
