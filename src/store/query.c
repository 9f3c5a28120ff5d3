/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/internal.h"

#include "base/str.h"

void query_row_text(struct query_row *r, int column, char *out, size_t size)
{
	const char *text = r->backend->text(r->stmt, column);

	if (!str_copy(out, size, text ? text : "") && !r->err)
		r->err = fail_set(r->why, ERR_STORE,
			"column %d of a stored row is longer than %zu bytes", column, size - 1);
}

int64_t query_row_number(struct query_row *r, int column)
{
	return r->backend->number(r->stmt, column);
}

struct span query_row_bytes(struct query_row *r, int column)
{
	return r->backend->bytes(r->stmt, column);
}

/* RFC 3629: no overlong form, no surrogate, nothing above U+10FFFF. */
static bool is_utf8(const char *text)
{
	const uint8_t *p = (const uint8_t *)text;
	uint8_t low, high;
	int more;

	while (*p) {
		if (*p < 0x80) {
			p++;
			continue;
		}
		low = 0x80;
		high = 0xBF;
		if (*p >= 0xC2 && *p <= 0xDF) {
			more = 1;
		} else if (*p >= 0xE0 && *p <= 0xEF) {
			more = 2;
			low = *p == 0xE0 ? 0xA0 : low;
			high = *p == 0xED ? 0x9F : high;
		} else if (*p >= 0xF0 && *p <= 0xF4) {
			more = 3;
			low = *p == 0xF0 ? 0x90 : low;
			high = *p == 0xF4 ? 0x8F : high;
		} else {
			return false;
		}
		for (p++; more; more--, p++, low = 0x80, high = 0xBF)
			if (*p < low || *p > high)
				return false;
	}
	return true;
}

static enum err bind_all(
	struct store *s, void *stmt, const struct backend_arg *args, size_t count, struct fail *why)
{
	enum err err = ERR_OK;
	size_t i;

	for (i = 0; !err && i < count; i++) {
		if (args[i].type == BACKEND_TEXT && !is_utf8(args[i].text))
			err = fail_set(why, ERR_FORMAT, "%s: the text is not UTF-8", args[i].name);
		else
			err = s->backend->bind(s->conn, stmt, &args[i], why);
	}
	return err;
}

static enum err run_once(struct store *s, const char *sql, const struct backend_arg *args,
	size_t count, query_each *each, void *ctx, bool *began, struct fail *why)
{
	struct query_row row = {.backend = s->backend, .why = why};
	struct statement *kept;
	enum err err, callers = ERR_OK;
	bool more = true;

	err = statement_take(s, sql, &row.stmt, &kept, why);
	if (err)
		return err;
	err = bind_all(s, row.stmt, args, count, why);
	while (!err && !callers) {
		err = s->backend->step(s->conn, row.stmt, &more, why);
		if (err || !more)
			break;
		*began = true;
		if (each)
			callers = each(ctx, &row);
		if (!callers)
			err = row.err;
	}
	statement_give(s, row.stmt, kept);
	/* What the caller's function found is no failure of the statement. */
	*began = *began || callers;
	return err ? err : callers;
}

/* PostgreSQL runs nothing more in a transaction in which a statement failed, and when the
 * connection was lost the next statement would be outside of it. So it is for all. */
static enum err doomed(const struct store *s, struct fail *why)
{
	if (!s->in_transaction || !s->failed)
		return ERR_OK;
	return fail_set(why, s->failed, "a statement of the transaction failed before");
}

/* What a failed statement means for the transaction that it is in. */
static void judge(struct store *s, enum err err)
{
	if (!s->in_transaction)
		return;
	if (err == ERR_BUSY || err == ERR_AWAY)
		s->again = true;
	if (!s->failed)
		s->failed = err;
}

enum err query_run(struct store *s, const char *sql, const struct backend_arg *args, size_t count,
	query_each *each, void *ctx, struct fail *why)
{
	struct fail local;
	bool began = false;
	enum err err = doomed(s, why);
	int tries;

	if (err)
		return err;
	for (tries = 0; tries < STORE_TRIES; tries++) {
		memset(&local, 0, sizeof(local));
		err = run_once(s, sql, args, count, each, ctx, &began, &local);
		if (err != ERR_BUSY || began || s->in_transaction)
			break;
	}
	if (err && !began)
		judge(s, err);
	if (err && why && !why->code)
		*why = local;
	return err;
}

struct changing {
	const char *sql;
	const struct backend_arg *args;
	size_t count;
	bool one; /* must change a row */
};

static enum err run_change(void *ctx, struct store *s, struct fail *why)
{
	const struct changing *c = ctx;

	store_moved(s);
	return c->one ? query_one(s, c->sql, c->args, c->count, NULL, NULL, why)
		      : query_run(s, c->sql, c->args, c->count, NULL, NULL, why);
}

enum err query_change(struct store *s, const char *sql, const struct backend_arg *args,
	size_t count, struct fail *why)
{
	struct changing c = {.sql = sql, .args = args, .count = count};

	return store_within(s, run_change, &c, why);
}

enum err query_change_one(struct store *s, const char *sql, const struct backend_arg *args,
	size_t count, struct fail *why)
{
	struct changing c = {.sql = sql, .args = args, .count = count, .one = true};

	return store_within(s, run_change, &c, why);
}

static enum err run_many(void *ctx, struct store *s, struct fail *why)
{
	struct query_many *m = ctx;
	struct statement *kept;
	enum err err, late;
	bool row = false;
	void *stmt;
	size_t i;

	m->failed = m->count;
	err = doomed(s, why);
	if (!err)
		err = statement_take(s, m->sql, &stmt, &kept, why);
	if (err) {
		judge(s, err);
		return err;
	}
	for (i = 0; i < m->count; i++) {
		m->fill(m->ctx, i, m->args);
		err = bind_all(s, stmt, m->args, m->arg_count, why);
		if (!err && s->backend->queue) {
			err = s->backend->queue(s->conn, stmt, why);
		} else if (!err) {
			err = s->backend->step(s->conn, stmt, &row, why);
			s->backend->reset(stmt);
		}
		if (err)
			break;
	}
	m->failed = i;
	if (s->backend->flush) {
		late = s->backend->flush(s->conn, &m->failed, why);
		err = err ? err : late;
	}
	statement_give(s, stmt, kept);
	if (err)
		judge(s, err);
	return err;
}

enum err query_run_many(struct store *s, struct query_many *m, struct fail *why)
{
	return m->count ? store_within(s, run_many, m, why) : ERR_OK;
}

struct one {
	query_each *each;
	void *ctx;
	bool found;
};

static enum err one_row(void *ctx, struct query_row *r)
{
	struct one *one = ctx;

	one->found = true;
	return one->each ? one->each(one->ctx, r) : ERR_OK;
}

enum err query_one(struct store *s, const char *sql, const struct backend_arg *args, size_t count,
	query_each *each, void *ctx, struct fail *why)
{
	struct one one = {.each = each, .ctx = ctx};
	enum err err;
	size_t i;

	for (i = 0; i < count; i++)
		if (args[i].type == BACKEND_TEXT && !is_utf8(args[i].text))
			return ERR_NOTFOUND;
	err = query_run(s, sql, args, count, one_row, &one, why);
	return err ? err : one.found ? ERR_OK : ERR_NOTFOUND;
}

void query_fold(char *out, size_t size, const char *text)
{
	size_t i;

	for (i = 0; i + 1 < size && text[i]; i++)
		out[i] = text[i] >= 'a' && text[i] <= 'z' ? (char)(text[i] - 'a' + 'A') : text[i];
	out[i] = '\0';
}
