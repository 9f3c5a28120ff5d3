/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/audit/line.h"

#include "base/mem.h"

#include <errno.h>
#include <stdio.h>

/* Where the last line is looked for: it and what is left of a torn one behind it. */
#define TAIL_MAX (2 * (AUDIT_LINE_MAX + 1))

static enum err open_log(const struct cluster *c, FILE **out, struct fail *why)
{
	char *path = cluster_path(c, "audit", "audit.log");
	enum err err = ERR_OK;

	*out = NULL;
	if (!path)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	*out = fopen(path, "re");
	if (!*out && errno != ENOENT)
		err = fail_set(why, ERR_IO, "%s: cannot open: %s", path, strerror(errno));
	mem_free(path);
	return err;
}

enum err audit_lines(const struct cluster *c,
	enum err (*each)(void *ctx, struct span line, struct fail *why), void *ctx,
	struct fail *why)
{
	struct buf line = {0};
	FILE *f = NULL;
	enum err err = open_log(c, &f, why);
	int ch;

	while (!err && f && (ch = getc(f)) != EOF) {
		if (ch != '\n') {
			if (line.len <= AUDIT_LINE_MAX)
				buf_u8(&line, (uint8_t)ch);
			continue;
		}
		err = buf_check(&line);
		if (err)
			fail_set(why, err, "%s", err_text(err));
		else
			err = each(ctx, buf_span(&line), why);
		buf_clear(&line);
	}
	if (f && ferror(f) && !err)
		err = fail_set(why, ERR_IO, "audit log: cannot read");
	if (f)
		fclose(f);
	buf_fini(&line);
	return err;
}

/* The last TAIL_MAX bytes of the file. */
static enum err read_tail(FILE *f, struct buf *out, bool *whole, struct fail *why)
{
	long size, from;
	size_t got;
	uint8_t *at;

	if (fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0)
		return fail_set(why, ERR_IO, "audit log: cannot read");
	from = size > (long)TAIL_MAX ? size - (long)TAIL_MAX : 0;
	*whole = from == 0;
	if (size == from)
		return ERR_OK;
	at = buf_grow(out, (size_t)(size - from));
	if (!at)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	got = fseek(f, from, SEEK_SET) == 0 ? fread(at, 1, (size_t)(size - from), f) : 0;
	if (got != (size_t)(size - from))
		return fail_set(why, ERR_IO, "audit log: cannot read");
	return ERR_OK;
}

enum err audit_last_line(const struct cluster *c, struct buf *line, bool *torn, struct fail *why)
{
	struct buf tail = {0};
	size_t start, end;
	bool whole = true;
	FILE *f = NULL;
	enum err err = open_log(c, &f, why);

	*torn = false;
	if (err || !f)
		return err;
	err = read_tail(f, &tail, &whole, why);
	fclose(f);
	for (end = tail.len; end && tail.data[end - 1] != '\n'; end--)
		*torn = true;
	for (start = end ? end - 1 : 0; start && tail.data[start - 1] != '\n'; start--)
		;
	/* A line that begins before the tail is longer than any of ours. */
	if (!err && end && (start || whole)) {
		buf_put(line, span_of(tail.data + start, end - 1 - start));
		if (buf_check(line))
			err = fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	}
	buf_fini(&tail);
	return err;
}

struct showing {
	enum err (*each)(void *ctx, const struct audit_row *row);
	void *ctx;
};

static enum err show_line(void *ctx, struct span text, struct fail *why)
{
	static const struct audit_row unreadable = {.who = "",
		.from = "",
		.action = "",
		.object = "",
		.result = "this line is not readable; see: cadeado utils audit verify"};
	const struct showing *s = ctx;
	struct fail what = {0};
	struct audit_line line;
	enum err err = audit_line_read(&line, text, &what);

	if (err && err != ERR_FORMAT)
		return fail_set(why, err, "audit log: %s", what.text);
	if (err)
		return s->each(s->ctx, &unreadable);
	err = s->each(s->ctx, &line.row);
	audit_line_fini(&line);
	return err;
}

enum err audit_each(struct cluster *c, enum err (*each)(void *ctx, const struct audit_row *row),
	void *ctx, struct fail *why)
{
	struct showing s = {.each = each, .ctx = ctx};

	return audit_lines(c, show_line, &s, why);
}

struct walk {
	struct audit_end before, last; /* the last two lines */
	int64_t rows;
};

static enum err check_line(void *ctx, struct span text, struct fail *why)
{
	struct walk *w = ctx;
	struct fail what = {0};
	struct audit_line line;
	enum err err = audit_line_read(&line, text, &what);

	if (err == ERR_FORMAT)
		return fail_set(why, ERR_VERIFY, "audit log, line %lld: %s", (long long)w->rows + 1,
			what.text);
	if (err)
		return fail_set(why, err, "audit log: %s", what.text);
	if (line.row.number != w->last.number + 1)
		err = fail_set(why, ERR_VERIFY,
			"audit log, line %lld: number %lld follows number %lld: lines between "
			"them are missing or were added",
			(long long)w->rows + 1, (long long)line.row.number,
			(long long)w->last.number);
	else if (!audit_line_follows(&line, &w->last))
		err = fail_set(why, ERR_VERIFY,
			"audit log, line %lld: does not fit the line before it: one of the two "
			"was changed",
			(long long)w->rows + 1);
	if (!err) {
		w->before = w->last;
		w->last = line.end;
		w->rows++;
	}
	audit_line_fini(&line);
	return err;
}

static enum err check_end(const struct walk *w, const struct audit_end *end, struct fail *why)
{
	if (audit_same_end(&w->last, end))
		return ERR_OK;
	/* Whoever wrote it was killed before the store was told. */
	if (w->last.number == end->number + 1 && audit_same_end(&w->before, end))
		return ERR_OK;
	if (w->last.number < end->number)
		return fail_set(why, ERR_VERIFY,
			"audit log: ends with number %lld, but %lld were written: its end is "
			"missing",
			(long long)w->last.number, (long long)end->number);
	if (w->last.number == end->number)
		return fail_set(why, ERR_VERIFY,
			"audit log, line %lld: is not the one that was written last",
			(long long)w->rows);
	return fail_set(why, ERR_VERIFY,
		"audit log: number %lld was written last, but lines up to %lld follow",
		(long long)end->number, (long long)w->last.number);
}

enum err audit_verify(struct cluster *c, int64_t *rows, struct fail *why)
{
	struct walk w = {.before = audit_begin(), .last = audit_begin()};
	struct audit_end end;
	int lock;
	enum err err = audit_lock(c, &lock, why);

	*rows = 0;
	if (err)
		return err;
	err = audit_end_get(c, &end, why);
	if (!err)
		err = audit_lines(c, check_line, &w, why);
	if (!err)
		err = check_end(&w, &end, why);
	audit_unlock(lock);
	*rows = w.rows;
	return err;
}
