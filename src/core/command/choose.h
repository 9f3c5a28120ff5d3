/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_COMMAND_CHOOSE_H
#define CORE_COMMAND_CHOOSE_H

#include "core/bat/choose.h"
#include "core/command/command.h"

/* The phones that a command is for: a name, a query or a file, and one of them must be given. */
#define COMMAND_CHOICE_ARGS                                                                        \
	{ARG_WORD, "phones", "QUERY", false, 0, 0,                                                 \
		"SEP<MAC>, or which phones, as in bat query; all is every phone"},                 \
	{                                                                                          \
		ARG_TEXT, "csv", "FILE", false, 0, 0,                                              \
			"phones of a CSV file's column \"Device Name\" instead"                    \
	}

/* ERR_ARG for both or neither. */
enum err command_choose(struct cluster *c, const struct json *args, struct bat_choice *out,
	struct fail *why) MUST_USE;

#endif
