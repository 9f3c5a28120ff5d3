/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/device/table.h"

#include "base/mem.h"
#include "core/device/internal.h"
#include "core/device/rules.h"
#include "core/device/table_lines.h"
#include "wire/csv/csv.h"

#include <stdio.h>
#include <stdlib.h>

#define NAME_COLUMN    "Device Name"
#define STEP           500 /* phones between two looks at the progress */
#define WARNINGS_BYTES 2048

/* A phone of the file: where it stands, and its record. */
struct entry {
	unsigned line;
	bool is_new, changed;
	struct store_device row;
};

struct reading {
	struct cluster *c;
	struct span text;
	void (*progress)(size_t done, size_t total);
	struct buf *warnings;
	struct device_table_result result;
	struct column {
		const struct device_field *field; /* NULL: the name's, or a line's */
		int64_t line;                     /* 2 and more */
		enum line_part part;
	} columns[CSV_FIELDS_MAX];
	struct table_lines lines;
	size_t columns_count, name_column;
	struct store_device *known; /* in order of names */
	size_t known_count, known_room;
	struct entry *entries;
	size_t count, room;
	struct fail *why;
};

static enum err grow(void *list, size_t *room, size_t count, size_t size, struct fail *why)
{
	void **at = list, *bigger;
	size_t want = *room ? *room * 2 : 256;

	if (count < *room)
		return ERR_OK;
	bigger = mem_resize(*at, want * size);
	if (!bigger)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	*at = bigger;
	*room = want;
	return ERR_OK;
}

static enum err keep_known(void *ctx, const struct store_device *d)
{
	struct reading *r = ctx;
	enum err err = grow(&r->known, &r->known_room, r->known_count, sizeof(*r->known), r->why);

	if (!err)
		r->known[r->known_count++] = *d;
	return err;
}

static int compare_known(const void *name, const void *d)
{
	return strcmp(name, ((const struct store_device *)d)->name);
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = strcmp(x->row.name, y->row.name);

	return order ? order : (int)x->line - (int)y->line;
}

/* The original's other names of the same columns. */
static const char *const aliases[][2] = {
	{"Owner User ID", "Owner"},
	{"Device Security Profile", "Security Profile"},
	{"Display 1", "Line Display 1"},
};

/* False: there is no such column. */
static bool find_column(const char *label, struct column *out)
{
	size_t i;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (str_ieq(label, aliases[i][0]))
			label = aliases[i][1];
	out->field = device_field_find(label);
	return out->field || line_column(label, &out->line, &out->part);
}

static bool same_column(const struct column *a, const struct column *b)
{
	return a->field == b->field && a->line == b->line && a->part == b->part;
}

static enum err read_head(struct reading *r, struct csv *csv, struct fail *why)
{
	enum err err = csv_next(csv, why);
	bool named = false;
	size_t i, j;

	if (err == ERR_NOTFOUND)
		return fail_set(why, ERR_FORMAT, "the file is empty; its first line names columns");
	for (i = 0; !err && i < csv->count; i++) {
		const char *label = csv_field(csv, i);
		bool is_name = str_ieq(label, NAME_COLUMN);
		bool found = find_column(label, &r->columns[i]);

		if (is_name) {
			r->name_column = i;
			if (named)
				err = fail_set(why, ERR_FORMAT, "line %u: two columns %s",
					csv->line, label);
			named = true;
		} else if (!found) {
			err = fail_set(why, ERR_FORMAT,
				"line %u: there is no column %.40s; docs/formats/device-csv.md "
				"lists them",
				csv->line, label);
		}
		for (j = 0; !err && j < i; j++)
			if (!is_name && same_column(&r->columns[j], &r->columns[i]))
				err = fail_set(why, ERR_FORMAT, "line %u: two columns %s",
					csv->line, label);
	}
	if (!err && !named)
		err = fail_set(why, ERR_FORMAT, "line %u: no column " NAME_COLUMN, csv->line);
	r->columns_count = csv->count;
	return err;
}

