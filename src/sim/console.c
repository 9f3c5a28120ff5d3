/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/console.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "wire/json.h"

#include <stdio.h>
#include <time.h>

enum err sim_console_init(struct sim_console *c, const struct clock *clock, const char *dir,
	bool json, bool quiet, struct fail *why)
{
	*c = (struct sim_console){.clock = clock, .json = json, .quiet = quiet};
	c->console_path = file_join(dir, "console.log");
	c->status_path = file_join(dir, "status.log");
	if (!c->console_path || !c->status_path)
		return fail_set(why, ERR_NOMEM, "out of memory");
	return ERR_OK;
}

void sim_console_fini(struct sim_console *c)
{
	mem_free(c->console_path);
	mem_free(c->status_path);
	*c = (struct sim_console){0};
}

static void print_time(const struct sim_console *c, bool micro, char *out, size_t size)
{
	int64_t us = clock_us(c->clock);
	time_t seconds = (time_t)(us / 1000000);
	struct tm tm;
	char text[16] = "";

	if (localtime_r(&seconds, &tm))
		(void)strftime(text, sizeof(text), "%H:%M:%S", &tm);
	if (micro)
		(void)snprintf(out, size, "%s.%06d", text, (int)(us % 1000000));
	else
		(void)snprintf(out, size, "%s", text);
}

static void append(struct sim_console *c, const char *path, const struct buf *line)
{
	struct fail why = {0};

	if (buf_check(line) || file_append(path, buf_span(line), 0644, &why)) {
		if (!c->failed)
			(void)fprintf(
				stderr, "cadeado-phone: the log cannot be written: %s\n", why.text);
		c->failed = true;
	}
}

static void print_json(const char *event, const char *process, const char *key, const char *value)
{
	struct json *j = json_object_new();
	struct buf out = {0};

	json_set_str(j, "event", event);
	if (process)
		json_set_str(j, "process", process);
	json_set_str(j, key, value);
	if (json_write(&out, j, false) == ERR_OK) {
		(void)fwrite(out.data, 1, out.len, stdout);
		(void)fputc('\n', stdout);
		(void)fflush(stdout);
	}
	buf_fini(&out);
	json_free(j);
}

static void print_line(const struct buf *line)
{
	if (buf_check(line))
		return;
	(void)fwrite(line->data, 1, line->len, stdout);
	(void)fputc('\n', stdout);
	(void)fflush(stdout);
}

/* Peers' texts may be in `fmt`'s values: made printable before anything sees them. */
static void format(struct buf *out, const char *fmt, va_list args) PRINTF_LIKE(2, 0);

static void format(struct buf *out, const char *fmt, va_list args)
{
	struct buf raw = {0};

	buf_vprintf(&raw, fmt, args);
	if (buf_check(&raw) == ERR_OK)
		str_printable(out, buf_span(&raw));
	buf_fini(&raw);
}

static void console_line(struct sim_console *c, const char *severity, const char *process,
	const char *fmt, va_list args) PRINTF_LIKE(4, 0);

static void console_line(struct sim_console *c, const char *severity, const char *process,
	const char *fmt, va_list args)
{
	struct buf text = {0}, line = {0};
	char when[32];

	format(&text, fmt, args);
	buf_u8(&text, 0);
	if (buf_check(&text) == ERR_OK) {
		print_time(c, true, when, sizeof(when));
		buf_printf(&line, "%lu: %s %s %s: %s", ++c->lines, severity, when, process,
			(const char *)text.data);
		append(c, c->console_path, &line);
		if (c->json && !c->quiet)
			print_json("console", process, "text", (const char *)text.data);
		else if (!c->quiet)
			print_line(&line);
	}
	buf_fini(&text);
	buf_fini(&line);
}

void sim_console_note(struct sim_console *c, const char *process, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	console_line(c, "NOT", process, fmt, args);
	va_end(args);
}

void sim_console_error(struct sim_console *c, const char *process, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	console_line(c, "ERR", process, fmt, args);
	va_end(args);
}

void sim_console_status(struct sim_console *c, const char *fmt, ...)
{
	struct buf text = {0}, line = {0};
	char when[32];
	va_list args;

	va_start(args, fmt);
	format(&text, fmt, args);
	va_end(args);
	buf_u8(&text, 0);
	if (buf_check(&text) == ERR_OK) {
		print_time(c, false, when, sizeof(when));
		buf_printf(&line, "%s %s", when, (const char *)text.data);
		append(c, c->status_path, &line);
		if (c->json && !c->quiet)
			print_json("status", NULL, "text", (const char *)text.data);
		else if (!c->quiet)
			print_line(&line);
	}
	buf_fini(&text);
	buf_fini(&line);
}

void sim_console_event(struct sim_console *c, const char *name, const char *value)
{
	if (c->json && !c->quiet)
		print_json(name, NULL, "value", value);
}
