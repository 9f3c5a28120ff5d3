/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/query.h"
#include "store/row.h"

#define NAME_SIZE   sizeof(((struct store_line *)0)->device)
#define NUMBER_SIZE sizeof(((struct store_line *)0)->number)

enum err store_line_put(struct store *s, const struct store_line *l, struct fail *why)
{
	char device[NAME_SIZE], folded[NUMBER_SIZE];
	const struct backend_arg args[] = {QUERY_TEXT("device", device),
		QUERY_NUMBER("line_index", l->index), QUERY_TEXT("number", l->number),
		QUERY_TEXT("number_folded", folded), QUERY_TEXT("display", l->display),
		QUERY_TEXT("label", l->label)};
	struct fail local = {0};
	enum err err;

	if (l->index < 1)
		return fail_set(why, ERR_ARG, "lines of a phone count from 1");
	query_fold(device, sizeof(device), l->device);
	query_fold(folded, sizeof(folded), l->number);
	err = query_change(s,
		"INSERT INTO line (device, line_index, number, number_folded, display, label)"
		" VALUES ($device, $line_index, $number, $number_folded, $display, $label)"
		" ON CONFLICT (device, line_index) DO UPDATE SET number = excluded.number,"
		" number_folded = excluded.number_folded, display = excluded.display,"
		" label = excluded.label",
		args, ROW_COUNT(args), &local);
	if (err == ERR_EXISTS)
		return fail_set(why, err, "directory number %s is that of another line", l->number);
	if (err == ERR_NOTFOUND)
		return fail_set(why, err, "there is no device %s", l->device);
	return err ? fail_set(why, err, "%s", local.text) : ERR_OK;
}

struct walk {
	enum err (*each)(void *ctx, const struct store_line *l);
	void *ctx;
};

static enum err walk_row(void *ctx, struct query_row *r)
{
	const struct walk *w = ctx;
	struct store_line l;

	memset(&l, 0, sizeof(l));
	query_row_text(r, 0, l.device, sizeof(l.device));
	l.index = query_row_number(r, 1);
	query_row_text(r, 2, l.number, sizeof(l.number));
	query_row_text(r, 3, l.display, sizeof(l.display));
	query_row_text(r, 4, l.label, sizeof(l.label));
	return r->err ? r->err : w->each(w->ctx, &l);
}

/* The row of line 1 is there for every device, also without anything in it. */
enum err store_line_each(struct store *s, const char *device,
	enum err (*each)(void *ctx, const struct store_line *l), void *ctx, struct fail *why)
{
	struct walk w = {.each = each, .ctx = ctx};
	char folded[NAME_SIZE];

	if (strlen(device) >= sizeof(folded))
		return ERR_OK;
	query_fold(folded, sizeof(folded), device);
	return query_run(s,
		"SELECT device, line_index, number, display, label FROM line"
		" WHERE device = $device AND (number <> '' OR display <> '' OR label <> '')"
		" ORDER BY line_index",
		&QUERY_TEXT("device", folded), 1, walk_row, &w, why);
}

enum err store_line_delete(struct store *s, const char *device, int64_t index, struct fail *why)
{
	char folded[NAME_SIZE];
	const struct backend_arg args[] = {
		QUERY_TEXT("device", folded), QUERY_NUMBER("line_index", index)};
	enum err err = ERR_NOTFOUND;

	if (strlen(device) < sizeof(folded)) {
		query_fold(folded, sizeof(folded), device);
		err = query_change_one(s,
			"DELETE FROM line WHERE device = $device AND line_index = $line_index"
			" AND (number <> '' OR display <> '' OR label <> '') RETURNING device",
			args, ROW_COUNT(args), why);
	}
	if (err == ERR_NOTFOUND)
		fail_set(why, err, "%.32s has no line %lld", device, (long long)index);
	return err;
}

static enum err read_most(void *ctx, struct query_row *r)
{
	*(int64_t *)ctx = query_row_number(r, 0);
	return r->err;
}

enum err store_line_most(struct store *s, int64_t *most, struct fail *why)
{
	*most = 0;
	return query_run(
		s, "SELECT COALESCE(MAX(line_index), 0) FROM line", NULL, 0, read_most, most, why);
}
