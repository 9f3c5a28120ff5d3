/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/account/account.h"

#include "core/command/handlers.h"

#define PASSWORD "password-file"

/* Typed passwords are asked for twice. */
static enum err ask_password(
	struct command_ctx *ctx, const struct json *args, struct buf *password, struct fail *why)
{
	struct buf again = {0};
	enum err err = command_secret(ctx, args, PASSWORD, "Enter password: ", password, why);

	if (!err && command_secret_typed(args, PASSWORD)) {
		err = command_secret(ctx, args, PASSWORD, "Enter password again: ", &again, why);
		if (!err && !span_eq(buf_span(password), buf_span(&again)))
			err = fail_set(why, ERR_ARG, "the two passwords differ; nothing was done");
	}
	buf_wipe(&again);
	return err;
}

typedef enum err account_change(
	struct cluster *c, const char *name, struct span password, struct fail *why);

static void with_password(struct command_ctx *ctx, const struct json *args,
	struct command_reply *reply, account_change *change, const char *done)
{
	const char *name = json_get_str(args, "user");
	struct buf password = {0};
	struct fail why = {0};
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? ERR_OK : why.code;

	if (!err && !account_name_good(name))
		err = fail_set(&why, ERR_ARG,
			"an account's name is 1 to %d letters, digits, '.', '-', '_' and '@'",
			STORE_NAME - 1);
	if (!err)
		err = ask_password(ctx, args, &password, &why);
	/* The NUL behind it is no part of it. */
	if (!err)
		err = change(c, name, span_str((const char *)password.data), &why);
	buf_wipe(&password);
	if (err) {
		command_refuse(reply, &why);
		return;
	}
	json_set_str(reply->data, "account", name);
	buf_printf(&reply->text, "%s %s\n", done, name);
}

void handle_account_add(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	with_password(ctx, args, reply, account_add, "made account");
}

void handle_account_password(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	with_password(ctx, args, reply, account_set_password, "changed the password of");
}

static void by_name(struct command_ctx *ctx, const struct json *args, struct command_reply *reply,
	enum err (*change)(struct cluster *c, const char *name, struct fail *why), const char *done)
{
	const char *name = json_get_str(args, "user");
	struct fail why = {0};
	struct cluster *c = command_cluster(ctx, &why);

	if (!c || change(c, name, &why) != ERR_OK) {
		command_refuse(reply, &why);
		return;
	}
	json_set_str(reply->data, "account", name);
	buf_printf(&reply->text, "%s %s\n", done, name);
}

void handle_account_delete(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	by_name(ctx, args, reply, account_delete, "deleted account");
}

void handle_account_unlock(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	by_name(ctx, args, reply, account_unlock, "unlocked account");
}

struct listing {
	struct command_reply *reply;
	struct json *rows;
};

static enum err list_one(void *ctx, const struct account *a)
{
	char login[CLOCK_DATE_MAX], until[CLOCK_DATE_MAX];
	struct listing *l = ctx;
	struct json *row = json_object_new();

	command_iso(login, a->last_login);
	command_iso(until, a->wait_until);
	json_set_str(row, "name", a->name);
	json_set_int(row, "failures", a->failures);
	json_set_bool(row, "locked", a->locked_until != 0);
	json_set_int(row, "waitUntil", a->wait_until);
	json_set_int(row, "lastFailure", a->last_failure);
	json_set_int(row, "lastLogin", a->last_login);
	json_append_take(l->rows, row);
	buf_printf(&l->reply->text, "%-24s %-22s %8lld  %s%s\n", a->name,
		a->last_login ? login : "never", (long long)a->failures,
		a->locked_until ? "locked until "
		: a->wait_until ? "waits until "
				: "-",
		until);
	return ERR_OK;
}

void handle_account_show(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	struct listing l = {.reply = reply, .rows = json_array_new()};
	struct cluster *c = command_cluster(ctx, &why);

	(void)args;
	buf_printf(&reply->text, "%-24s %-22s %8s  %s\n", "Account", "Last login", "Failures",
		"State");
	if (!c || account_each(c, list_one, &l, &why) != ERR_OK)
		command_refuse(reply, &why);
	else if (json_count(l.rows) == 0)
		buf_str(&reply->text, "(none; make one with: cadeado set account name USER)\n");
	json_set_take(reply->data, "accounts", l.rows);
}
