/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/internal.h"

#include "base/mem.h"

static const struct backend *const backends[] = {&backend_sqlite, &backend_ram, &backend_postgres};

static const struct backend *backend_of(const char *url, const char **place)
{
	const char *colon = strchr(url, ':');
	size_t len = colon ? (size_t)(colon - url) : 0, i;

	for (i = 0; colon && i < sizeof(backends) / sizeof(backends[0]); i++) {
		if (strlen(backends[i]->scheme) == len &&
			strncmp(backends[i]->scheme, url, len) == 0) {
			*place = colon + 1;
			return backends[i];
		}
	}
	return NULL;
}

enum err store_open(struct store **out, const char *url, struct fail *why)
{
	const char *place = NULL;
	const struct backend *backend = backend_of(url, &place);
	struct store *s;
	enum err err;

	*out = NULL;
	/* What follows the scheme may hold a password. */
	if (!backend)
		return fail_set(why, ERR_ARG,
			"%.*s: no store of this kind; use sqlite:<path>, ram: or "
			"postgresql://<user>@<host>/<database>",
			(int)strcspn(url, ":"), url);
	s = mem_new(sizeof(*s));
	if (!s)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	s->backend = backend;
	err = backend->open(&s->conn, url, place, why);
	if (!err)
		err = store_migrate(s, why);
	if (err) {
		if (err != ERR_ARG)
			fail_prefix(why, "%s", backend == &backend_sqlite ? place : url);
		store_close(s);
		return err;
	}
	*out = s;
	return ERR_OK;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	statement_drop_all(s);
	if (s->conn)
		s->backend->close(s->conn);
	mem_free(s);
}

enum err store_copy(struct store *s, const char *path, struct fail *why)
{
	enum err err;

	if (s->in_transaction)
		return fail_set(why, ERR_NOTNOW, "a transaction is running already");
	err = s->backend->copy(s->conn, path, why);
	if (err)
		fail_prefix(why, "%s", path);
	return err;
}

static enum err run_once(struct store *s, bool write,
	enum err (*fn)(void *ctx, struct store *s, struct fail *why), void *ctx, struct fail *why)
{
	enum err err;

	s->again = s->moved = false;
	s->failed = ERR_OK;
	err = s->backend->begin(s->conn, write, why);
	if (err) {
		s->again = err == ERR_BUSY;
		return err;
	}
	s->in_transaction = true;
	err = fn(ctx, s, why);
	/* A function that went on after a failed statement must not commit the half it did. */
	if (!err)
		err = s->failed;
	/* Last, because on some databases others that do the same wait for the end. */
	if (!err && s->moved)
		err = store_move_revision(s, why);
	if (!err) {
		err = s->backend->commit(s->conn, why);
		s->again = err == ERR_BUSY;
	}
	if (err)
		s->backend->rollback(s->conn);
	s->in_transaction = false;
	return err;
}

enum err store_run(struct store *s, bool write,
	enum err (*fn)(void *ctx, struct store *s, struct fail *why), void *ctx, struct fail *why)
{
	struct fail local;
	enum err err;
	int tries;

	if (s->in_transaction)
		return fail_set(why, ERR_NOTNOW, "a transaction is running already");
	for (tries = 0; tries < STORE_TRIES; tries++) {
		memset(&local, 0, sizeof(local));
		/* Whoever lost once takes the right to write first, so that nobody starves. */
		err = run_once(s, write || tries > 0, fn, ctx, &local);
		if (!err || !s->again)
			break;
	}
	if (err && why && !why->code)
		*why = local;
	return err;
}

enum err store_transaction(struct store *s,
	enum err (*fn)(void *ctx, struct store *s, struct fail *why), void *ctx, struct fail *why)
{
	return store_run(s, false, fn, ctx, why);
}

enum err store_within(struct store *s, enum err (*fn)(void *ctx, struct store *s, struct fail *why),
	void *ctx, struct fail *why)
{
	return s->in_transaction ? fn(ctx, s, why) : store_run(s, false, fn, ctx, why);
}
