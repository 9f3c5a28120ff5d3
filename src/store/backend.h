/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef STORE_BACKEND_H
#define STORE_BACKEND_H

#include "base/buf.h"

#include <stdbool.h>

/* What one database program must give so that it can hold the store; private to this folder. The
 * statements are the same for all. Every call may answer ERR_BUSY for "run the transaction again",
 * and ERR_AWAY for "the database was lost": a transaction is then over, and the next begin or
 * statement connects again. */

enum backend_type { BACKEND_TEXT, BACKEND_NUMBER, BACKEND_BYTES };

/* A value for the parameter `$<name>`; borrowed until the statement is finished. */
struct backend_arg {
	const char *name;
	enum backend_type type;
	const char *text;
	int64_t number;
	struct span bytes;
};

/* In table definitions {TEXT}, {BIGINT}, {BYTES}, {STRICT} and {EMPTY} (no bytes, as a value) stand
 * for these. */
struct backend_words {
	const char *text, *bigint, *bytes, *strict, *empty;
};

struct backend {
	const char *scheme; /* of the url: "sqlite" */
	struct backend_words words;

	/* `url` as given, `place` what follows its scheme. */
	enum err (*open)(void **conn, const char *url, const char *place, struct fail *why);
	void (*close)(void *conn);

	/* `write`: take the right to write at once instead of at the first write. */
	enum err (*begin)(void *conn, bool write, struct fail *why);
	enum err (*commit)(void *conn, struct fail *why);
	void (*rollback)(void *conn);

	/* Outside a transaction: store_copy. */
	enum err (*copy)(void *conn, const char *path, struct fail *why);

	/* A statement is prepared once and run many times: bind each value, step to the end, reset.
	 */
	enum err (*prepare)(void *conn, const char *sql, void **stmt, struct fail *why);
	enum err (*bind)(void *conn, void *stmt, const struct backend_arg *arg, struct fail *why);
	/* *row is false after the last one. */
	enum err (*step)(void *conn, void *stmt, bool *row, struct fail *why);
	/* Columns count from 0; text and bytes live until the next step. */
	const char *(*text)(void *stmt, int column);
	int64_t (*number)(void *stmt, int column);
	struct span (*bytes)(void *stmt, int column);
	void (*reset)(void *stmt);
	void (*finish)(void *conn, void *stmt);

	/* For a statement without rows, instead of step: the answer may come with a later one. NULL
	 * where there is nothing to win by that. `flush` is called in the end, even after an error;
	 * *failed counts the statements queued before the one that failed. */
	enum err (*queue)(void *conn, void *stmt, struct fail *why);
	enum err (*flush)(void *conn, size_t *failed, struct fail *why);
};

extern const struct backend backend_sqlite;   /* "sqlite:<path>" */
extern const struct backend backend_ram;      /* "ram:" */
extern const struct backend backend_postgres; /* "postgresql://…" */

#endif
