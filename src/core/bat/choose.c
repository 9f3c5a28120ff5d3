/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/bat/choose.h"

#include "base/mem.h"
#include "base/str.h"
#include "core/bat/query.h"
#include "wire/csv/csv.h"

#include <stdlib.h>

#define NAME_COLUMN "Device Name"

enum err bat_choice_add(struct bat_choice *choice, const char *name, struct fail *why)
{
	size_t room = choice->room ? choice->room * 2 : 64;
	char(*names)[16];

	if (choice->count == BAT_CHOICE_MOST)
		return fail_set(why, ERR_LIMIT, "more than %u phones", BAT_CHOICE_MOST);
	if (choice->count == choice->room) {
		names = mem_resize(choice->names, room * sizeof(*names));
		if (!names)
			return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
		choice->names = names;
		choice->room = room;
	}
	str_copy(choice->names[choice->count++], sizeof(*choice->names), name);
	return ERR_OK;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void sort(struct bat_choice *choice)
{
	size_t i, n = 0;

	if (choice->count)
		qsort(choice->names, choice->count, sizeof(*choice->names), by_name);
	for (i = 0; i < choice->count; i++)
		if (!n || strcmp(choice->names[n - 1], choice->names[i]) != 0)
			memmove(choice->names[n++], choice->names[i], sizeof(*choice->names));
	choice->count = n;
}

struct finding {
	struct bat_choice *out;
	struct fail *why;
};

static enum err find_one(void *ctx, const struct store_device *d)
{
	const struct finding *f = ctx;

	return bat_choice_add(f->out, d->name, f->why);
}

enum err bat_choose(struct cluster *c, const char *text, struct bat_choice *out, struct fail *why)
{
	struct finding f = {.out = out, .why = why};
	char name[DEVICE_NAME_SIZE];
	struct bat_query q;
	struct store_filter filter;
	struct store_device row;
	enum err err;

	memset(out, 0, sizeof(*out));
	if (str_device_name(name, text) == ERR_OK) {
		err = store_device_get(cluster_get_store(c), name, &row, why);
		return err ? err : bat_choice_add(out, name, why);
	}
	err = bat_query_parse(&q, text, why);
	if (err)
		return err;
	filter = bat_query_filter(&q);
	err = store_device_find(cluster_get_store(c), &filter, find_one, &f, why);
	if (err)
		bat_choice_fini(out);
	sort(out);
	return err;
}

static enum err find_column(struct csv *csv, size_t *column, struct fail *why)
{
	enum err err = csv_next(csv, why);

	if (err == ERR_NOTFOUND)
		return fail_set(why, ERR_FORMAT, "the file is empty; its first line names columns");
	for (*column = 0; !err && *column < csv->count; ++*column)
		if (str_ieq(csv_field(csv, *column), NAME_COLUMN))
			return ERR_OK;
	return err ? err : fail_set(why, ERR_FORMAT, "line %u: no column " NAME_COLUMN, csv->line);
}

enum err bat_choose_csv(
	struct cluster *c, struct span text, struct bat_choice *out, struct fail *why)
{
	struct csv csv;
	struct store_device row;
	struct fail local = {0};
	char name[DEVICE_NAME_SIZE];
	size_t column = 0;
	enum err err;

	memset(out, 0, sizeof(*out));
	csv_init(&csv, text);
	err = find_column(&csv, &column, why);
	while (!err) {
		err = csv_next(&csv, why);
		if (err)
			break;
		if (str_device_name(name, csv_field(&csv, column)))
			err = fail_set(why, ERR_FORMAT, "line %u: %.32s is no device name",
				csv.line, csv_field(&csv, column));
		if (!err)
			err = store_device_get(cluster_get_store(c), name, &row, &local);
		if (local.code)
			err = fail_set(why, local.code, "line %u: %s", csv.line, local.text);
		if (!err)
			err = bat_choice_add(out, name, why);
	}
	csv_fini(&csv);
	if (err == ERR_NOTFOUND && !local.code) {
		fail_clear(why);
		err = ERR_OK;
	}
	if (err)
		bat_choice_fini(out);
	sort(out);
	return err;
}

enum err bat_choose_names(struct cluster *c, const char *const *names, size_t count,
	struct bat_choice *out, struct fail *why)
{
	struct store_device row;
	char name[DEVICE_NAME_SIZE];
	enum err err = ERR_OK;
	size_t i;

	memset(out, 0, sizeof(*out));
	for (i = 0; !err && i < count; i++) {
		if (str_device_name(name, names[i]))
			err = fail_set(why, ERR_FORMAT, "%.32s is no device name", names[i]);
		if (!err)
			err = store_device_get(cluster_get_store(c), name, &row, why);
		if (!err)
			err = bat_choice_add(out, name, why);
	}
	if (err)
		bat_choice_fini(out);
	sort(out);
	return err;
}

void bat_choice_fini(struct bat_choice *choice)
{
	mem_free(choice->names);
	memset(choice, 0, sizeof(*choice));
}
