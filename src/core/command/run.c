/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/command.h"
#include "core/command/record.h"

void command_run(const struct command *cmd, struct command_ctx *ctx, const struct json *args,
	struct command_reply *reply)
{
	memset(reply, 0, sizeof *reply);
	buf_init(&reply->text);
	reply->data = json_object_new();
	if (!reply->data) {
		fail_set(&reply->why, ERR_NOMEM, "out of memory");
		reply->exit = COMMAND_FAULT;
		return;
	}
	cmd->run(ctx, args, reply);
	/* A command of COMMAND_DAEMON runs where the cluster must not be touched; none changes
	 * anything. */
	if (cmd->where != COMMAND_DAEMON)
		command_record(cmd, ctx, args, reply);
	if (buf_check(&reply->text) != ERR_OK) {
		fail_set(&reply->why, buf_check(&reply->text),
			"the answer does not fit into memory");
		reply->exit = COMMAND_FAULT;
	}
}

void command_reply_fini(struct command_reply *reply)
{
	json_free(reply->data);
	buf_wipe(&reply->text); /* may hold authentication strings */
	memset(reply, 0, sizeof *reply);
}

void command_refuse(struct command_reply *reply, const struct fail *why)
{
	reply->why = *why;
	reply->exit = COMMAND_FAULT;
	json_set_str(reply->data, "error", err_name(why->code));
	json_set_str(reply->data, "reason", why->text);
}

void command_iso(char out[CLOCK_DATE_MAX], int64_t when)
{
	out[0] = '\0';
	if (when)
		clock_print_iso(out, when);
}

struct cluster *command_cluster(struct command_ctx *ctx, struct fail *why)
{
	if (!ctx->cluster && cluster_open(&ctx->cluster, ctx->state, ctx->clock, why) != ERR_OK)
		ctx->cluster = NULL;
	return ctx->cluster;
}

void command_ctx_fini(struct command_ctx *ctx)
{
	cluster_close(ctx->cluster);
	ctx->cluster = NULL;
}