/* The fields of lines beside the first; the phone is that which was read last. */
static enum err read_lines(struct reading *r, struct csv *csv, struct fail *why)
{
	size_t number = r->count - 1, i, first = r->lines.count;
	struct entry *e = &r->entries[number];
	enum err err = ERR_OK;

	for (i = 0; !err && i < csv->count; i++)
		if (r->columns[i].line && *csv_field(csv, i))
			err = table_lines_set(&r->lines, r->c, e->row.name, number, e->line,
				r->columns[i].line, r->columns[i].part, csv_field(csv, i), why);
	for (i = first; i < r->lines.count; i++)
		e->changed |= r->lines.of[i].changed;
	return err;
}

static enum err read_phone(struct reading *r, struct csv *csv, struct fail *why)
{
	struct device_value values[CSV_FIELDS_MAX];
	char name[DEVICE_NAME_SIZE];
	const struct store_device *known;
	struct entry *e;
	size_t i, n = 0;
	enum err err;

	if (csv->count != r->columns_count)
		return fail_set(why, ERR_FORMAT, "%zu fields, but %zu columns", csv->count,
			r->columns_count);
	if (r->count == DEVICE_TABLE_MOST)
		return fail_set(why, ERR_LIMIT, "more than %u phones", DEVICE_TABLE_MOST);
	err = device_name(name, csv_field(csv, r->name_column), why);
	if (!err)
		err = grow(&r->entries, &r->room, r->count, sizeof(*r->entries), why);
	if (err)
		return err;
	e = &r->entries[r->count++];
	known = r->known_count
			? bsearch(name, r->known, r->known_count, sizeof(*r->known), compare_known)
			: NULL;
	e->line = csv->line;
	e->is_new = !known;
	if (known)
		e->row = *known;
	else
		device_row_init(&e->row, name);
	for (i = 0; i < csv->count; i++)
		if (r->columns[i].field && *csv_field(csv, i))
			values[n++] = (struct device_value){r->columns[i].field, csv_field(csv, i)};
	err = device_apply(r->c, &e->row, values, n, why);
	if (!err && !known)
		device_complete(&e->row, values, n);
	e->changed = !known || memcmp(known, &e->row, sizeof(e->row)) != 0;
	r->result.ordered += e->row.operation && (!known || known->operation != e->row.operation);
	return err ? err : read_lines(r, csv, why);
}

static enum err check_phones(struct reading *r, struct fail *why)
{
	struct device_rules rules = {.c = r->c};
	enum err err = ERR_OK;
	size_t i;

	for (i = 0; i < r->count; i++) {
		struct entry *e = &r->entries[i];

		if (e->changed) {
			err = device_rules_check(&rules, &e->row, why);
			e->row.version++;
			if (r->warnings->len < WARNINGS_BYTES)
				device_rules_warn(&rules, &e->row, r->warnings);
		}
		if (err) {
			fail_prefix(why, "line %u", e->line);
			return err;
		}
		r->result.added += e->is_new;
		r->result.changed += !e->is_new && e->changed;
		r->result.same += !e->changed;
		if (r->progress && i % STEP == 0)
			r->progress(i, r->count + 1);
	}
	return ERR_OK;
}

static enum err sort_phones(struct reading *r, struct fail *why)
{
	const struct entry *e = r->entries;
	size_t i;

	if (r->count)
		qsort(r->entries, r->count, sizeof(*r->entries), compare_entries);
	for (i = 1; i < r->count; i++)
		if (strcmp(e[i].row.name, e[i - 1].row.name) == 0)
			return fail_set(why, ERR_FORMAT, "line %u: %s stands in line %u already",
				e[i].line, e[i].row.name, e[i - 1].line);
	return ERR_OK;
}

/* Says the line of the phone that the store's message begins with. */
static void name_line(const struct reading *r, struct fail *why)
{
	size_t i;

	for (i = 0; why && i < r->count; i++)
		if (strncmp(why->text, r->entries[i].row.name, DEVICE_NAME_SIZE - 1) == 0) {
			fail_prefix(why, "line %u", r->entries[i].line);
			return;
		}
}

