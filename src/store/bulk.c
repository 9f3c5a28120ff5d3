/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/bulk.h"
#include "store/row.h"

#include "base/str.h"

/* Beside the key, number. */
#define COLUMNS(X)                                                                                 \
	X(TEXT, node)                                                                              \
	X(TEXT, what)                                                                              \
	X(NUMBER, operation)                                                                       \
	X(NUMBER, complete_by)                                                                     \
	X(TEXT, auth)                                                                              \
	X(NUMBER, batch)                                                                           \
	X(NUMBER, pause)                                                                           \
	X(NUMBER, least)                                                                           \
	X(NUMBER, reset)                                                                           \
	X(NUMBER, state)                                                                           \
	X(TEXT, reason)                                                                            \
	X(NUMBER, begun)                                                                           \
	X(NUMBER, ended)                                                                           \
	X(NUMBER, next_at)                                                                         \
	X(NUMBER, total)                                                                           \
	X(NUMBER, done)                                                                            \
	X(NUMBER, present)

#define COLUMN(kind, member) ROW_COLUMN(struct store_bulk, kind, member),
static const struct row_column columns[] = {COLUMN(NUMBER, number) COLUMNS(COLUMN)};
#define COUNT ROW_COUNT(columns)

enum err store_bulk_put(struct store *s, const struct store_bulk *b, struct fail *why)
{
	struct backend_arg args[COUNT];

	row_args(args, columns, COUNT, b);
	return query_run(s,
		"INSERT INTO capf_bulk (number" COLUMNS(ROW_NAME) ") VALUES ($number" COLUMNS(
			ROW_VALUE) ") ON CONFLICT (number) DO UPDATE SET number = "
				   "excluded.number" COLUMNS(ROW_SET),
		args, COUNT, NULL, NULL, why);
}

static enum err read_bulk(void *ctx, struct query_row *r)
{
	memset(ctx, 0, sizeof(struct store_bulk));
	row_read(r, 0, columns, COUNT, ctx);
	return r->err;
}

enum err store_bulk_last(struct store *s, struct store_bulk *out, struct fail *why)
{
	enum err err = query_one(s,
		"SELECT number" COLUMNS(ROW_NAME) " FROM capf_bulk ORDER BY number DESC LIMIT 1",
		NULL, 0, read_bulk, out, why);

	return err == ERR_NOTFOUND ? fail_set(why, err, "no bulk operation was begun") : err;
}

enum err store_bulk_forget_before(struct store *s, int64_t number, struct fail *why)
{
	return query_run(s, "DELETE FROM capf_bulk WHERE number < $number",
		&QUERY_NUMBER("number", number), 1, NULL, NULL, why);
}

/* --- phones --- */

#define PHONE(kind, member) ROW_COLUMN(struct store_bulk_phone, kind, member)
static const struct row_column phone_columns[] = {
	PHONE(TEXT, device), PHONE(NUMBER, state), PHONE(NUMBER, present), PHONE(TEXT, note)};
#define PHONE_COUNT ROW_COUNT(phone_columns)

struct putting {
	int64_t number;
	const struct store_bulk_phone *p;
};

static void fill(void *ctx, size_t i, struct backend_arg *args)
{
	const struct putting *p = ctx;

	row_args(args, phone_columns, PHONE_COUNT, &p->p[i]);
	args[PHONE_COUNT] = QUERY_NUMBER("number", p->number);
}

enum err store_bulk_phone_put_many(struct store *s, int64_t number,
	const struct store_bulk_phone *p, size_t count, struct fail *why)
{
	struct putting x = {number, p};
	struct backend_arg args[PHONE_COUNT + 1];
	struct query_many many = {.sql = "INSERT INTO capf_bulk_phone (number, device, state, "
					 "present, note) VALUES ($number, $device, $state, "
					 "$present, $note) ON CONFLICT (number, device) DO UPDATE "
					 "SET state = excluded.state, present = excluded.present, "
					 "note = excluded.note",
		.args = args,
		.arg_count = PHONE_COUNT + 1,
		.count = count,
		.fill = fill,
		.ctx = &x};

	return query_run_many(s, &many, why);
}

struct walk {
	enum err (*each)(void *ctx, const struct store_bulk_phone *p);
	void *ctx;
};

static enum err walk_row(void *ctx, struct query_row *r)
{
	const struct walk *w = ctx;
	struct store_bulk_phone p;

	memset(&p, 0, sizeof(p));
	row_read(r, 0, phone_columns, PHONE_COUNT, &p);
	return r->err ? r->err : w->each(w->ctx, &p);
}

enum err store_bulk_phone_each(struct store *s, int64_t number, int64_t state, const char *after,
	int64_t most, enum err (*each)(void *ctx, const struct store_bulk_phone *p), void *ctx,
	struct fail *why)
{
	struct walk w = {.each = each, .ctx = ctx};
	const struct backend_arg args[] = {QUERY_NUMBER("number", number),
		QUERY_NUMBER("state", state), QUERY_TEXT("after", after),
		QUERY_NUMBER("most", most)};

	return query_run(s,
		"SELECT device, state, present, note FROM capf_bulk_phone"
		" WHERE number = $number AND (state = $state OR $state < 0) AND device > $after"
		" ORDER BY device LIMIT $most",
		args, ROW_COUNT(args), walk_row, &w, why);
}
