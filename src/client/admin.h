/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLIENT_ADMIN_H
#define CLIENT_ADMIN_H

#include "core/command/command.h"

/* A daemon that does not answer a command in this time hangs. */
#define CLIENT_ADMIN_US (120 * 1000000ll)

/* Sends a command to the daemon of this state folder over its admin socket. ERR_NOTFOUND when none
 * runs (nothing was done); the reply is filled otherwise. ERR_TIMEOUT when nothing came for
 * `timeout_us`; then it is not known what was done. */
enum err client_admin_run(const char *state, const struct command *cmd, const struct json *args,
	int64_t timeout_us, struct command_reply *reply, struct fail *why) MUST_USE;

/* Whether a daemon answers there, or might. */
bool client_admin_runs(const char *state);

#endif
