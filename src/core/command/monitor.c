/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/monitor/monitor.h"

#include "base/settings.h"
#include "base/str.h"
#include "core/command/handlers.h"
#include "core/command/table_args.h"

#include <stdio.h>

const struct command_arg monitor_args[] = {
	{ARG_NUMBER, "days", "DAYS", false, 0, 3650,
		"what ends within so many days is told (the setting monitor_days)"},
	{ARG_FLAG, "notify", NULL, false, 0, 0,
		"tell it to the settings monitor_webhook and monitor_mail, too"},
	END,
};

struct listing {
	struct command_reply *reply;
	struct json *rows;
	int64_t soon, expired;
};

static enum err list_one(void *ctx, const struct monitor_item *item)
{
	static const char *const states[] = {"good", "expires soon", "EXPIRED"};
	struct listing *l = ctx;
	struct json *j = json_object_new();
	char to[CLOCK_DATE_MAX];

	clock_print_iso(to, item->not_after);
	json_set_str(j, "name", item->name);
	json_set_str(j, "subject", item->subject);
	json_set_str(j, "state", states[item->state]);
	json_set_str(j, "expires", to);
	json_set_int(j, "notAfter", item->not_after);
	json_set_int(j, "phones", item->phones);
	json_append_take(l->rows, j);
	l->soon += item->state == MONITOR_SOON;
	l->expired += item->state == MONITOR_EXPIRED;
	buf_printf(&l->reply->text, "%-12s %.10s  ", states[item->state], to);
	str_printable(&l->reply->text, span_str(item->name));
	if (item->state == MONITOR_GOOD)
		buf_str(&l->reply->text, "\n");
	else
		buf_printf(&l->reply->text, ": %lld phones; %s\n", (long long)item->phones,
			item->effect);
	return ERR_OK;
}

static enum err notify(
	struct command_ctx *ctx, struct cluster *c, struct command_reply *reply, struct fail *why)
{
	const struct settings *s = cluster_get_settings(c);
	struct monitor_target to = {.webhook = s->monitor_webhook,
		.mail = s->monitor_mail,
		.sendmail = s->monitor_sendmail};

	if (strcmp(to.webhook, "none") == 0)
		to.webhook = NULL;
	if (strcmp(to.mail, "none") == 0)
		to.mail = NULL;
	if (!to.webhook && !to.mail)
		return fail_set(why, ERR_ARG,
			"nobody to tell: set monitor_webhook or monitor_mail in cadeado.conf");
	if (!ctx->runtime || !ctx->runtime->notify)
		return fail_set(why, ERR_UNSUPPORTED, "this program cannot tell it to others");
	return ctx->runtime->notify(
		ctx->runtime->ctx, &to, reply->data, buf_span(&reply->text), why);
}

void handle_monitor(struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct listing l = {.reply = reply, .rows = json_array_new()};
	struct fail why = {0};
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? ERR_OK : why.code;

	if (!err)
		err = monitor_each(c,
			json_get_int(args, "days", cluster_get_settings(c)->monitor_days), list_one,
			&l, &why);
	json_set_take(reply->data, "certificates", l.rows);
	json_set_int(reply->data, "soon", l.soon);
	json_set_int(reply->data, "expired", l.expired);
	if (!err && l.soon + l.expired) {
		reply->exit = COMMAND_FAULT;
		if (json_get_bool(args, "notify"))
			err = notify(ctx, c, reply, &why);
	}
	if (err)
		command_refuse(reply, &why);
}
