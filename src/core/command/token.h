/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_COMMAND_TOKEN_H
#define CORE_COMMAND_TOKEN_H

/* Between the files of `cadeado token`. */
#include "core/command/command.h"
#include "core/tokens/tokens.h"

/* The tokens that --tokens and --module name; without --tokens those of the state folder. NULL with
 * the reply refused. Free with tokens_close. */
struct tokens *command_tokens(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply);

struct json *command_token_json(const struct token_entry *e);

/* Everything about one token, for people, and into the reply's "token". */
void command_token_tell(struct command_reply *reply, const struct token_entry *e);

#endif
