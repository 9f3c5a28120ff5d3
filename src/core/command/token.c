/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/handlers.h"

#include "base/mem.h"
#include "base/str.h"
#include "crypto/token.h"

#define TOKEN_BITS 2048
#define TOKEN_DAYS 3650

static struct json *token_json(const struct token_info *t)
{
	struct json *j = json_object_new();

	json_set_str(j, "label", t->label);
	json_set_str(j, "serial", t->serial);
	json_set_str(j, "subject", cert_subject(t->cert));
	json_set_int(j, "attemptsLeft", t->attempts_left);
	json_set_bool(j, "locked", t->attempts_left == 0);
	json_set_int(j, "notAfter", cert_not_after(t->cert));
	return j;
}

static void token_line(struct buf *out, const struct token_info *t)
{
	char until[CLOCK_DATE_MAX];

	clock_print_iso(until, cert_not_after(t->cert));
	if (t->attempts_left > 0)
		buf_printf(out, "%-20s %-12s %-22s %d attempts left\n", t->label, t->serial, until,
			t->attempts_left);
	else
		buf_printf(out, "%-20s %-12s %-22s locked for good\n", t->label, t->serial, until);
}

static void token_head(struct buf *out)
{
	buf_printf(out, "%-20s %-12s %-22s %s\n", "Label", "Serial", "Certificate until", "PIN");
}

void handle_token_create(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	struct buf pin = {0};
	struct token_info made = {0};
	struct cluster *c = command_cluster(ctx, &why);
	char *folder = c ? cluster_path(c, "tokens", NULL) : NULL;

	if (!folder ||
		command_secret(ctx, args, "pin-file", "PIN of the new token: ", &pin, &why) !=
			ERR_OK ||
		token_create(folder, json_get_str(args, "serial"), (const char *)pin.data,
			TOKEN_BITS, clock_seconds(ctx->clock), TOKEN_DAYS, &made, &why) != ERR_OK) {
		command_refuse(reply, &why);
	} else {
		json_set_take(reply->data, "token", token_json(&made));
		token_head(&reply->text);
		token_line(&reply->text, &made);
		token_info_fini(&made);
	}
	buf_wipe(&pin);
	mem_free(folder);
}

struct listing {
	struct command_reply *reply;
	struct json *rows;
};

static enum err list_one(void *ctx, const struct token_info *t)
{
	struct listing *l = ctx;

	json_append_take(l->rows, token_json(t));
	token_line(&l->reply->text, t);
	return ERR_OK;
}

void handle_token_list(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	struct listing l = {.reply = reply, .rows = json_array_new()};
	struct cluster *c = command_cluster(ctx, &why);
	char *folder = c ? cluster_path(c, "tokens", NULL) : NULL;

	(void)args;
	token_head(&reply->text);
	if (!folder || token_each(folder, list_one, &l, &why) != ERR_OK)
		command_refuse(reply, &why);
	if (json_count(l.rows) < 2)
		buf_str(&reply->text,
			"A cluster needs two tokens at least: cadeado token create\n");
	json_set_take(reply->data, "tokens", l.rows);
	mem_free(folder);
}
