/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include "store/query.h"

/* Times that a transaction or statement is run before "busy" is the caller's answer; each of them
 * waits for the backend's own busy timeout. */
#define STORE_TRIES 4

struct store {
	const struct backend *backend;
	void *conn;
	bool in_transaction;
	bool was_busy; /* a statement of the transaction found the database busy */
};

/* As store_transaction; `write` takes the right to write from the start. */
enum err store_run(struct store *s, bool write,
	enum err (*fn)(void *ctx, struct store *s, struct fail *why), void *ctx,
	struct fail *why) MUST_USE;

/* Brings the tables to the newest form; refuses those of a newer program. */
enum err store_migrate(struct store *s, struct fail *why) MUST_USE;

#endif
