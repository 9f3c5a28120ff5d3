/* SPDX-License-Identifier: BSD-2-Clause
 * The table of commands: a row is the command line's help, the shell's word and the manual's entry.
 * How to add one: docs/how-to/add-a-command.md */
#include "core/command/handlers.h"
#include "core/command/table_args.h"

const struct command commands[] = {
#include "core/command/table_bat_to_profile.def"
#include "core/command/table_set_to_verify.def"
	{NULL, NULL, COMMAND_HERE, false, NULL, NULL, NULL, NULL},
};
