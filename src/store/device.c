/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/device_row.h"
#include "store/internal.h"

#define NUMBER_SIZE sizeof(((struct store_device *)0)->number)

const struct row_column device_columns[] = {DEVICE_COLUMN(TEXT, name) DEVICE_COLUMN(TEXT, number)
		DEVICE_COLUMN(TEXT, display) DEVICE_COLUMNS(DEVICE_COLUMN)};

enum err device_read(void *ctx, struct query_row *r)
{
	memset(ctx, 0, sizeof(struct store_device));
	row_read(r, 0, device_columns, ROW_COUNT(device_columns), ctx);
	return r->err;
}

struct putting {
	const struct store_device *d;
	size_t count;
	char name[DEVICE_NAME_BYTES], folded[STORE_NAME];
};

static void fill_device(void *ctx, size_t i, struct backend_arg *args)
{
	struct putting *p = ctx;

	query_fold(p->name, sizeof(p->name), p->d[i].name);
	query_fold(p->folded, sizeof(p->folded), p->d[i].profile);
	args[0] = QUERY_TEXT("name", p->name);
	args[1] = QUERY_TEXT("profile_folded", p->folded);
	row_args(args + 2, device_columns + DEVICE_KEYS, DEVICE_COLUMN_COUNT, &p->d[i]);
}

static void fill_number(void *ctx, size_t i, struct backend_arg *args)
{
	struct putting *p = ctx;

	query_fold(p->name, sizeof(p->name), p->d[i].name);
	query_fold(p->folded, NUMBER_SIZE, p->d[i].number);
	args[0] = QUERY_TEXT("device", p->name);
	args[1] = QUERY_TEXT("number_folded", p->folded);
}

static void fill_line(void *ctx, size_t i, struct backend_arg *args)
{
	const struct putting *p = ctx;

	fill_number(ctx, i, args);
	args[2] = QUERY_TEXT("number", p->d[i].number);
	args[3] = QUERY_TEXT("display", p->d[i].display);
}

static enum err put_devices(struct store *s, struct putting *p, struct fail *why)
{
	struct backend_arg args[2 + DEVICE_COLUMN_COUNT];
	struct query_many many = {
		.sql = "INSERT INTO device (name, profile_folded" DEVICE_COLUMNS(ROW_NAME) ") VALUES ($name, $profile_folded" DEVICE_COLUMNS(
			ROW_VALUE) ") ON CONFLICT (name) DO UPDATE SET"
				   " profile_folded = excluded.profile_folded" DEVICE_COLUMNS(
					   ROW_SET),
		.args = args,
		.arg_count = ROW_COUNT(args),
		.count = p->count,
		.fill = fill_device,
		.ctx = p};
	enum err err = query_run_many(s, &many, why);

	if (err && many.failed < p->count)
		fail_prefix(why, "%s", p->d[many.failed].name);
	return err;
}

/* Numbers that change are given up first, so that the devices may exchange them. */
static enum err release_numbers(struct store *s, struct putting *p, struct fail *why)
{
	struct backend_arg args[2];
	struct query_many many = {.sql = "UPDATE line SET number = '', number_folded = ''"
					 " WHERE device = $device AND line_index = 1"
					 " AND number_folded <> $number_folded",
		.args = args,
		.arg_count = ROW_COUNT(args),
		.count = p->count,
		.fill = fill_number,
		.ctx = p};

	return query_run_many(s, &many, why);
}

static enum err put_lines(struct store *s, struct putting *p, struct fail *why)
{
	struct backend_arg args[4];
	struct query_many many = {.sql = "INSERT INTO line (device, line_index, number,"
					 " number_folded, display, label) VALUES ($device, 1,"
					 " $number, $number_folded, $display, '')"
					 " ON CONFLICT (device, line_index) DO UPDATE SET"
					 " number = excluded.number,"
					 " number_folded = excluded.number_folded,"
					 " display = excluded.display"
					 " WHERE line.number <> excluded.number"
					 " OR line.display <> excluded.display",
		.args = args,
		.arg_count = ROW_COUNT(args),
		.count = p->count,
		.fill = fill_line,
		.ctx = p};
	struct fail local = {0};
	enum err err = query_run_many(s, &many, &local);

