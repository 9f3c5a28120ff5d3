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

static enum err run_once(struct store *s, const char *sql, const struct backend_arg *args,
	size_t count, query_each *each, void *ctx, bool *began, struct fail *why)
{
	struct query_row row = {.backend = s->backend, .why = why};
	bool more = true;
	enum err err;
	size_t i;

	err = s->backend->prepare(s->conn, sql, &row.stmt, why);
	if (err)
		return err;
	for (i = 0; !err && i < count; i++)
		err = s->backend->bind(s->conn, row.stmt, &args[i], why);
	while (!err) {
		err = s->backend->step(s->conn, row.stmt, &more, why);
		if (err || !more)
			break;
		*began = true;
		if (each)
			err = each(ctx, &row);
		if (!err)
			err = row.err;
	}
	s->backend->finish(row.stmt);
	return err;
}

enum err query_run(struct store *s, const char *sql, const struct backend_arg *args, size_t count,
	query_each *each, void *ctx, struct fail *why)
{
	struct fail local;
	bool began = false;
	enum err err;
	int tries;

	for (tries = 0; tries < STORE_TRIES; tries++) {
		memset(&local, 0, sizeof(local));
		err = run_once(s, sql, args, count, each, ctx, &began, &local);
		if (err != ERR_BUSY || began || s->in_transaction)
			break;
	}
	if (err == ERR_BUSY && s->in_transaction && !began)
		s->was_busy = true;
	if (err && why && !why->code)
		*why = local;
	return err;
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
	enum err err = query_run(s, sql, args, count, one_row, &one, why);

	return err ? err : one.found ? ERR_OK : ERR_NOTFOUND;
}

void query_fold(char *out, size_t size, const char *text)
{
	size_t i;

	for (i = 0; i + 1 < size && text[i]; i++)
		out[i] = text[i] >= 'a' && text[i] <= 'z' ? (char)(text[i] - 'a' + 'A') : text[i];
	out[i] = '\0';
}
