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
 * Outside a transaction a busy database is tried again before the first row. */
enum err query_run(struct store *s, const char *sql, const struct backend_arg *args, size_t count,
	query_each *each, void *ctx, struct fail *why) MUST_USE;

/* As query_run for a statement that yields one row or none; ERR_NOTFOUND, without text, for none.
 */
enum err query_one(struct store *s, const char *sql, const struct backend_arg *args, size_t count,
	query_each *each, void *ctx, struct fail *why) MUST_USE;

/* The searched form of a name: ASCII letters in upper case. `out` has the size of `text`'s array.
 */
void query_fold(char *out, size_t size, const char *text);

#endif
