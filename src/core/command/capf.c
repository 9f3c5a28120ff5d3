/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/str.h"
#include "core/command/handlers.h"
#include "core/command/table_args.h"
#include "core/enrol/enrol.h"
#include "core/enrol/status.h"

#include <stdio.h>

const struct command_arg capf_explain_args[] = {
	{ARG_WORD, "status", "STATUS", false, 0, 0,
		"a Certificate Operation Status: \"Upgrade Failed: Invalid MIC\" (all)"},
	END,
};

const struct command_arg capf_keep_alive_args[] = {
	{ARG_WORD, "minutes", "MINUTES", true, 0, 0, "5 to 60"},
	END,
};

static void explain_one(
	struct command_reply *reply, struct json *rows, const struct enrol_status *s)
{
	struct json *j = json_object_new();

	json_set_str(j, "status", s->text);
	json_set_str(j, "cause", s->cause);
	json_set_str(j, "next", s->next);
	json_append_take(rows, j);
	buf_printf(&reply->text, "%s\n  Cause: %s\n  Next:  %s\n", s->text, s->cause, s->next);
}

void handle_capf_explain(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *text = json_get_str(args, "status");
	struct json *rows = json_array_new();
	struct enrol_status s;
	struct fail why = {0};

	(void)ctx;
	if (!text) {
		for (size_t i = 0; enrol_status_at(i, &s); i++)
			explain_one(reply, rows, &s);
	} else if (enrol_status_find(text, &s)) {
		explain_one(reply, rows, &s);
	} else {
		(void)fail_set(&why, ERR_NOTFOUND,
			"\"%.80s\" is no Certificate Operation Status; cadeado capf explain lists "
			"all of them",
			text);
		command_refuse(reply, &why);
	}
	json_set_take(reply->data, "statuses", rows);
}

void handle_capf_keep_alive(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *text = json_get_str(args, "minutes");
	struct fail why = {0};
	long minutes = 0;
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? ERR_OK : why.code;

	if (!err && str_number(text, ENROL_KEEP_ALIVE_LEAST, ENROL_KEEP_ALIVE_MOST, &minutes))
		err = fail_set(&why, ERR_FORMAT,
			"keep_alive takes minutes from %d to %d, not \"%.20s\"",
			ENROL_KEEP_ALIVE_LEAST, ENROL_KEEP_ALIVE_MOST, text);
	if (!err)
		err = enrol_set_keep_alive(c, (int)minutes, &why);
	if (err) {
		command_refuse(reply, &why);
		return;
	}
	json_set_int(reply->data, "minutes", minutes);
	buf_printf(&reply->text,
		"A phone that makes its key may be silent for %ld minutes, from its next session "
		"on.\n",
		minutes);
}
