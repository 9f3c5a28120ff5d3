/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/account/account.h"

#include "base/str.h"
#include "core/audit/audit.h"
#include "crypto/password.h"

#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_@"

bool account_name_good(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < STORE_NAME && strspn(name, NAME_CHARACTERS) == len;
}

static enum err check(const char *name, struct span password, struct fail *why)
{
	size_t i;

	if (!account_name_good(name))
		return fail_set(why, ERR_ARG,
			"an account's name is 1 to %d letters, digits, '.', '-', '_' and '@'",
			STORE_NAME - 1);
	if (password.len < ACCOUNT_PASSWORD_MIN || password.len > ACCOUNT_PASSWORD_MAX)
		return fail_set(why, ERR_ARG, "a password has %d to %d bytes", ACCOUNT_PASSWORD_MIN,
			ACCOUNT_PASSWORD_MAX);
	for (i = 0; i < password.len; i++)
		if (password.ptr[i] < 0x20 || password.ptr[i] == 0x7F)
			return fail_set(
				why, ERR_ARG, "a password must not hold control characters");
	return ERR_OK;
}

/* What a transaction works on. */
struct change {
	const char *name;
	char hash[PASSWORD_TEXT];
	bool known;     /* somebody's name */
	bool must_wait; /* wait tells how long */
	int64_t now, wait;
};

static bool find(struct store *s, struct change *ch, struct store_account *row, enum err *err,
	struct fail *why)
{
	struct fail what = {0};

	*err = store_account_get(s, ch->name, row, &what);
	ch->known = *err == ERR_OK && row->hash[0];
	if (*err == ERR_NOTFOUND) {
		memset(row, 0, sizeof(*row));
		str_copy(row->name, sizeof(row->name), ch->name);
		*err = ERR_OK;
	} else if (*err) {
		fail_set(why, *err, "%s", what.text);
	}
	return *err == ERR_OK;
}

static enum err unknown(const char *name, struct fail *why)
{
	return fail_set(
		why, ERR_NOTFOUND, "no account is called %s; see: cadeado show account", name);
}

static enum err add(void *ctx, struct store *s, struct fail *why)
{
	struct change *ch = ctx;
	struct store_account row;
	enum err err;

	if (!find(s, ch, &row, &err, why))
		return err;
	if (ch->known)
		return fail_set(why, ERR_EXISTS,
			"there is an account called %s; change its password with: cadeado set "
			"password user %s",
			row.name, row.name);
	memset(&row, 0, sizeof(row));
	str_copy(row.name, sizeof(row.name), ch->name);
	str_copy(row.hash, sizeof(row.hash), ch->hash);
	return store_account_put(s, &row, why);
}

static enum err change_hash(void *ctx, struct store *s, struct fail *why)
{
	struct change *ch = ctx;
	struct store_account row;
	enum err err;

	if (!find(s, ch, &row, &err, why))
		return err;
	if (!ch->known)
		return unknown(ch->name, why);
	str_copy(row.hash, sizeof(row.hash), ch->hash);
	row.failures = row.wait_until = 0;
	return store_account_put(s, &row, why);
}

static enum err unlock(void *ctx, struct store *s, struct fail *why)
{
	struct change *ch = ctx;
	struct store_account row;
	enum err err;

	if (!find(s, ch, &row, &err, why))
		return err;
	if (!ch->known)
		return unknown(ch->name, why);
	row.failures = row.wait_until = 0;
	return store_account_put(s, &row, why);
}

enum err account_add(struct cluster *c, const char *name, struct span password, struct fail *why)
{
	struct change ch = {.name = name};
	enum err err = check(name, password, why);

	if (!err)
		err = password_hash(password, ch.hash, why);
	return err ? err : store_transaction(cluster_get_store(c), add, &ch, why);
}

enum err account_set_password(
	struct cluster *c, const char *name, struct span password, struct fail *why)
{
	struct change ch = {.name = name};
	enum err err = check(name, password, why);

	if (!err)
		err = password_hash(password, ch.hash, why);
	return err ? err : store_transaction(cluster_get_store(c), change_hash, &ch, why);
}

enum err account_unlock(struct cluster *c, const char *name, struct fail *why)
{
	struct change ch = {.name = name};

	return account_name_good(name) ? store_transaction(cluster_get_store(c), unlock, &ch, why)
				       : unknown("that", why);
}

enum err account_delete(struct cluster *c, const char *name, struct fail *why)
{
	return account_name_good(name) ? store_account_delete(cluster_get_store(c), name, why)
				       : unknown("that", why);
}

struct walk {
	enum err (*each)(void *ctx, const struct account *a);
	void *ctx;
	int64_t now;
};

