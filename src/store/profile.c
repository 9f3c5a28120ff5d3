/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/query.h"

#define COLUMNS "name, security_mode, encrypted_config, auth_mode, key_bits"

enum err store_profile_put(struct store *s, const struct store_profile *p, struct fail *why)
{
	char folded[STORE_NAME];
	const struct backend_arg args[] = {QUERY_TEXT("folded", folded),
		QUERY_TEXT("name", p->name), QUERY_NUMBER("security_mode", p->security_mode),
		QUERY_NUMBER("encrypted_config", p->encrypted_config),
		QUERY_NUMBER("auth_mode", p->auth_mode), QUERY_NUMBER("key_bits", p->key_bits)};

	query_fold(folded, sizeof(folded), p->name);
	return query_run(s,
		"INSERT INTO profile (name_folded, " COLUMNS ") VALUES ($folded, $name,"
		" $security_mode, $encrypted_config, $auth_mode, $key_bits)"
		" ON CONFLICT (name_folded) DO UPDATE SET name = excluded.name,"
		" security_mode = excluded.security_mode,"
		" encrypted_config = excluded.encrypted_config,"
		" auth_mode = excluded.auth_mode, key_bits = excluded.key_bits",
		args, sizeof(args) / sizeof(args[0]), NULL, NULL, why);
}

static enum err read_profile(void *ctx, struct query_row *r)
{
	struct store_profile *p = ctx;

	memset(p, 0, sizeof(*p));
	query_row_text(r, 0, p->name, sizeof(p->name));
	p->security_mode = query_row_number(r, 1);
	p->encrypted_config = query_row_number(r, 2);
	p->auth_mode = query_row_number(r, 3);
	p->key_bits = query_row_number(r, 4);
	return r->err;
}

enum err store_profile_get(
	struct store *s, const char *name, struct store_profile *out, struct fail *why)
{
	char folded[STORE_NAME];
	enum err err = ERR_NOTFOUND;

	/* A name cut to fit would find another profile. */
	if (strlen(name) < sizeof(folded)) {
		query_fold(folded, sizeof(folded), name);
		err = query_one(s, "SELECT " COLUMNS " FROM profile WHERE name_folded = $folded",
			&QUERY_TEXT("folded", folded), 1, read_profile, out, why);
	}
	if (err == ERR_NOTFOUND)
		fail_set(why, err, "there is no phone security profile \"%.64s\"", name);
	return err;
}

struct walk {
	enum err (*each)(void *ctx, const struct store_profile *p);
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

	return query_run(s, "SELECT " COLUMNS " FROM profile ORDER BY name_folded", NULL, 0,
		walk_row, &w, why);
}
