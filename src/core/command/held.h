/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_COMMAND_HELD_H
#define CORE_COMMAND_HELD_H

#include "core/command/command.h"

/* Adds "ctl" and "itl" ({held, since, confirmed, evidence, offered}) and, where it is so,
 * "otherSystem" to an object, and the same in lines. */
enum err command_put_held(struct cluster *c, const char *device, struct json *into,
	struct buf *text, struct fail *why) MUST_USE;

#endif
