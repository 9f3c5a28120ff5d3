/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef STORE_QUERY_H
#define STORE_QUERY_H

#include "store/backend.h"
#include "store/store.h"

/* One statement with its values; what the row functions of this folder are made of. */

#define QUERY_TEXT(n, v) ((struct backend_arg){.name = (n), .type = BACKEND_TEXT, .text = (v)})
#define QUERY_NUMBER(n, v)                                                                         \
	((struct backend_arg){.name = (n), .type = BACKEND_NUMBER, .number = (v)})
#define QUERY_BYTES(n, v) ((struct backend_arg){.name = (n), .type = BACKEND_BYTES, .bytes = (v)})

struct query_row {
	const struct backend *backend;
	void *stmt;
	struct fail *why;
	enum err err; /* sticky: the first column that did not fit */
};

/* A longer text than `size` allows is a failure of the row, not cut. */
void query_row_text(struct query_row *r, int column, char *out, size_t size);
int64_t query_row_number(struct query_row *r, int column);
/* Borrowed until the callback returns. */
struct span query_row_bytes(struct query_row *r, int column);

typedef enum err query_each(void *ctx, struct query_row *r);

/* Runs one statement; `each` (or NULL) gets every row, its error ends the walk and is returned.
 * Outside a transaction a busy database is tried again before the first row. The statement
 * is kept for the next time. A text that is not UTF-8 is ERR_FORMAT: not every database holds it.
 */
enum err query_run(struct store *s, const char *sql, const struct backend_arg *args, size_t count,
	query_each *each, void *ctx, struct fail *why) MUST_USE;

/* As query_run for a statement without rows that changes what files for phones are made from: the
 * revision moves with it, in one transaction. */
enum err query_change(struct store *s, const char *sql, const struct backend_arg *args,
	size_t count, struct fail *why) MUST_USE;
/* The same with RETURNING, as query_one: ERR_NOTFOUND when there was no such row. */
enum err query_change_one(struct store *s, const char *sql, const struct backend_arg *args,
	size_t count, struct fail *why) MUST_USE;

/* Runs a statement that yields no rows once for each of `count` things, as one transaction: `fill`
 * sets the values of the i-th. */
struct query_many {
	const char *sql;
	struct backend_arg *args;
	size_t arg_count, count;
	void (*fill)(void *ctx, size_t i, struct backend_arg *args);
	void *ctx;
	size_t failed; /* out: the first that failed; `count` when that is not known */
};
enum err query_run_many(struct store *s, struct query_many *m, struct fail *why) MUST_USE;

/* As query_run for a statement that yields one row or none; ERR_NOTFOUND, without text, for none,
 * and for a name that is not UTF-8, which nothing has. */
enum err query_one(struct store *s, const char *sql, const struct backend_arg *args, size_t count,
	query_each *each, void *ctx, struct fail *why) MUST_USE;

/* The searched form of a name: ASCII letters in upper case. `out` has the size of `text`'s array.
 */
void query_fold(char *out, size_t size, const char *text);

#endif
