/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/device_row.h"
#include "store/internal.h"

#include "base/str.h"

enum err store_change_put(struct store *s, const struct store_change *c, struct fail *why)
{
	const struct backend_arg args[] = {QUERY_NUMBER("number", c->number),
		QUERY_TEXT("order_text", c->order), QUERY_NUMBER("started", c->started),
		QUERY_NUMBER("finished", c->finished), QUERY_NUMBER("total", c->total),
		QUERY_NUMBER("done", c->done), QUERY_TEXT("after_name", c->after),
		QUERY_NUMBER("undone", c->undone)};

	return query_run(s,
		"INSERT INTO bulk_change (number, order_text, started, finished, total, done,"
		" after_name, undone) VALUES ($number, $order_text, $started, $finished, $total,"
		" $done, $after_name, $undone)"
		" ON CONFLICT (number) DO UPDATE SET order_text = excluded.order_text,"
		" started = excluded.started, finished = excluded.finished,"
		" total = excluded.total, done = excluded.done,"
		" after_name = excluded.after_name, undone = excluded.undone",
		args, ROW_COUNT(args), NULL, NULL, why);
}

static enum err read_change(void *ctx, struct query_row *r)
{
	struct store_change *c = ctx;

	memset(c, 0, sizeof(*c));
	c->number = query_row_number(r, 0);
	query_row_text(r, 1, c->order, sizeof(c->order));
	c->started = query_row_number(r, 2);
	c->finished = query_row_number(r, 3);
	c->total = query_row_number(r, 4);
	c->done = query_row_number(r, 5);
	query_row_text(r, 6, c->after, sizeof(c->after));
	c->undone = query_row_number(r, 7);
	return r->err;
}

enum err store_change_last(struct store *s, struct store_change *out, struct fail *why)
{
	enum err err = query_one(s,
		"SELECT number, order_text, started, finished, total, done, after_name, undone"
		" FROM bulk_change ORDER BY number DESC LIMIT 1",
		NULL, 0, read_change, out, why);

	return err == ERR_NOTFOUND ? fail_set(why, err, "no bulk change is recorded") : err;
}

enum err store_change_forget_before(struct store *s, int64_t number, struct fail *why)
{
	return query_run(s, "DELETE FROM bulk_change WHERE number < $number",
		&QUERY_NUMBER("number", number), 1, NULL, NULL, why);
}

struct keeping {
	int64_t number;
	const struct store_device *before;
	char device[DEVICE_NAME_BYTES];
	struct buf packed;
};

static void fill(void *ctx, size_t i, struct backend_arg *args)
{
	struct keeping *k = ctx;

	query_fold(k->device, sizeof(k->device), k->before[i].name);
	k->packed.len = 0;
	row_pack(&k->packed, device_columns, ROW_COUNT(device_columns), &k->before[i]);
	args[0] = QUERY_NUMBER("number", k->number);
	args[1] = QUERY_TEXT("device", k->device);
	args[2] = QUERY_BYTES("before", buf_span(&k->packed));
}

static enum err keep_rows(void *ctx, struct store *s, struct fail *why)
{
	struct query_many *many = ctx;
	struct keeping *k = many->ctx;
	enum err err = query_run_many(s, many, why);

	/* Found late, but before anything of it can be committed. */
	return err ? err : buf_check(&k->packed);
}

enum err store_change_keep_many(struct store *s, int64_t number, const struct store_device *before,
	size_t count, struct fail *why)
{
	struct keeping k = {.number = number, .before = before};
	struct backend_arg args[3];
	struct query_many many = {.sql = "INSERT INTO bulk_change_row (number, device, before)"
					 " VALUES ($number, $device, $before)"
					 " ON CONFLICT (number, device) DO NOTHING",
		.args = args,
		.arg_count = ROW_COUNT(args),
		.count = count,
		.fill = fill,
		.ctx = &k};
	enum err err = store_within(s, keep_rows, &many, why);

	buf_fini(&k.packed);
	return err;
}

#define PAGE 512

struct walk {
	enum err (*each)(void *ctx, const struct store_device *before);
	void *ctx;
	char after[DEVICE_NAME_BYTES];
	int64_t rows;
};

static enum err walk_row(void *ctx, struct query_row *r)
{
	struct walk *w = ctx;
	struct store_device d;
	enum err err;

	memset(&d, 0, sizeof(d));
	query_row_text(r, 0, w->after, sizeof(w->after));
	err = row_unpack(
		query_row_bytes(r, 1), device_columns, ROW_COUNT(device_columns), &d, r->why);
	if (err || r->err)
		return err ? err : r->err;
	w->rows++;
	return w->each(w->ctx, &d);
}

enum err store_change_kept(struct store *s, int64_t number,
	enum err (*each)(void *ctx, const struct store_device *before), void *ctx, struct fail *why)
{
	struct walk w = {.each = each, .ctx = ctx, .rows = PAGE};
	char after[DEVICE_NAME_BYTES];
	const struct backend_arg args[] = {QUERY_NUMBER("number", number),
		QUERY_TEXT("after", after), QUERY_NUMBER("page", PAGE)};
	enum err err = ERR_OK;

	while (!err && w.rows == PAGE) {
		str_copy(after, sizeof(after), w.after);
		w.rows = 0;
		err = query_run(s,
			"SELECT device, before FROM bulk_change_row"
			" WHERE number = $number AND device > $after ORDER BY device LIMIT $page",
			args, ROW_COUNT(args), walk_row, &w, why);
	}
	return err;
}
