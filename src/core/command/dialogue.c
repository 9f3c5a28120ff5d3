/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/handlers.h"

void handle_dialogue(struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};

	fail_set(&why, ERR_NOTNOW, "this command asks questions as it goes: run it with cadeado");
	command_refuse(reply, &why);
}
