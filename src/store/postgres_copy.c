/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/internal.h"
#include "store/postgres.h"

#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define COLUMNS_MOST 48

/* Tables before those that refer to them. The copy gets its schema_version when it is opened. */
static const char *const tables[] = {"param", "node", "account", "profile", "device", "lsc", "line",
	"held", "bulk_change", "bulk_change_row"};

/* As postgres_statement.c has them. */
#define OID_BYTEA 17
#define OID_INT8  20

/* The rows of one table, in text form. */
struct rows {
	PGresult *res;
	struct buf bytes[COLUMNS_MOST];
	enum err err;
};

static void fill(void *ctx, size_t row, struct backend_arg *args)
{
	struct rows *r = ctx;
	int i;

	for (i = 0; i < PQnfields(r->res); i++) {
		const char *name = PQfname(r->res, i);
		const char *value = PQgetvalue(r->res, (int)row, i);

		switch (PQftype(r->res, i)) {
		case OID_INT8: args[i] = QUERY_NUMBER(name, strtoll(value, NULL, 10)); break;
		case OID_BYTEA: /* \x and hex digits */
			buf_clear(&r->bytes[i]);
			if (strlen(value) < 2 || str_unhex(&r->bytes[i], value + 2))
				r->err = ERR_STORE;
			args[i] = QUERY_BYTES(name, buf_span(&r->bytes[i]));
			break;
		default: args[i] = QUERY_TEXT(name, value); break;
		}
	}
}

static enum err insert_text(struct buf *sql, const char *table, const PGresult *res)
{
	int i;

	buf_printf(sql, "INSERT INTO %s (", table);
	for (i = 0; i < PQnfields(res); i++)
		buf_printf(sql, "%s%s", i ? ", " : "", PQfname(res, i));
	buf_str(sql, ") VALUES (");
	for (i = 0; i < PQnfields(res); i++)
		buf_printf(sql, "%s$%s", i ? ", " : "", PQfname(res, i));
	buf_strz(sql, ")");
	return buf_check(sql);
}

static enum err copy_table(struct pg *from, struct store *to, const char *table, struct fail *why)
{
	struct backend_arg args[COLUMNS_MOST];
	struct rows rows = {0};
	struct query_many many = {.args = args, .fill = fill, .ctx = &rows};
	struct buf sql = {0};
	char select[64];
	enum err err;
	size_t i;

	snprintf(select, sizeof(select), "SELECT * FROM %s", table);
	err = pg_exec(from, select, &rows.res, why);
	if (!err && PQnfields(rows.res) > COLUMNS_MOST)
		err = fail_set(why, ERR_LIMIT, "store: more than %d columns", COLUMNS_MOST);
	if (!err)
		err = insert_text(&sql, table, rows.res);
	if (!err) {
		many.sql = (const char *)sql.data;
		many.arg_count = (size_t)PQnfields(rows.res);
		many.count = (size_t)PQntuples(rows.res);
		err = query_run_many(to, &many, why);
	}
	if (!err && rows.err)
		err = fail_set(why, rows.err, "store: bytes of %s are not written in hex", table);
	for (i = 0; i < COLUMNS_MOST; i++)
		buf_fini(&rows.bytes[i]);
	PQclear(rows.res);
	buf_fini(&sql);
	return err;
}

static enum err copy_tables(void *ctx, struct store *to, struct fail *why)
{
	enum err err = ERR_OK;
	size_t i;

	for (i = 0; !err && i < sizeof(tables) / sizeof(tables[0]); i++)
		err = copy_table(ctx, to, tables[i], why);
	return err;
}

static enum err open_copy(struct store **to, const char *path, struct fail *why)
{
	struct buf url = {0};
	struct stat st;
	enum err err;

	if (stat(path, &st) == 0 ? st.st_size > 0 : errno != ENOENT)
		return fail_set(why, ERR_IO, "there is something already");
	buf_printf(&url, "sqlite:%s", path);
	buf_u8(&url, 0);
	err = buf_check(&url);
	if (!err)
		err = store_open(to, (const char *)url.data, why);
	buf_fini(&url);
	return err;
}

/* Everything as it was at one moment, by a transaction that only reads. */
enum err pg_copy(void *conn, const char *path, struct fail *why)
{
	struct pg *p = conn;
	struct store *to = NULL;
	enum err err = pg_ensure(p, PG_PATIENCE_MS, why);

	if (!err)
		err = pg_exec(p, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", NULL, why);
	if (err)
		return err;
	p->in_transaction = true;
	err = open_copy(&to, path, why);
	if (!err)
		err = store_transaction(to, copy_tables, p, why);
	pg_rollback(p);
	/* Without a log of its own beside it. */
	if (!err)
		err = query_run(to, "PRAGMA journal_mode = DELETE", NULL, 0, NULL, NULL, why);
	store_close(to);
	return err;
}