static enum err show(void *ctx, const struct store_account *row)
{
	const struct walk *w = ctx;
	struct account a = {
		.failures = row->failures,
		.last_failure = row->last_failure,
		.last_login = row->last_login,
	};

	str_copy(a.name, sizeof(a.name), row->name);
	if (row->wait_until > w->now)
		a.wait_until = row->wait_until;
	if (a.wait_until && row->failures >= ACCOUNT_LOCK)
		a.locked_until = row->wait_until;
	return w->each(w->ctx, &a);
}

enum err account_each(struct cluster *c, enum err (*each)(void *ctx, const struct account *a),
	void *ctx, struct fail *why)
{
	struct walk w = {.each = each, .ctx = ctx, .now = clock_seconds(cluster_get_clock(c))};

	return store_account_each(cluster_get_store(c), show, &w, why);
}

/* Seconds after the n-th failure in a row. */
static int64_t delay(int64_t failures)
{
	if (failures < ACCOUNT_FREE)
		return 0;
	if (failures >= ACCOUNT_LOCK)
		return ACCOUNT_LOCK_SECONDS;
	return failures - ACCOUNT_FREE < 6 ? 1 << (failures - ACCOUNT_FREE) : ACCOUNT_WAIT_MAX;
}

/* Counts a try as failed before it is judged. */
static enum err begin(void *ctx, struct store *s, struct fail *why)
{
	struct change *ch = ctx;
	struct store_account row;
	enum err err;

	if (!find(s, ch, &row, &err, why))
		return err;
	ch->must_wait = row.wait_until > ch->now;
	if (ch->must_wait && row.wait_until - ch->now <= delay(row.failures)) {
		ch->wait = row.wait_until - ch->now;
		return ERR_OK;
	}
	/* A longer wait than there is: the clock was set back. The whole wait begins now. */
	if (!ch->must_wait) {
		row.failures++;
		row.last_failure = ch->now;
	}
	ch->wait = delay(row.failures);
	row.wait_until = ch->wait ? ch->now + ch->wait : 0;
	str_copy(ch->hash, sizeof(ch->hash), row.hash);
	err = store_account_put(s, &row, why);
	if (!err && !ch->known)
		err = store_account_forget_strangers(s, ACCOUNT_STRANGERS, why);
	return err;
}

static enum err succeed(void *ctx, struct store *s, struct fail *why)
{
	struct change *ch = ctx;
	struct store_account row;
	enum err err;

	if (!find(s, ch, &row, &err, why))
		return err;
	/* Deleted or given another password while this one was judged. */
	if (!ch->known || strcmp(row.hash, ch->hash) != 0)
		return fail_set(why, ERR_DENIED, "wrong name or password");
	row.failures = row.wait_until = 0;
	row.last_login = ch->now;
	return store_account_put(s, &row, why);
}

static enum err judge(struct change *ch, struct span password, struct fail *why)
{
	bool possible = ch->known && password.len <= ACCOUNT_PASSWORD_MAX, good = false;
	enum err err;

	if (password.len > ACCOUNT_PASSWORD_MAX)
		password.len = ACCOUNT_PASSWORD_MAX;
	err = password_verify(possible ? ch->hash : NULL, password, &good, why);
	if (!err && !good)
		err = fail_set(why, ERR_DENIED, "wrong name or password");
	return err;
}

static enum err record(
	struct cluster *c, const char *name, const char *from, const char *result, struct fail *why)
{
	const struct audit_entry e = {
		.who = name, .from = from, .action = "login", .result = result};

	return audit_append(c, &e, why);
}

enum err account_login(struct cluster *c, const char *name, struct span password, const char *from,
	int64_t *wait, struct fail *why)
{
	/* Names that no account can have share one row, which no account can have either. */
	struct change ch = {
		.name = account_name_good(name) ? name : "(no name)",
		.now = clock_seconds(cluster_get_clock(c)),
	};
	enum err err = store_transaction(cluster_get_store(c), begin, &ch, why);

	*wait = 0;
	if (!err && ch.must_wait) {
		*wait = ch.wait;
		return fail_set(why, ERR_LOCKED,
			"too many failures at this name; the next try is looked at in %lld seconds",
			(long long)ch.wait);
	}
	if (!err)
		err = judge(&ch, password, why);
	if (!err)
		err = store_transaction(cluster_get_store(c), succeed, &ch, why);
	if (!err)
		return record(c, ch.name, from, "done", why);
	/* The answer to a wrong password is the same where the log cannot be written. */
	if (err == ERR_DENIED)
		(void)!record(c, ch.name, from,
			ch.wait >= ACCOUNT_LOCK_SECONDS ? "wrong name or password; locked"
							: "wrong name or password",
			NULL);
	return err;
}
