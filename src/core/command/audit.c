/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/audit/audit.h"

#include "core/command/handlers.h"
#include "core/command/record.h"

#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

/* --- the log as commands show it --- */

struct showing {
	struct command_reply *reply;
	struct json *rows;
	const char *who;       /* NULL: everybody */
	int64_t skip, matches; /* of these, the first `skip` are left out */
};

static bool wanted(const struct showing *s, const struct audit_row *row)
{
	return !s->who || strcmp(s->who, row->who) == 0;
}

static enum err count_one(void *ctx, const struct audit_row *row)
{
	struct showing *s = ctx;

	s->matches += wanted(s, row);
	return ERR_OK;
}

static enum err show_one(void *ctx, const struct audit_row *row)
{
	struct showing *s = ctx;
	struct json *j;
	char at[CLOCK_DATE_MAX] = "";

	if (!wanted(s, row) || s->skip-- > 0)
		return ERR_OK;
	if (row->time)
		clock_print_iso(at, row->time);
	j = json_object_new();
	json_set_int(j, "number", row->number);
	json_set_int(j, "time", row->time);
	json_set_str(j, "who", row->who);
	json_set_str(j, "from", row->from);
	json_set_str(j, "action", row->action);
	json_set_str(j, "object", row->object);
	json_set_str(j, "result", row->result);
	json_append_take(s->rows, j);
	buf_printf(&s->reply->text, "%6lld %s %s (%s): %s%s%s: %s\n", (long long)row->number, at,
		row->who, row->from, row->action, *row->object ? " " : "", row->object,
		row->result);
	return ERR_OK;
}

void handle_audit_show(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	struct showing s = {
		.reply = reply, .rows = json_array_new(), .who = json_get_str(args, "who")};
	int64_t last = json_get_int(args, "last", 0);
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? ERR_OK : why.code;

	if (!err && last) {
		err = audit_each(c, count_one, &s, &why);
		s.skip = s.matches - last;
	}
	if (!err)
		err = audit_each(c, show_one, &s, &why);
	if (err)
		command_refuse(reply, &why);
	json_set_take(reply->data, "entries", s.rows);
}

void handle_audit_verify(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	struct cluster *c = command_cluster(ctx, &why);
	int64_t rows = 0;
	enum err err = c ? audit_verify(c, &rows, &why) : why.code;

	(void)args;
	json_set_int(reply->data, "good", rows);
	json_set_bool(reply->data, "verified", !err);
	if (err)
		command_refuse(reply, &why);
	else
		buf_printf(&reply->text,
			"The audit log is whole: %lld entries, each fits the one before it.\n",
			(long long)rows);
}

/* --- what commands leave in it --- */

void command_who(unsigned uid, char out[COMMAND_WHO])
{
	char space[1024];
	struct passwd pw, *found = NULL;

	if (getpwuid_r(uid, &pw, space, sizeof(space), &found) == 0 && found)
		snprintf(out, COMMAND_WHO, "uid %u (%s)", uid, found->pw_name);
	else
		snprintf(out, COMMAND_WHO, "uid %u", uid);
}

static void put_word(struct buf *out, const char *option, const char *value)
{
	if (!value)
		return;
	buf_str(out, out->len ? " " : "");
	if (option)
		buf_printf(out, "--%s%s", option, *value ? " " : "");
	buf_str(out, value);
}

static void put_arg(struct buf *out, const struct command_arg *a, const struct json *args)
{
	bool option = a->kind != ARG_WORD && a->kind != ARG_WORDS;
	const char *name = option ? a->name : NULL;
	const struct json *value = json_get(args, a->name);
	char number[32];

	switch (a->kind) {
	case ARG_END:
	case ARG_SECRET: break;
	case ARG_WORDS:
	case ARG_TEXTS:
		for (size_t i = 0; i < json_count(value); i++)
			put_word(out, name, json_str(json_at(value, i)));
		break;
	case ARG_NUMBER:
		snprintf(number, sizeof(number), "%lld", (long long)json_get_int(args, a->name, 0));
		put_word(out, name, value ? number : NULL);
		break;
	case ARG_FLAG: put_word(out, name, json_get_bool(args, a->name) ? "" : NULL); break;
	case ARG_WORD:
	case ARG_TEXT: put_word(out, name, json_str(value)); break;
	}
}

/* Tokens sign for the cluster in whose folder they lie, though their commands never open it. */
static struct cluster *concerned(
	const struct command *cmd, struct command_ctx *ctx, const struct json *args)
{
	if (!ctx->cluster && strncmp(cmd->words, "token ", 6) == 0 && !json_get_str(args, "tokens"))
		(void)command_cluster(ctx, NULL);
	return ctx->cluster;
}

void command_record(const struct command *cmd, struct command_ctx *ctx, const struct json *args,
	struct command_reply *reply)
{
	struct cluster *c = cmd->changes ? concerned(cmd, ctx, args) : NULL;
	char who[COMMAND_WHO];
	struct buf object = {0};
	struct fail why = {0};
	struct audit_entry e = {.who = who,
		.from = "console",
		.action = cmd->words,
		.result = reply->exit == COMMAND_GOOD ? "done"
			  : reply->why.text[0]        ? reply->why.text
						      : "failed"};

	if (!c)
		return;
	command_who(ctx->uid_known ? ctx->uid : (unsigned)getuid(), who);
	for (const struct command_arg *a = cmd->args; a && a->kind != ARG_END; a++)
		put_arg(&object, a, args);
	buf_u8(&object, 0);
	e.object = buf_check(&object) ? "" : (const char *)object.data;
	if (audit_append(c, &e, &why) != ERR_OK && reply->exit == COMMAND_GOOD) {
		reply->exit = COMMAND_FAULT;
		fail_set(&reply->why, why.code,
			"this was done, but could not be written into the audit log: %s", why.text);
	}
	buf_fini(&object);
}
