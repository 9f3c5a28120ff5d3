/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/query.h"

#define COLUMNS                                                                                    \
	"name, model, description, number, display, profile, operation, operation_status,"         \
	" operation_by, version, last_seen"

#define NAME_SIZE   sizeof(((struct store_device *)0)->name)
#define NUMBER_SIZE sizeof(((struct store_device *)0)->number)

enum err store_device_put(struct store *s, const struct store_device *d, struct fail *why)
{
	char name[NAME_SIZE], number_folded[NUMBER_SIZE], profile_folded[STORE_NAME];
	const struct backend_arg args[] = {QUERY_TEXT("name", name),
		QUERY_NUMBER("model", d->model), QUERY_TEXT("description", d->description),
		QUERY_TEXT("number", d->number), QUERY_TEXT("number_folded", number_folded),
		QUERY_TEXT("display", d->display), QUERY_TEXT("profile", d->profile),
		QUERY_TEXT("profile_folded", profile_folded),
		QUERY_NUMBER("operation", d->operation),
		QUERY_TEXT("operation_status", d->operation_status),
		QUERY_NUMBER("operation_by", d->operation_by), QUERY_NUMBER("version", d->version),
		QUERY_NUMBER("last_seen", d->last_seen)};

	query_fold(name, sizeof(name), d->name);
	query_fold(number_folded, sizeof(number_folded), d->number);
	query_fold(profile_folded, sizeof(profile_folded), d->profile);
	return query_run(s,
		"INSERT INTO device (" COLUMNS ", number_folded, profile_folded) VALUES ($name,"
		" $model, $description, $number, $display, $profile, $operation,"
		" $operation_status, $operation_by, $version, $last_seen, $number_folded,"
		" $profile_folded)"
		" ON CONFLICT (name) DO UPDATE SET model = excluded.model,"
		" description = excluded.description, number = excluded.number,"
		" number_folded = excluded.number_folded, display = excluded.display,"
		" profile = excluded.profile, profile_folded = excluded.profile_folded,"
		" operation = excluded.operation, operation_status = excluded.operation_status,"
		" operation_by = excluded.operation_by, version = excluded.version,"
		" last_seen = excluded.last_seen",
		args, sizeof(args) / sizeof(args[0]), NULL, NULL, why);
}

static enum err read_device(void *ctx, struct query_row *r)
{
	struct store_device *d = ctx;

	memset(d, 0, sizeof(*d));
	query_row_text(r, 0, d->name, sizeof(d->name));
	d->model = query_row_number(r, 1);
	query_row_text(r, 2, d->description, sizeof(d->description));
	query_row_text(r, 3, d->number, sizeof(d->number));
	query_row_text(r, 4, d->display, sizeof(d->display));
	query_row_text(r, 5, d->profile, sizeof(d->profile));
	d->operation = query_row_number(r, 6);
	query_row_text(r, 7, d->operation_status, sizeof(d->operation_status));
	d->operation_by = query_row_number(r, 8);
	d->version = query_row_number(r, 9);
	d->last_seen = query_row_number(r, 10);
	return r->err;
}

static enum err no_device(struct fail *why, const char *name)
{
	return fail_set(why, ERR_NOTFOUND, "there is no device %.32s", name);
}

enum err store_device_get(
	struct store *s, const char *name, struct store_device *out, struct fail *why)
{
	char folded[NAME_SIZE];
	enum err err;

	if (strlen(name) >= sizeof(folded))
		return no_device(why, name);
	query_fold(folded, sizeof(folded), name);
	err = query_one(s, "SELECT " COLUMNS " FROM device WHERE name = $name",
		&QUERY_TEXT("name", folded), 1, read_device, out, why);
	return err == ERR_NOTFOUND ? no_device(why, name) : err;
}

enum err store_device_by_number(
	struct store *s, const char *number, struct store_device *out, struct fail *why)
{
	char folded[NUMBER_SIZE];
	enum err err = ERR_NOTFOUND;

	if (*number && strlen(number) < sizeof(folded)) {
		query_fold(folded, sizeof(folded), number);
		err = query_one(s, "SELECT " COLUMNS " FROM device WHERE number_folded = $number",
			&QUERY_TEXT("number", folded), 1, read_device, out, why);
	}
	if (err == ERR_NOTFOUND)
		fail_set(why, err, "no device has the number %.32s", number);
	return err;
}

struct walk {
	enum err (*each)(void *ctx, const struct store_device *d);
	void *ctx;
};

static enum err walk_row(void *ctx, struct query_row *r)
{
	const struct walk *w = ctx;
	struct store_device d;
	enum err err = read_device(&d, r);

	return err ? err : w->each(w->ctx, &d);
}

enum err store_device_each(struct store *s,
	enum err (*each)(void *ctx, const struct store_device *d), void *ctx, struct fail *why)
{
	struct walk w = {.each = each, .ctx = ctx};

	return query_run(
		s, "SELECT " COLUMNS " FROM device ORDER BY name", NULL, 0, walk_row, &w, why);
}

enum err store_device_delete(struct store *s, const char *name, struct fail *why)
{
	char folded[NAME_SIZE];
	enum err err;

	if (strlen(name) >= sizeof(folded))
		return no_device(why, name);
	query_fold(folded, sizeof(folded), name);
	err = query_one(s, "DELETE FROM device WHERE name = $name RETURNING name",
		&QUERY_TEXT("name", folded), 1, NULL, NULL, why);
	return err == ERR_NOTFOUND ? no_device(why, name) : err;
}
