/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_COMMAND_RECORD_H
#define CORE_COMMAND_RECORD_H

#include "core/command/command.h"

/* Writes a command that changes something into the audit log of the cluster that it opened: who
 * (ctx->uid), its words, its arguments without secrets, and what came of it. Where that cannot be
 * written the reply says so. */
void command_record(const struct command *cmd, struct command_ctx *ctx, const struct json *args,
	struct command_reply *reply);

/* "uid 0 (root)" */
#define COMMAND_WHO 96
void command_who(unsigned uid, char out[COMMAND_WHO]);

#endif
