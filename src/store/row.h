/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef STORE_ROW_H
#define STORE_ROW_H

#include "store/query.h"

#include <stddef.h>

/* A struct's members that are columns of the same name. A table lists them once, as
 * COLUMNS(X) with X(kind, member) and kind TEXT, NUMBER or BYTES (a struct store_sealed), without
 * its keys; from that come the statements' words and the functions below. */
struct row_column {
	const char *name;
	enum backend_type type;
	size_t at, size;
};

#define ROW_COLUMN(of, kind, member)                                                               \
	{                                                                                          \
#member, BACKEND_##kind, offsetof(of, member), sizeof(((of *)0)->member)           \
	}

/* For COLUMNS(X): ", name", ", $name", ", name = excluded.name". */
#define ROW_NAME(kind, member)  ", " #member
#define ROW_VALUE(kind, member) ", $" #member
#define ROW_SET(kind, member)   ", " #member " = excluded." #member

#define ROW_COUNT(columns) (sizeof(columns) / sizeof((columns)[0]))

/* One value for each column; they borrow from `row`. */
void row_args(
	struct backend_arg *args, const struct row_column *columns, size_t count, const void *row);

/* The columns of a result from `first` on into members of `row`. */
void row_read(
	struct query_row *r, int first, const struct row_column *columns, size_t count, void *row);

/* The members as bytes, with their columns' names: a later program that has other columns reads
 * them still. */
void row_pack(struct buf *out, const struct row_column *columns, size_t count, const void *row);
/* Columns that are not in `packed` stay as they are in `row`, unknown ones are passed over.
 * ERR_STORE. */
enum err row_unpack(struct span packed, const struct row_column *columns, size_t count, void *row,
	struct fail *why) MUST_USE;

#endif
