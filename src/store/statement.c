/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/internal.h"

#include "base/mem.h"

static struct statement *find(struct store *s, const char *sql)
{
	size_t i;

	for (i = 0; i < STORE_STATEMENTS; i++)
		if (s->statements[i].sql && strcmp(s->statements[i].sql, sql) == 0)
			return &s->statements[i];
	return NULL;
}

static void drop(struct store *s, struct statement *st)
{
	if (st->handle)
		s->backend->finish(s->conn, st->handle);
	mem_free(st->sql);
	memset(st, 0, sizeof(*st));
}

/* A free place, else that of the statement longest unused; NULL when all are running. */
static struct statement *place(struct store *s)
{
	struct statement *oldest = NULL, *st;
	size_t i;

	for (i = 0; i < STORE_STATEMENTS; i++) {
		st = &s->statements[i];
		if (!st->sql)
			return st;
		if (!st->running && (!oldest || st->used < oldest->used))
			oldest = st;
	}
	if (oldest)
		drop(s, oldest);
	return oldest;
}

enum err statement_take(
	struct store *s, const char *sql, void **handle, struct statement **kept, struct fail *why)
{
	struct statement *st = find(s, sql);
	enum err err;

	*kept = NULL;
	if (st && !st->running) {
		st->running = true;
		st->used = ++s->clock;
		*handle = st->handle;
		*kept = st;
		return ERR_OK;
	}
	err = s->backend->prepare(s->conn, sql, handle, why);
	if (err || st)
		return err;
	st = place(s);
	if (!st)
		return ERR_OK;
	st->sql = mem_strdup(sql);
	if (!st->sql)
		return ERR_OK;
	st->handle = *handle;
	st->running = true;
	st->used = ++s->clock;
	*kept = st;
	return ERR_OK;
}

void statement_give(struct store *s, void *handle, struct statement *kept)
{
	if (kept) {
		s->backend->reset(handle);
		kept->running = false;
	} else {
		s->backend->finish(s->conn, handle);
	}
}

void statement_drop_all(struct store *s)
{
	size_t i;

	for (i = 0; i < STORE_STATEMENTS; i++)
		drop(s, &s->statements[i]);
}
