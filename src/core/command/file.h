/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_COMMAND_FILE_H
#define CORE_COMMAND_FILE_H

#include "core/command/places.h"

/* What stands behind `file VERB`: PLACE [PATTERN] [detail] [recent]. */
struct file_words {
	enum place place;
	const char *pattern; /* NULL: everything */
	bool detail, recent;
};
/* ERR_ARG. */
enum err file_words_read(
	const struct json *args, struct file_words *out, struct fail *why) MUST_USE;
/* The regular files that are meant. ERR_NOTFOUND when there is none. */
enum err file_words_find(struct command_ctx *ctx, const struct file_words *w,
	struct place_entries *out, struct fail *why) MUST_USE;
/* command_refuse; wrong words are wrong usage. */
void file_refuse(struct command_reply *reply, const struct fail *why);

#endif
