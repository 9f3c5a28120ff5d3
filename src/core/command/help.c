/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/command.h"

#include <stdio.h>

#define FD_HELP "the same from the next line of this open descriptor"

static void arg_usage(const struct command_arg *a, struct buf *out)
{
	char fd[64];

	buf_str(out, a->needed ? " " : " [");
	if (a->kind == ARG_WORD || a->kind == ARG_WORDS)
		buf_printf(out, "%s%s", a->value, a->kind == ARG_WORDS ? "..." : "");
	else if (a->kind == ARG_FLAG)
		buf_printf(out, "--%s", a->name);
	else
		buf_printf(out, "--%s %s", a->name, a->value);
	if (a->kind == ARG_SECRET && command_secret_fd(a->name, fd, sizeof fd))
		buf_printf(out, " | --%s N", fd);
	buf_str(out, a->needed ? "" : "]");
	buf_str(out, a->kind == ARG_TEXTS ? "..." : "");
}

void command_usage(const struct command *cmd, struct buf *out)
{
	buf_printf(out, "cadeado %s", cmd->words);
	for (const struct command_arg *a = cmd->args; a && a->kind != ARG_END; a++)
		arg_usage(a, out);
}

void command_help_all(struct buf *out)
{
	for (const struct command *c = commands; c->words; c++)
		buf_printf(out, "  %-34s %s\n", c->words, c->help);
}

size_t command_help_group(int argc, char *const argv[], const struct command *but, struct buf *out)
{
	size_t rows = 0;

	for (const struct command *c = commands; c->words; c++) {
		if (c == but || command_words_fitting(c, argc, argv) < argc)
			continue;
		buf_printf(out, "  %-34s %s\n", c->words, c->help);
		rows++;
	}
	return rows;
}

#define HELP_WIDTH 78 /* columns of a paragraph: fits a terminal */

/* A paragraph, broken between words. */
static void paragraph(const char *text, struct buf *out)
{
	size_t column = 0;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (column > 0 && column + 1 + len > HELP_WIDTH) {
			buf_str(out, "\n");
			column = 0;
		}
		if (column > 0)
			buf_str(out, " ");
		buf_put(out, span_of(text, len));
		column += len + (column > 0);
		text += len + strspn(text + len, " ");
	}
	buf_str(out, "\n");
}

void command_help(const struct command *cmd, struct buf *out)
{
	command_usage(cmd, out);
	buf_str(out, "\n\n");
	paragraph(cmd->manual, out);
	if (cmd->args && cmd->args->kind != ARG_END)
		buf_str(out, "\n");
	for (const struct command_arg *a = cmd->args; a && a->kind != ARG_END; a++) {
		char left[80], fd[64];

		if (a->kind == ARG_WORD || a->kind == ARG_WORDS)
			snprintf(left, sizeof left, "%s", a->value);
		else
			snprintf(left, sizeof left, "--%s %s", a->name,
				a->kind == ARG_FLAG ? "" : a->value);
		buf_printf(out, "  %-24s %s\n", left, a->help);
		if (a->kind == ARG_SECRET && command_secret_fd(a->name, fd, sizeof fd)) {
			snprintf(left, sizeof left, "--%s N", fd);
			buf_printf(out, "  %-24s %s\n", left, FD_HELP);
		}
	}
}

/* mdoc takes a line that begins with a dot or quote as a request, and wants sentences on lines of
 * their own. */
static void roff_text(const char *text, struct buf *out)
{
	if (*text == '.' || *text == '\'')
		buf_str(out, "\\&");
	for (const char *start = text; *text; text++) {
		if (*text == '\\')
			buf_str(out, "\\e");
		else if (*text == '-')
			buf_str(out, "\\-");
		else if (*text == ' ' && text > start && text[-1] == '.')
			buf_str(out, "\n");
		else
			buf_put(out, span_of(text, 1));
	}
	buf_str(out, "\n");
}

void command_manual(struct buf *out)
{
	char fd[64];

	for (const struct command *c = commands; c->words; c++) {
		buf_printf(out, ".It Ic %s", c->words);
		for (const struct command_arg *a = c->args; a && a->kind != ARG_END; a++) {
			buf_str(out, a->needed ? " " : " Oo ");
			if (a->kind == ARG_WORD || a->kind == ARG_WORDS)
				buf_printf(out, "Ar %s%s", a->value,
					a->kind == ARG_WORDS ? " ..." : "");
			else if (a->kind == ARG_FLAG)
				buf_printf(out, "Fl \\-%s", a->name);
			else
				buf_printf(out, "Fl \\-%s Ar %s", a->name, a->value);
			if (a->kind == ARG_SECRET && command_secret_fd(a->name, fd, sizeof fd))
				buf_printf(out, " | Fl \\-%s Ar N", fd);
			buf_str(out, a->needed ? "" : " Oc");
			buf_str(out, a->kind == ARG_TEXTS ? " ..." : "");
		}
		buf_str(out, "\n");
		roff_text(c->manual, out);
		if (!c->args || c->args->kind == ARG_END)
			continue;
		buf_str(out, ".Bl -tag -width Ds -compact\n");
		for (const struct command_arg *a = c->args; a->kind != ARG_END; a++) {
			if (a->kind == ARG_WORD || a->kind == ARG_WORDS)
				buf_printf(out, ".It Ar %s\n", a->value);
			else
				buf_printf(out, ".It Fl \\-%s%s%s\n", a->name,
					a->kind == ARG_FLAG ? "" : " Ar ",
					a->kind == ARG_FLAG ? "" : a->value);
			roff_text(a->help, out);
			if (a->kind == ARG_SECRET && command_secret_fd(a->name, fd, sizeof fd)) {
				buf_printf(out, ".It Fl \\-%s Ar N\n", fd);
				roff_text(FD_HELP, out);
			}
		}
		buf_str(out, ".El\n");
	}
}
