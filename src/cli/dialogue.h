/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_DIALOGUE_H
#define CLI_DIALOGUE_H

#include "wire/json.h"

#include <stdbool.h>

/* What a wizard says and asks on the terminal. With --json nothing is said and nobody is asked;
 * without a terminal nobody is asked. */
struct dialogue {
	bool asks; /* a person sits there */
	bool mute; /* --json */
	bool yes;
	/* Called twice a second while a question stands that has no `waiting` of its own; true when
	 * it has said something, and the question is repeated with what was typed. May be NULL. */
	bool (*meanwhile)(void *ctx);
	void *meanwhile_ctx;
};

void dialogue_init(struct dialogue *d, bool json, bool yes);

/* A line or more, as it is; but what could move the cursor is shown as \xNN: names come from nodes
 * and tokens. */
void say(const struct dialogue *d, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* A heading with an empty line before it. */
void say_heading(const struct dialogue *d, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* A paragraph broken between words; `first` begins the first line, the others are indented by
 * `indent` blanks. */
void say_wrapped(const struct dialogue *d, unsigned indent, const char *first, const char *text);

#define DIALOGUE_LINE 256

enum dialogue_answer {
	DIALOGUE_LINE_READ,
	DIALOGUE_AGAIN, /* `waiting` wants the question again */
	DIALOGUE_LEFT,  /* Ctrl-C, Ctrl-D, or nobody is there */
};

/* Asks for a line; an empty one becomes `otherwise` (NULL: stays empty). While the person thinks,
 * `waiting` (may be NULL) is called twice a second; true from it takes the question back. */
enum dialogue_answer dialogue_ask(const struct dialogue *d, const char *question,
	const char *otherwise, bool (*waiting)(void *ctx), void *ctx, char line[DIALOGUE_LINE]);

/* "(yes/no)"; true with --yes. False when nobody is there. */
bool dialogue_agrees(const struct dialogue *d, const char *question);

/* command_secret, and a person is asked when one is there. NUL-terminated; the caller wipes it. */
enum err dialogue_secret(const struct dialogue *d, const struct json *args, const char *option,
	const char *prompt, struct buf *secret, struct fail *why) MUST_USE;

#endif