static enum err put_phones(struct reading *r, struct store *s, struct fail *why)
{
	struct store_device *rows = NULL;
	size_t n = 0, i;
	enum err err = ERR_OK;

	if (r->result.added + r->result.changed) {
		rows = mem_new((r->result.added + r->result.changed) * sizeof(*rows));
		if (!rows)
			return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
		for (i = 0; i < r->count; i++)
			if (r->entries[i].changed)
				rows[n++] = r->entries[i].row;
		err = store_device_put_many(s, rows, n, why);
		if (err)
			name_line(r, why);
	}
	mem_free(rows);
	return err;
}

static enum err read_all(void *ctx, struct store *s, struct fail *why)
{
	struct reading *r = ctx;
	struct csv csv;
	enum err err;

	fail_clear(why);
	csv_init(&csv, r->text);
	r->known_count = r->count = r->lines.count = 0;
	r->why = why;
	memset(&r->result, 0, sizeof(r->result));
	buf_clear(r->warnings);
	err = read_head(r, &csv, why);
	if (!err)
		err = store_device_each(s, keep_known, r, why);
	while (!err) {
		err = csv_next(&csv, why);
		if (err)
			break;
		err = read_phone(r, &csv, why);
		if (err)
			fail_prefix(why, "line %u", csv.line);
	}
	csv_fini(&csv);
	if (err == ERR_NOTFOUND && !why->code)
		err = ERR_OK;
	if (!err)
		err = check_phones(r, why);
	if (!err)
		err = sort_phones(r, why);
	if (!err)
		err = table_lines_check(&r->lines, why);
	if (!err)
		err = table_lines_release(&r->lines, s, why);
	if (!err)
		err = put_phones(r, s, why);
	return err ? err : table_lines_put(&r->lines, s, why);
}

enum err device_table_read(struct cluster *c, struct span csv,
	void (*progress)(size_t done, size_t total), struct device_table_result *out,
	struct buf *warnings, struct fail *why)
{
	struct reading r = {.c = c, .text = csv, .progress = progress, .warnings = warnings};
	struct fail local = {0};
	enum err err = store_transaction(cluster_get_store(c), read_all, &r, &local);

	if (progress && !err)
		progress(r.count + 1, r.count + 1);
	*out = r.result;
	table_lines_fini(&r.lines);
	mem_free(r.known);
	mem_free(r.entries);
	return err ? fail_set(why, err, "%s", local.text[0] ? local.text : err_text(err)) : ERR_OK;
}

struct writing {
	struct store *store;
	struct buf *csv;
	int64_t lines; /* of the phone that has most */
};

static enum err write_phone(void *ctx, const struct store_device *d)
{
	const struct writing *w = ctx;
	struct buf *out = w->csv, text = {0};
	const struct device_field *f;
	enum err err = ERR_OK;
	size_t i;

	csv_put(out, d->name, true);
	for (i = 0; !err && (f = device_field_at(i)); i++) {
		if (f->use & DEVICE_FIELD_SECRET)
			continue;
		buf_clear(&text);
		device_field_text(d, f, &text);
		buf_u8(&text, 0);
		err = buf_check(&text);
		if (!err)
			csv_put(out, (const char *)text.data, false);
	}
	if (!err)
		err = table_lines_write(w->store, d->name, w->lines, out);
	csv_end(out);
	buf_fini(&text);
	return err ? err : buf_check(out);
}

enum err device_table_write(struct cluster *c, struct buf *csv, struct fail *why)
{
	struct writing w = {.store = cluster_get_store(c), .csv = csv};
	const struct device_field *f;
	enum err err = store_line_most(w.store, &w.lines, why);
	size_t i;

	if (err)
		return err;
	csv_put(csv, NAME_COLUMN, true);
	for (i = 0; (f = device_field_at(i)); i++)
		if (!(f->use & DEVICE_FIELD_SECRET))
			csv_put(csv, f->label, false);
	table_lines_head(w.lines, csv);
	csv_end(csv);
	return store_device_each(w.store, write_phone, &w, why);
}
