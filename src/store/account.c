/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/query.h"

#define COLUMNS "name, hash, failures, wait_until, last_failure, last_login"

enum err store_account_put(struct store *s, const struct store_account *a, struct fail *why)
{
	char folded[STORE_NAME];
	const struct backend_arg args[] = {QUERY_TEXT("folded", folded),
		QUERY_TEXT("name", a->name), QUERY_TEXT("hash", a->hash),
		QUERY_NUMBER("failures", a->failures), QUERY_NUMBER("wait_until", a->wait_until),
		QUERY_NUMBER("last_failure", a->last_failure),
		QUERY_NUMBER("last_login", a->last_login)};

	query_fold(folded, sizeof(folded), a->name);
	return query_run(s,
		"INSERT INTO account (name_folded, " COLUMNS ")"
		" VALUES ($folded, $name, $hash, $failures, $wait_until, $last_failure,"
		" $last_login)"
		" ON CONFLICT (name_folded) DO UPDATE SET name = excluded.name,"
		" hash = excluded.hash, failures = excluded.failures,"
		" wait_until = excluded.wait_until, last_failure = excluded.last_failure,"
		" last_login = excluded.last_login",
		args, sizeof(args) / sizeof(args[0]), NULL, NULL, why);
}

static enum err read_account(void *ctx, struct query_row *r)
{
	struct store_account *a = ctx;

	memset(a, 0, sizeof(*a));
	query_row_text(r, 0, a->name, sizeof(a->name));
	query_row_text(r, 1, a->hash, sizeof(a->hash));
	a->failures = query_row_number(r, 2);
	a->wait_until = query_row_number(r, 3);
	a->last_failure = query_row_number(r, 4);
	a->last_login = query_row_number(r, 5);
	return r->err;
}

static enum err unknown(const char *name, enum err err, struct fail *why)
{
	if (err == ERR_NOTFOUND)
		fail_set(why, err, "no account is called %.64s", name);
	return err;
}

enum err store_account_get(
	struct store *s, const char *name, struct store_account *out, struct fail *why)
{
	char folded[STORE_NAME];
	enum err err = ERR_NOTFOUND;

	if (strlen(name) < sizeof(folded)) {
		query_fold(folded, sizeof(folded), name);
		err = query_one(s, "SELECT " COLUMNS " FROM account WHERE name_folded = $folded",
			&QUERY_TEXT("folded", folded), 1, read_account, out, why);
	}
	return unknown(name, err, why);
}

struct walk {
	enum err (*each)(void *ctx, const struct store_account *a);
	void *ctx;
};

static enum err read_row(void *ctx, struct query_row *r)
{
	const struct walk *w = ctx;
	struct store_account a;
	enum err err = read_account(&a, r);

	return err ? err : w->each(w->ctx, &a);
}

enum err store_account_each(struct store *s,
	enum err (*each)(void *ctx, const struct store_account *a), void *ctx, struct fail *why)
{
	struct walk w = {.each = each, .ctx = ctx};

	return query_run(s, "SELECT " COLUMNS " FROM account WHERE hash <> '' ORDER BY name_folded",
		NULL, 0, read_row, &w, why);
}

enum err store_account_delete(struct store *s, const char *name, struct fail *why)
{
	char folded[STORE_NAME];
	enum err err = ERR_NOTFOUND;

	if (strlen(name) < sizeof(folded)) {
		query_fold(folded, sizeof(folded), name);
		err = query_one(s,
			"DELETE FROM account WHERE name_folded = $folded AND hash <> ''"
			" RETURNING name_folded",
			&QUERY_TEXT("folded", folded), 1, NULL, NULL, why);
	}
	return unknown(name, err, why);
}

enum err store_account_forget_strangers(struct store *s, int64_t keep, struct fail *why)
{
	return query_run(s,
		"DELETE FROM account WHERE hash = '' AND name_folded NOT IN"
		" (SELECT name_folded FROM account WHERE hash = ''"
		" ORDER BY last_failure DESC, name_folded LIMIT $keep)",
		&QUERY_NUMBER("keep", keep), 1, NULL, NULL, why);
}