	if (err == ERR_EXISTS && many.failed < p->count)
		return fail_set(why, err, "%s: directory number %s is another phone's",
			p->d[many.failed].name, p->d[many.failed].number);
	return err ? fail_set(why, err, "%s", local.text) : ERR_OK;
}

static enum err put_rows(void *ctx, struct store *s, struct fail *why)
{
	enum err err = put_devices(s, ctx, why);

	store_moved(s);
	if (!err)
		err = release_numbers(s, ctx, why);
	return err ? err : put_lines(s, ctx, why);
}

enum err store_device_put_many(
	struct store *s, const struct store_device *d, size_t count, struct fail *why)
{
	struct putting p = {.d = d, .count = count};

	return store_within(s, put_rows, &p, why);
}

enum err store_device_put(struct store *s, const struct store_device *d, struct fail *why)
{
	return store_device_put_many(s, d, 1, why);
}

static enum err no_device(struct fail *why, const char *name)
{
	return fail_set(why, ERR_NOTFOUND, "there is no device %.32s", name);
}

enum err store_device_get(
	struct store *s, const char *name, struct store_device *out, struct fail *why)
{
	char folded[DEVICE_NAME_BYTES];
	enum err err;

	if (strlen(name) >= sizeof(folded))
		return no_device(why, name);
	query_fold(folded, sizeof(folded), name);
	err = query_one(s, DEVICE_SELECT " WHERE device.name = $name", &QUERY_TEXT("name", folded),
		1, device_read, out, why);
	return err == ERR_NOTFOUND ? no_device(why, name) : err;
}

enum err store_device_by_number(
	struct store *s, const char *number, struct store_device *out, struct fail *why)
{
	char folded[NUMBER_SIZE];
	enum err err = ERR_NOTFOUND;

	if (*number && strlen(number) < sizeof(folded)) {
		query_fold(folded, sizeof(folded), number);
		/* The second condition is that of the index, which is used for no other query. */
		err = query_one(s,
			DEVICE_SELECT " WHERE device.name = (SELECT l.device FROM line AS l"
				      " WHERE l.number_folded = $number AND l.number_folded <> '')",
			&QUERY_TEXT("number", folded), 1, device_read, out, why);
	}
	if (err == ERR_NOTFOUND)
		fail_set(why, err, "no device has the number %.32s", number);
	return err;
}

enum err store_device_delete(struct store *s, const char *name, struct fail *why)
{
	char folded[DEVICE_NAME_BYTES];
	enum err err;

	if (strlen(name) >= sizeof(folded))
		return no_device(why, name);
	query_fold(folded, sizeof(folded), name);
	err = query_change_one(s, "DELETE FROM device WHERE name = $name RETURNING name",
		&QUERY_TEXT("name", folded), 1, why);
	return err == ERR_NOTFOUND ? no_device(why, name) : err;
}

struct seeing {
	const char *const *names;
	int64_t when;
	char name[DEVICE_NAME_BYTES];
};

static void fill_seen(void *ctx, size_t i, struct backend_arg *args)
{
	struct seeing *x = ctx;

	query_fold(x->name, sizeof(x->name), x->names[i]);
	args[0] = QUERY_TEXT("name", x->name);
	args[1] = QUERY_NUMBER("last_seen", x->when);
}

enum err store_device_seen(
	struct store *s, const char *const *names, size_t count, int64_t when, struct fail *why)
{
	struct seeing x = {.names = names, .when = when};
	struct backend_arg args[2];
	struct query_many many = {.sql = "UPDATE device SET last_seen = $last_seen"
					 " WHERE name = $name AND last_seen < $last_seen",
		.args = args,
		.arg_count = ROW_COUNT(args),
		.count = count,
		.fill = fill_seen,
		.ctx = &x};

	return query_run_many(s, &many, why);
}
