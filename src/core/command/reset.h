/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_COMMAND_RESET_H
#define CORE_COMMAND_RESET_H

#include "core/bat/choose.h"
#include "core/command/command.h"

/* Sends those of these phones that are registered back to their start, a part at a time, and
 * records for those whose certificate operation is pending that they were told; registered[i] says
 * which. Without a daemon none is registered, which is no error. */
enum err command_reset(struct command_ctx *ctx, const struct bat_choice *phones, bool *registered,
	struct fail *why) MUST_USE;

/* After an operation was set for one phone: resets it unless `keep`, and says in *reply how the
 * phone comes to CAPF, or what to press on it. */
enum err command_call(struct command_ctx *ctx, const char *device, bool keep,
	struct command_reply *reply, struct fail *why) MUST_USE;

#endif
