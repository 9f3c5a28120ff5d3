/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/internal.h"
#include "store/row.h"

/* Beside the key, name_folded. */
#define COLUMNS(X)                                                                                 \
	X(TEXT, name)                                                                              \
	X(NUMBER, security_mode)                                                                   \
	X(NUMBER, encrypted_config)                                                                \
	X(NUMBER, auth_mode)                                                                       \
	X(NUMBER, key_bits)                                                                        \
	X(TEXT, description)                                                                       \
	X(NUMBER, model)                                                                           \
	X(NUMBER, protocol)                                                                        \
	X(NUMBER, key_order)                                                                       \
	X(NUMBER, ec_bits)                                                                         \
	X(NUMBER, transport)                                                                       \
	X(NUMBER, nonce_validity)                                                                  \
	X(NUMBER, exclude_digest)                                                                  \
	X(NUMBER, sip_port)                                                                        \
	X(NUMBER, predefined)

#define COLUMN(kind, member) ROW_COLUMN(struct store_profile, kind, member),
static const struct row_column columns[] = {COLUMNS(COLUMN)};

#define SELECT "SELECT name_folded" COLUMNS(ROW_NAME) " FROM profile"

enum err store_profile_put(struct store *s, const struct store_profile *p, struct fail *why)
{
	char folded[STORE_NAME];
	struct backend_arg args[1 + ROW_COUNT(columns)] = {QUERY_TEXT("name_folded", folded)};

	query_fold(folded, sizeof(folded), p->name);
	row_args(args + 1, columns, ROW_COUNT(columns), p);
	return query_change(s,
		"INSERT INTO profile (name_folded" COLUMNS(ROW_NAME) ") VALUES ($name_folded" COLUMNS(
			ROW_VALUE) ") ON CONFLICT (name_folded) DO UPDATE SET"
				   " name_folded = excluded.name_folded" COLUMNS(ROW_SET),
		args, ROW_COUNT(args), why);
}

static enum err read_profile(void *ctx, struct query_row *r)
{
	struct store_profile *p = ctx;

	memset(p, 0, sizeof(*p));
	row_read(r, 1, columns, ROW_COUNT(columns), p);
	return r->err;
}

static enum err no_profile(struct fail *why, const char *name)
{
	return fail_set(why, ERR_NOTFOUND, "there is no phone security profile \"%.64s\"", name);
}

enum err store_profile_get(
	struct store *s, const char *name, struct store_profile *out, struct fail *why)
{
	char folded[STORE_NAME];
	enum err err = ERR_NOTFOUND;

	/* A name cut to fit would find another profile. */
	if (strlen(name) < sizeof(folded)) {
		query_fold(folded, sizeof(folded), name);
		err = query_one(s, SELECT " WHERE name_folded = $folded",
			&QUERY_TEXT("folded", folded), 1, read_profile, out, why);
	}
	return err == ERR_NOTFOUND ? no_profile(why, name) : err;
}

struct walk {
	enum err (*each)(void *ctx, const struct store_profile *p);
	enum err (*count)(void *ctx, const char *profile, int64_t devices);
	void *ctx;
};

static enum err walk_row(void *ctx, struct query_row *r)
{
	const struct walk *w = ctx;
	struct store_profile p;
	enum err err = read_profile(&p, r);

	return err ? err : w->each(w->ctx, &p);
}

enum err store_profile_each(struct store *s,
	enum err (*each)(void *ctx, const struct store_profile *p), void *ctx, struct fail *why)
{
	struct walk w = {.each = each, .ctx = ctx};

	return query_run(s, SELECT " ORDER BY name_folded", NULL, 0, walk_row, &w, why);
}

static enum err walk_count(void *ctx, struct query_row *r)
{
	const struct walk *w = ctx;
	char name[STORE_NAME];

	query_row_text(r, 0, name, sizeof(name));
	return r->err ? r->err : w->count(w->ctx, name, query_row_number(r, 1));
}

enum err store_profile_counts(struct store *s,
	enum err (*each)(void *ctx, const char *profile, int64_t devices), void *ctx,
	struct fail *why)
{
	struct walk w = {.count = each, .ctx = ctx};

	return query_run(s,
		"SELECT MAX(profile), COUNT(*) FROM device GROUP BY profile_folded"
		" ORDER BY profile_folded",
		NULL, 0, walk_count, &w, why);
}

struct renaming {
	const char *name, *to;
	char folded[STORE_NAME], to_folded[STORE_NAME];
};

static enum err rename_rows(void *ctx, struct store *s, struct fail *why)
{
	const struct renaming *n = ctx;
	const struct backend_arg args[] = {QUERY_TEXT("folded", n->folded), QUERY_TEXT("to", n->to),
		QUERY_TEXT("to_folded", n->to_folded)};
	struct store_profile other;
	enum err err = ERR_NOTFOUND;

	store_moved(s);
	if (strcmp(n->folded, n->to_folded) != 0)
		err = store_profile_get(s, n->to, &other, NULL);
	if (!err)
		return fail_set(why, ERR_EXISTS, "there is a phone security profile \"%s\" already",
			other.name);
	if (err == ERR_NOTFOUND)
		err = query_one(s,
			"UPDATE profile SET name = $to, name_folded = $to_folded"
			" WHERE name_folded = $folded RETURNING name_folded",
			args, ROW_COUNT(args), NULL, NULL, why);
	if (err == ERR_NOTFOUND)
		return no_profile(why, n->name);
	return err ? err
		   : query_run(s,
			     "UPDATE device SET profile = $to, profile_folded = $to_folded"
			     " WHERE profile_folded = $folded",
			     args, ROW_COUNT(args), NULL, NULL, why);
}

enum err store_profile_rename(struct store *s, const char *name, const char *to, struct fail *why)
{
	struct renaming n = {.name = name, .to = to};

	if (strlen(name) >= sizeof(n.folded))
		return no_profile(why, name);
	if (strlen(to) >= sizeof(n.to_folded))
		return fail_set(why, ERR_LIMIT, "the name of a profile has at most %d bytes",
			STORE_NAME - 1);
	query_fold(n.folded, sizeof(n.folded), name);
	query_fold(n.to_folded, sizeof(n.to_folded), to);
	return store_within(s, rename_rows, &n, why);
}

static enum err read_count(void *ctx, struct query_row *r)
{
	*(int64_t *)ctx = query_row_number(r, 0);
	return ERR_OK;
}

static enum err delete_row(void *ctx, struct store *s, struct fail *why)
{
	const char *name = ctx;
	char folded[STORE_NAME];
	int64_t used = 0;
	enum err err;

	query_fold(folded, sizeof(folded), name);
	err = query_one(s, "SELECT COUNT(*) FROM device WHERE profile_folded = $folded",
		&QUERY_TEXT("folded", folded), 1, read_count, &used, why);
	if (err == ERR_NOTFOUND)
		return no_profile(why, name);
	if (!err && used)
		return fail_set(why, ERR_NOTNOW,
			"%lld phones use the profile \"%.64s\"; give them another one first",
			(long long)used, name);
	if (!err)
		err = query_one(s,
			"DELETE FROM profile WHERE name_folded = $folded RETURNING name_folded",
			&QUERY_TEXT("folded", folded), 1, NULL, NULL, why);
	return err == ERR_NOTFOUND ? no_profile(why, name) : err;
}

enum err store_profile_delete(struct store *s, const char *name, struct fail *why)
{
	if (strlen(name) >= STORE_NAME)
		return no_profile(why, name);
	return store_within(s, delete_row, (void *)name, why);
}
