/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/backend.h"
#include "store/sqlite_calls.h"

#include "base/file.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#define BUSY_TIMEOUT_MS 5000
#define BUSY_STEP_MS    5

static enum err sqlite_fail(sqlite3 *db, int code, struct fail *why)
{
	int extended = db ? sqlite3_extended_errcode(db) : code;
	enum err err = ERR_STORE;

	switch (code & 0xFF) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED: err = ERR_BUSY; break;
	case SQLITE_NOMEM: err = ERR_NOMEM; break;
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN: err = ERR_IO; break;
	case SQLITE_CONSTRAINT:
		if (extended == SQLITE_CONSTRAINT_UNIQUE ||
			extended == SQLITE_CONSTRAINT_PRIMARYKEY)
			err = ERR_EXISTS;
		else if (extended == SQLITE_CONSTRAINT_FOREIGNKEY)
			err = ERR_NOTFOUND;
		break;
	default: break;
	}
	return fail_set(why, err, "store: %s", db ? sqlite3_errmsg(db) : sqlite3_errstr(code));
}

static enum err sqlite_exec(sqlite3 *db, const char *sql, struct fail *why)
{
	int code = sqlite3_exec(db, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? ERR_OK : sqlite_fail(db, code, why);
}

/* Changing to the write-ahead log answers "busy" at once, without the busy timeout, while another
 * process does the same to a new file. */
static enum err sqlite_exec_patiently(sqlite3 *db, const char *sql, struct fail *why)
{
	struct fail local;
	enum err err;
	int waited;

	for (waited = 0;; waited += BUSY_STEP_MS) {
		memset(&local, 0, sizeof(local));
		err = sqlite_exec(db, sql, &local);
		if (err != ERR_BUSY || waited >= BUSY_TIMEOUT_MS)
			break;
		sqlite3_sleep(BUSY_STEP_MS);
	}
	if (err && why && !why->code)
		*why = local;
	return err;
}

static void sqlite_close(void *conn)
{
	sqlite3_close_v2(conn);
}

static enum err open_name(void **conn, const char *name, const char *pragmas, struct fail *why)
{
	sqlite3 *db = NULL;
	enum err err = ERR_OK;
	int code;

	err = sqlite_calls_load(why);
	if (err)
		return err;
	code = sqlite3_open_v2(name, &db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
			SQLITE_OPEN_EXRESCODE,
		NULL);
	if (code != SQLITE_OK)
		err = sqlite_fail(db, code, why);
	if (!err)
		err = sqlite_exec_patiently(db, pragmas, why);
	if (err) {
		sqlite3_close_v2(db);
		return err;
	}
	/* Not before: patience with the statements above would become a thousandfold. */
	sqlite3_busy_timeout(db, BUSY_TIMEOUT_MS);
	*conn = db;
	return ERR_OK;
}

static enum err sqlite_open(void **conn, const char *url, const char *place, struct fail *why)
{
	enum err err;

	if (!*place)
		return fail_set(why, ERR_ARG, "a store file needs a path");
	/* SQLite would make it readable for all; its -wal and -shm take this file's mode. */
	if (access(place, F_OK) != 0) {
		struct fail made = {0};

		err = file_create(place, span_of(NULL, 0), 0600, &made);
		if (err && err != ERR_EXISTS) {
			if (why && !why->code)
				*why = made;
			return err;
		}
	}
	return open_name(conn, place,
		"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
		"PRAGMA trusted_schema = OFF",
		why);
}

static enum err ram_open(void **conn, const char *url, const char *place, struct fail *why)
{
	if (*place)
		return fail_set(why, ERR_ARG, "a store in memory has no path");
	return open_name(
		conn, ":memory:", "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF", why);
}

static enum err sqlite_begin(void *conn, bool write, struct fail *why)
{
	return sqlite_exec(conn, write ? "BEGIN IMMEDIATE" : "BEGIN", why);
}

static enum err sqlite_commit(void *conn, struct fail *why)
{
	return sqlite_exec(conn, "COMMIT", why);
}

static void sqlite_rollback(void *conn)
{
	/* SQLite has rolled back by itself after some failures. */
	if (!sqlite3_get_autocommit(conn))
		sqlite3_exec(conn, "ROLLBACK", NULL, NULL, NULL);
}

static enum err sqlite_prepare(void *conn, const char *sql, void **stmt, struct fail *why)
{
	sqlite3_stmt *made = NULL;
	int code = sqlite3_prepare_v2(conn, sql, -1, &made, NULL);

