/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/capf.h"
#include "store/row.h"

#define NAME_SIZE sizeof(((struct store_enrolment *)0)->device)

/* Beside the key, device. */
#define COLUMNS(X)                                                                                 \
	X(NUMBER, step)                                                                            \
	X(NUMBER, step_since)                                                                      \
	X(NUMBER, ordered)                                                                         \
	X(NUMBER, enrolled)                                                                        \
	X(NUMBER, string_made)                                                                     \
	X(NUMBER, failures)                                                                        \
	X(NUMBER, blocked_until)                                                                   \
	X(NUMBER, last_failure)                                                                    \
	X(NUMBER, last_session)                                                                    \
	X(TEXT, address)                                                                           \
	X(TEXT, note)

#define COLUMN(kind, member) ROW_COLUMN(struct store_enrolment, kind, member),
static const struct row_column columns[] = {COLUMN(TEXT, device) COLUMNS(COLUMN)};
#define COUNT ROW_COUNT(columns)

#define SELECT "SELECT device" COLUMNS(ROW_NAME) " FROM enrolment"

static enum err read_row(void *ctx, struct query_row *r)
{
	memset(ctx, 0, sizeof(struct store_enrolment));
	row_read(r, 0, columns, COUNT, ctx);
	return r->err;
}

enum err store_enrolment_get(
	struct store *s, const char *device, struct store_enrolment *out, struct fail *why)
{
	char folded[NAME_SIZE];
	enum err err;

	memset(out, 0, sizeof(*out));
	if (strlen(device) >= sizeof(folded))
		return ERR_OK;
	query_fold(folded, sizeof(folded), device);
	memcpy(out->device, folded, sizeof(folded));
	err = query_one(s, SELECT " WHERE device = $device", &QUERY_TEXT("device", folded), 1,
		read_row, out, why);
	return err == ERR_NOTFOUND ? ERR_OK : err;
}

struct putting {
	const struct store_enrolment *e;
	char device[NAME_SIZE];
};

static void fill(void *ctx, size_t i, struct backend_arg *args)
{
	struct putting *p = ctx;

	query_fold(p->device, sizeof(p->device), p->e[i].device);
	args[0] = QUERY_TEXT("device", p->device);
	row_args(args + 1, columns + 1, COUNT - 1, &p->e[i]);
}

#define INSERT                                                                                     \
	"INSERT INTO enrolment (device" COLUMNS(ROW_NAME) ") SELECT $device" COLUMNS(              \
		ROW_VALUE) " WHERE EXISTS (SELECT 1 FROM device WHERE name = $device)"             \
			   " ON CONFLICT (device) DO UPDATE SET "

static enum err put(struct store *s, const char *sql, const struct store_enrolment *e, size_t count,
	struct fail *why)
{
	struct putting p = {.e = e};
	struct backend_arg args[COUNT];
	struct query_many many = {.sql = sql,
		.args = args,
		.arg_count = COUNT,
		.count = count,
		.fill = fill,
		.ctx = &p};

	return query_run_many(s, &many, why);
}

enum err store_enrolment_put_many(
	struct store *s, const struct store_enrolment *e, size_t count, struct fail *why)
{
	return put(s, INSERT "device = excluded.device" COLUMNS(ROW_SET), e, count, why);
}

enum err store_enrolment_step_many(
	struct store *s, const struct store_enrolment *e, size_t count, struct fail *why)
{
	return put(s,
		INSERT "step = excluded.step, step_since = excluded.step_since,"
		       " address = excluded.address",
		e, count, why);
}

struct walk {
	enum err (*each)(void *ctx, const struct store_enrolment *e);
	void *ctx;
};

static enum err walk_row(void *ctx, struct query_row *r)
{
	const struct walk *w = ctx;
	struct store_enrolment e;
	enum err err = read_row(&e, r);

	return err ? err : w->each(w->ctx, &e);
}

enum err store_enrolment_each(struct store *s, bool busy,
	enum err (*each)(void *ctx, const struct store_enrolment *e), void *ctx, struct fail *why)
{
	struct walk w = {.each = each, .ctx = ctx};
	const struct backend_arg done = QUERY_NUMBER("done", STORE_STEP_DONE);

	if (busy)
		return query_run(s, SELECT " WHERE step > 0 AND step < $done ORDER BY device",
			&done, 1, walk_row, &w, why);
	return query_run(s, SELECT " ORDER BY device", NULL, 0, walk_row, &w, why);
}

enum err store_operation_set(struct store *s, const struct store_operation *o, struct fail *why)
{
#define ENDED                                                                                      \
	"UPDATE device SET operation = $operation, operation_status = $status, operation_by = "    \
	"$by, version = version + 1"
	static const char *const statements[] = {
		ENDED " WHERE name = $device AND operation IN (0, $of) RETURNING name",
		(ENDED ", auth_string = $none"
		       " WHERE name = $device AND operation IN (0, $of) RETURNING name"),
		("UPDATE device SET operation_status = $status"
		 " WHERE name = $device AND operation = $operation RETURNING name"),
	};
#undef ENDED
	char folded[NAME_SIZE];
	const struct backend_arg args[] = {QUERY_TEXT("device", folded),
		QUERY_NUMBER("operation", o->operation), QUERY_TEXT("status", o->status),
		QUERY_NUMBER("by", o->by), QUERY_NUMBER("of", o->of),
		QUERY_BYTES("none", span_of("", 0))};
	const size_t which = o->keep ? 2 : o->drop_string ? 1 : 0;
	enum err err;

	query_fold(folded, sizeof(folded), o->device);
	/* No file says what the status is. */
	err = o->keep ? query_one(s, statements[which], args, ROW_COUNT(args) - 3, NULL, NULL, why)
		      : query_change_one(
				s, statements[which], args, ROW_COUNT(args) - !o->drop_string, why);
	return err == ERR_NOTFOUND
		       ? fail_set(why, err, "there is no device %.32s with that operation pending",
				 o->device)
		       : err;
}
