/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include "store/query.h"

/* Times that a transaction or statement is run before "busy" is the caller's answer; each of them
 * waits for the backend's own busy timeout. */
#define STORE_TRIES 4

/* Statements that are kept prepared; when all places are taken, the one longest unused goes. */
#define STORE_STATEMENTS 48

struct statement {
	char *sql;
	void *handle;
	bool running; /* a walk over its rows is under way */
	uint64_t used;
};

struct store {
	const struct backend *backend;
	void *conn;
	bool in_transaction;
	bool again;      /* a statement of the transaction found the database busy, or lost it */
	bool moved;      /* the transaction changes what files are made from: store_revision */
	enum err failed; /* a statement of the transaction failed: it cannot be committed */
	uint64_t clock;  /* counts uses of statements */
	struct statement statements[STORE_STATEMENTS];
};

/* Runs `fn` inside the transaction that is under way, or in one of its own. */
enum err store_within(struct store *s, enum err (*fn)(void *ctx, struct store *s, struct fail *why),
	void *ctx, struct fail *why) MUST_USE;

/* Inside a transaction: it changes what files for phones are made from. */
void store_moved(struct store *s);
/* Before the commit of one that did. */
enum err store_move_revision(struct store *s, struct fail *why) MUST_USE;

/* A prepared statement for `sql`, to be given back; *kept is NULL when no place was free. */
enum err statement_take(struct store *s, const char *sql, void **handle, struct statement **kept,
	struct fail *why) MUST_USE;
void statement_give(struct store *s, void *handle, struct statement *kept);
void statement_drop_all(struct store *s);

/* As store_transaction; `write` takes the right to write from the start. */
enum err store_run(struct store *s, bool write,
	enum err (*fn)(void *ctx, struct store *s, struct fail *why), void *ctx,
	struct fail *why) MUST_USE;

/* Brings the tables to the newest form; refuses those of a newer program. */
enum err store_migrate(struct store *s, struct fail *why) MUST_USE;

#endif
