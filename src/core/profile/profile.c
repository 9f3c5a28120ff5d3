/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/profile/profile.h"

#include "base/str.h"
#include "store/capf.h"

#define NON_SECURE "Non Secure"

static void from_row(struct profile *p, const struct store_profile *row)
{
	memset(p, 0, sizeof(*p));
	str_copy(p->name, sizeof(p->name), row->name);
	str_copy(p->description, sizeof(p->description), row->description);
	p->model = (int)row->model;
	p->protocol = (int)row->protocol;
	p->mode = (int)row->security_mode;
	p->auth = (int)row->auth_mode;
	p->key_order = (int)row->key_order;
	p->rsa_bits = (int)row->key_bits;
	p->ec_bits = (int)row->ec_bits;
	p->transport = (int)row->transport;
	p->nonce_validity = (int)row->nonce_validity;
	p->sip_port = (int)row->sip_port;
	p->encrypted_config = row->encrypted_config != 0;
	p->exclude_digest = row->exclude_digest != 0;
	/* Stores of the first version do not say it. */
	p->predefined = row->predefined || str_ieq(row->name, NON_SECURE);
}

static void to_row(struct store_profile *row, const struct profile *p)
{
	memset(row, 0, sizeof(*row));
	str_copy(row->name, sizeof(row->name), p->name);
	str_copy(row->description, sizeof(row->description), p->description);
	row->model = p->model;
	row->protocol = p->protocol;
	row->security_mode = p->mode;
	row->auth_mode = p->auth;
	row->key_order = p->key_order;
	row->key_bits = p->rsa_bits;
	row->ec_bits = p->ec_bits;
	row->transport = p->transport;
	row->nonce_validity = p->nonce_validity;
	row->sip_port = p->sip_port;
	row->encrypted_config = p->encrypted_config;
	row->exclude_digest = p->exclude_digest;
	row->predefined = p->predefined;
}

enum err profile_get(struct cluster *c, const char *name, struct profile *out, struct fail *why)
{
	struct store_profile row;
	enum err err = store_profile_get(cluster_get_store(c), name, &row, why);

	if (!err)
		from_row(out, &row);
	return err;
}

struct walk {
	enum err (*each)(void *ctx, const struct profile *p);
	void *ctx;
};

static enum err walk_row(void *ctx, const struct store_profile *row)
{
	const struct walk *w = ctx;
	struct profile p;

	from_row(&p, row);
	return w->each(w->ctx, &p);
}

enum err profile_each(struct cluster *c, enum err (*each)(void *ctx, const struct profile *p),
	void *ctx, struct fail *why)
{
	struct walk w = {each, ctx};

	return store_profile_each(cluster_get_store(c), walk_row, &w, why);
}

static enum err refuse_predefined(struct store *s, const char *name, struct fail *why)
{
	struct store_profile row;
	struct profile p;
	enum err err = store_profile_get(s, name, &row, why);

	if (err)
		return err;
	from_row(&p, &row);
	if (p.predefined)
		return fail_set(why, ERR_DENIED,
			"%s is predefined: it cannot be changed, renamed or deleted; add a profile "
			"of your own",
			p.name);
	return ERR_OK;
}

/* Those who use it, in one walk. */
struct users {
	const struct profile *p;
	struct store *s;
	int64_t stranded;
	struct fail first;
};

static enum err check_user(void *ctx, const struct store_device *d)
{
	struct users *u = ctx;
	struct profile_phone phone = {.name = d->name,
		.model = model_of((int)d->model),
		.protocol = (int)d->protocol,
		.auth = (int)d->auth_mode};
	struct store_phone_cert lsc;
	struct fail why = {0};
	enum err err = store_phone_cert_get(u->s, d->name, STORE_LSC, &lsc, NULL, &why);

	if (err && err != ERR_NOTFOUND)
		return err;
	phone.has_lsc = !err;
	fail_clear(&why);
	if (profile_check_phone(u->p, &phone, &why) != ERR_OK && u->stranded++ == 0)
		u->first = why;
	return ERR_OK;
}

static enum err check_users(struct store *s, const struct profile *p, struct fail *why)
{
	const struct store_term term = {
		.field = STORE_FIELD_PROFILE, .match = STORE_IS, .text = p->name};
	const struct store_filter filter = {.terms = &term, .count = 1};
	struct users u = {.p = p, .s = s};
	enum err err = store_device_find(s, &filter, check_user, &u, why);

	if (!err && u.stranded == 1)
		err = fail_set(why, ERR_NOTNOW, "%s", u.first.text);
	else if (!err && u.stranded)
		err = fail_set(why, ERR_NOTNOW, "%lld phones with this profile, first: %s",
			(long long)u.stranded, u.first.text);
	return err;
}

static enum err put(void *ctx, struct store *s, struct fail *why)
{
	const struct profile *p = ctx;
	struct store_profile row;
	struct fail local = {0};
	enum err err = refuse_predefined(s, p->name, &local);

	if (err && err != ERR_NOTFOUND)
		return fail_set(why, err, "%s", local.text);
	if (!err)
		err = check_users(s, p, why);
	else
		err = ERR_OK;
	to_row(&row, p);
	return err ? err : store_profile_put(s, &row, why);
}

enum err profile_put(struct cluster *c, const struct profile *p, struct fail *why)
{
	struct profile copy = *p;
	enum err err = profile_check(p, why);

	return err ? err : store_transaction(cluster_get_store(c), put, &copy, why);
}

/* The store renames in a transaction of its own. */
enum err profile_rename(struct cluster *c, const char *name, const char *to, struct fail *why)
{
	struct store *s = cluster_get_store(c);
	struct profile p;
	enum err err = refuse_predefined(s, name, why);

	if (!err)
		err = profile_get(c, name, &p, why);
	if (!err && !str_copy(p.name, sizeof(p.name), to))
		err = fail_set(why, ERR_FORMAT, "name of the profile: at most %d characters",
			PROFILE_NAME_MAX);
	if (!err)
		err = profile_check(&p, why);
	return err ? err : store_profile_rename(s, name, to, why);
}

enum err profile_delete(struct cluster *c, const char *name, struct fail *why)
{
	struct store *s = cluster_get_store(c);
	enum err err = refuse_predefined(s, name, why);

	return err ? err : store_profile_delete(s, name, why);
}

enum err profile_users(struct cluster *c, const char *name, int64_t *count, struct fail *why)
{
	const struct store_term term = {
		.field = STORE_FIELD_PROFILE, .match = STORE_IS, .text = name};
	const struct store_filter filter = {.terms = &term, .count = 1};

	return store_device_count(cluster_get_store(c), &filter, count, why);
}