	*stmt = made;
	return code == SQLITE_OK ? ERR_OK : sqlite_fail(conn, code, why);
}

static enum err sqlite_bind(void *conn, void *stmt, const struct backend_arg *arg, struct fail *why)
{
	char name[64];
	int index, code = SQLITE_MISUSE;

	snprintf(name, sizeof(name), "$%s", arg->name);
	index = sqlite3_bind_parameter_index(stmt, name);
	if (!index)
		return fail_set(why, ERR_ARG, "store: the statement has no %s", name);
	switch (arg->type) {
	case BACKEND_TEXT:
		code = sqlite3_bind_text(stmt, index, arg->text, -1, SQLITE_STATIC);
		break;
	case BACKEND_NUMBER: code = sqlite3_bind_int64(stmt, index, arg->number); break;
	case BACKEND_BYTES:
		if (arg->bytes.len > INT_MAX)
			return fail_set(
				why, ERR_LIMIT, "store: %zu bytes in one value", arg->bytes.len);
		code = sqlite3_bind_blob(stmt, index,
			arg->bytes.len ? arg->bytes.ptr : (const void *)"", (int)arg->bytes.len,
			SQLITE_STATIC);
		break;
	}
	return code == SQLITE_OK ? ERR_OK : sqlite_fail(conn, code, why);
}

static enum err sqlite_step(void *conn, void *stmt, bool *row, struct fail *why)
{
	int code = sqlite3_step(stmt);

	*row = code == SQLITE_ROW;
	return code == SQLITE_ROW || code == SQLITE_DONE ? ERR_OK : sqlite_fail(conn, code, why);
}

/* A reader of the write-ahead log: it sees one state of the database, and keeps nobody waiting. */
static enum err sqlite_copy(void *conn, const char *path, struct fail *why)
{
	const struct backend_arg arg = {.name = "path", .type = BACKEND_TEXT, .text = path};
	void *stmt = NULL;
	bool row;
	enum err err = sqlite_prepare(conn, "VACUUM INTO $path", &stmt, why);

	if (!err)
		err = sqlite_bind(conn, stmt, &arg, why);
	if (!err)
		err = sqlite_step(conn, stmt, &row, why);
	sqlite3_finalize(stmt);
	return err;
}

static const char *sqlite_text(void *stmt, int column)
{
	return (const char *)sqlite3_column_text(stmt, column);
}

static int64_t sqlite_number(void *stmt, int column)
{
	return sqlite3_column_int64(stmt, column);
}

static struct span sqlite_bytes(void *stmt, int column)
{
	const void *bytes = sqlite3_column_blob(stmt, column);

	return span_of(bytes, (size_t)sqlite3_column_bytes(stmt, column));
}

/* What was bound is the caller's memory. */
static void sqlite_reset(void *stmt)
{
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
}

static void sqlite_finish(void *conn, void *stmt)
{
	sqlite3_finalize(stmt);
}

#define SQLITE_FUNCTIONS                                                                           \
	.words = {.text = "TEXT",                                                                  \
		.bigint = "INTEGER",                                                               \
		.bytes = "BLOB",                                                                   \
		.strict = "STRICT",                                                                \
		.empty = "x''"},                                                                   \
	.close = sqlite_close, .begin = sqlite_begin, .commit = sqlite_commit,                     \
	.rollback = sqlite_rollback, .copy = sqlite_copy, .prepare = sqlite_prepare,               \
	.bind = sqlite_bind, .step = sqlite_step, .text = sqlite_text, .number = sqlite_number,    \
	.bytes = sqlite_bytes, .reset = sqlite_reset, .finish = sqlite_finish

const struct backend backend_sqlite = {.scheme = "sqlite", .open = sqlite_open, SQLITE_FUNCTIONS};
const struct backend backend_ram = {.scheme = "ram", .open = ram_open, SQLITE_FUNCTIONS};
