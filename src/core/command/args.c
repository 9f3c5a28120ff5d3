/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/command.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <unistd.h>

#define WORDS_MAX 6       /* words of a command */
#define FD_MAX    1048576 /* what Linux lets a process open at most */

/* The n-th word of a row's words; empty past the end. */
static struct span word_at(const char *words, int n)
{
	const char *p = words;

	for (; n > 0 && p; n--) {
		p = strchr(p, ' ');
		p = p ? p + 1 : NULL;
	}
	if (!p)
		return span_of(NULL, 0);
	const char *end = strchr(p, ' ');
	return span_of(p, end ? (size_t)(end - p) : strlen(p));
}

static bool abbreviates(const char *typed, struct span word)
{
	size_t len = strlen(typed);

	return len > 0 && len <= word.len && strncasecmp(typed, (const char *)word.ptr, len) == 0;
}

static bool is_word(const char *typed, struct span word)
{
	return abbreviates(typed, word) && strlen(typed) == word.len;
}

int command_words_fitting(const struct command *cmd, int argc, char *const argv[])
{
	int n = 0;

	while (n < argc && n < WORDS_MAX && abbreviates(argv[n], word_at(cmd->words, n)))
		n++;
	return n;
}

/* Between two rows that fit, a word written in full beats an abbreviation. */
static bool fits_better(
	const struct command *a, const struct command *b, int count, char *const argv[])
{
	for (int n = 0; n < count; n++) {
		bool full_a = is_word(argv[n], word_at(a->words, n));
		bool full_b = is_word(argv[n], word_at(b->words, n));
		if (full_a != full_b)
			return full_a;
	}
	return false;
}

/* What may follow the words typed so far, for the error text. */
static void list_next(int typed, int argc, char *const argv[], struct buf *out)
{
	struct span last = span_of(NULL, 0);

	for (const struct command *c = commands; c->words; c++) {
		struct span next = word_at(c->words, typed);

		if (command_words_fitting(c, typed, argv) < typed || next.len == 0 ||
			span_eq(next, last))
			continue;
		buf_str(out, out->len ? ", " : "");
		buf_put(out, next);
		last = next;
	}
	buf_u8(out, 0);
	(void)argc;
}

static int word_count(const char *words)
{
	int n = 0;

	while (word_at(words, n).len > 0)
		n++;
	return n;
}

/* The first typed word by which `c` could be meant as well as `found`; NULL for none. A row that
 * goes on with more words counts too: "show c" could be "show cert own". */
static const char *doubtful_word(
	const struct command *c, const struct command *found, int used, char *const argv[])
{
	if (c == found || command_words_fitting(c, used, argv) < used ||
		fits_better(found, c, used, argv))
		return NULL;
	for (int n = 0; n < used; n++)
		if (!span_eq(word_at(c->words, n), word_at(found->words, n)))
			return argv[n];
	return NULL;
}

const struct command *command_find(int argc, char *const argv[], int *used, struct fail *why)
{
	const struct command *found = NULL;
	const char *doubtful = NULL;
	int most = 0;

	for (const struct command *c = commands; c->words; c++) {
		int n = command_words_fitting(c, argc, argv);

		if (n > most)
			most = n;
		if (n < word_count(c->words))
			continue;
		if (!found || n > *used || (n == *used && fits_better(c, found, n, argv))) {
			found = c;
			*used = n;
		}
	}
	for (const struct command *c = commands; found && !doubtful && c->words; c++)
		doubtful = doubtful_word(c, found, *used, argv);
	/* "show cert" is the beginning of a command, not the command "show" with a file "cert". */
	if (found && !doubtful && most == *used)
		return found;

	struct buf next = {0};
	list_next(most, argc, argv, &next);
	const char *can =
		buf_check(&next) == ERR_OK && next.len > 1 ? (const char *)next.data : NULL;
	if (doubtful)
		fail_set(why, ERR_ARG, "\"%s\" fits more than one command; write more of it",
			doubtful);
	else if (most < argc && can)
		fail_set(why, ERR_ARG, "unknown word \"%s\"; possible here: %s", argv[most], can);
	else
		fail_set(why, ERR_ARG, "the command is not complete; next comes one of: %s",
			can ? can : "(see help)");
	buf_fini(&next);
	return NULL;
}

const struct command *command_named(const char *words)
{
	for (const struct command *c = commands; c->words; c++)
		if (words && strcmp(c->words, words) == 0)
			return c;
	return NULL;
}

static const struct command_arg *option_named(const struct command *cmd, const char *name)
{
	for (const struct command_arg *a = cmd->args; a && a->kind != ARG_END; a++)
		if (a->kind != ARG_WORD && a->kind != ARG_WORDS && strcmp(a->name, name) == 0)
			return a;
	return NULL;
}

/* "pin-fd" beside the row "pin-file": every secret can also come from a descriptor. */
static const struct command_arg *descriptor_named(const struct command *cmd, const char *name)
{
	char file[64];

	for (const struct command_arg *a = cmd->args; a && a->kind != ARG_END; a++)
		if (a->kind == ARG_SECRET && command_secret_fd(a->name, file, sizeof file) &&
			strcmp(file, name) == 0)
			return a;
	return NULL;
}

static const struct command_arg *positional(const struct command *cmd, int n)
{
	for (const struct command_arg *a = cmd->args; a && a->kind != ARG_END; a++)
		if (a->kind == ARG_WORDS || (a->kind == ARG_WORD && n-- == 0))
			return a;
	return NULL;
}

static void take_word(const struct command_arg *a, const char *word, struct json *args)
{
	if (a->kind == ARG_WORD) {
		json_set_str(args, a->name, word);
		return;
	}
	if (!json_get(args, a->name))
		json_set_take(args, a->name, json_array_new());
	json_append_take(json_get(args, a->name), json_string_new(word));
}

/* The words that may follow a row's own in longer rows: "show" may be followed by a file, and by
 * the words of "show ctl". Empty for most rows. */
static void list_longer(const struct command *cmd, struct buf *out)
{
	size_t len = strlen(cmd->words);
	struct span last = span_of(NULL, 0);

	for (const struct command *c = commands; c->words; c++) {
		struct span next = word_at(c->words, word_count(cmd->words));

		if (strncmp(c->words, cmd->words, len) != 0 || c->words[len] != ' ' ||
			span_eq(next, last))
			continue;
		buf_put(out, next);
		buf_str(out, ", ");
		last = next;
	}
	buf_u8(out, 0);
}

/* A mistyped word must not pass for a file that happens to be missing: a word without a dot or a
 * slash that names no file is taken for one. */
static enum err check_first_word(const struct command *cmd, const char *word, struct fail *why)
{
	const struct command_arg *a = positional(cmd, 0);
	struct buf longer = {0};
	enum err err;

	list_longer(cmd, &longer);
	err = buf_check(&longer);
	if (err != ERR_OK)
		fail_set(why, err, "out of memory");
	else if (longer.len > 1 && !word)
		err = fail_set(why, ERR_ARG, "the command is not complete; next comes one of: %s%s",
			(char *)longer.data, a ? a->value : "");
	else if (longer.len > 1 && !strpbrk(word, "./") && access(word, F_OK) != 0)
		err = fail_set(why, ERR_ARG,
			"unknown word \"%s\" and no file of that name; possible here: %s%s", word,
			(char *)longer.data, a ? a->value : "");
	buf_fini(&longer);
	return err;
}

static enum err usage_fail(
	const struct command *cmd, struct fail *why, const char *text, const char *which)
{
	struct buf usage = {0};
	enum err err;

	command_usage(cmd, &usage);
	buf_u8(&usage, 0);
	/* What would be cut off helps nobody. */
	if (buf_check(&usage) == ERR_OK &&
		strlen(text) + strlen(which) + strlen("; usage: ") + usage.len <= sizeof(why->text))
		err = fail_set(
			why, ERR_ARG, "%s%s; usage: %s", text, which, (const char *)usage.data);
	else
		err = fail_set(
			why, ERR_ARG, "%s%.100s; see: cadeado %s --help", text, which, cmd->words);
	buf_fini(&usage);
	return err;
}

static void append(struct json *args, const char *name, const char *value)
{
	if (!json_get(args, name))
		json_set_take(args, name, json_array_new());
	json_append_take(json_get(args, name), json_string_new(value));
}

/* "-f" for the flag --follow: the first letter of a flag that has it for itself. NULL for another
 * word, which may be a file's name. */
static const struct command_arg *flag_of_letter(const struct command *cmd, const char *word)
{
	const struct command_arg *found = NULL;

	if (word[0] != '-' || !word[1] || word[2])
		return NULL;
	for (const struct command_arg *a = cmd->args; a && a->kind != ARG_END; a++) {
		if (a->kind == ARG_WORD || a->kind == ARG_WORDS || a->name[0] != word[1])
			continue;
		if (found || a->kind != ARG_FLAG)
			return NULL;
		found = a;
	}
	return found;
}

static enum err take_option(const struct command *cmd, int argc, char *const argv[], int *i,
	struct json *args, struct fail *why)
{
	const char *text = argv[*i] + 2;
	const char *equals = strchr(text, '=');
	char name[64];
	long number;

	if ((size_t)(equals ? equals - text : (long)strlen(text)) >= sizeof name)
		return usage_fail(cmd, why, "unknown option ", argv[*i]);
	snprintf(name, sizeof name, "%.*s", (int)(equals ? equals - text : (long)strlen(text)),
		text);
	const struct command_arg *a = option_named(cmd, name);
	bool descriptor = !a && descriptor_named(cmd, name);
	if (!a && !descriptor)
		return usage_fail(cmd, why, "unknown option ", argv[*i]);
	if (a && a->kind == ARG_FLAG) {
		if (equals)
			return usage_fail(cmd, why, "no value belongs to --", name);
		json_set_bool(args, a->name, true);
		return ERR_OK;
	}
	const char *value = equals ? equals + 1 : *i + 1 < argc ? argv[++*i] : NULL;
	if (!value)
		return usage_fail(cmd, why, "a value is missing after --", name);
	if (descriptor) {
		if (str_number(value, 0, FD_MAX, &number) != ERR_OK)
			return fail_set(why, ERR_ARG,
				"--%s takes the number of an open descriptor, "
				"not \"%s\"",
				name, value);
		json_set_int(args, name, number);
		return ERR_OK;
	}
	if (a->kind == ARG_TEXTS)
		append(args, a->name, value);
	else if (a->kind != ARG_NUMBER)
		json_set_str(args, a->name, value);
	if (a->kind != ARG_NUMBER)
		return ERR_OK;
	if (str_number(value, a->low, a->high, &number) != ERR_OK)
		return fail_set(why, ERR_ARG, "--%s takes a number from %ld to %ld, not \"%s\"",
			name, a->low, a->high, value);
	json_set_int(args, a->name, number);
	return ERR_OK;
}

static bool has_descriptor(const struct json *args, const struct command_arg *a)
{
	char name[64];

	return a->kind == ARG_SECRET && command_secret_fd(a->name, name, sizeof name) &&
	       json_get(args, name);
}

enum err command_parse(const struct command *cmd, int argc, char *const argv[], struct json **args,
	struct fail *why)
{
	struct json *out = json_object_new();
	enum err err = out ? ERR_OK : fail_set(why, ERR_NOMEM, "out of memory");
	int words = 0;
	bool only_words = false;

	for (int i = 0; i < argc && err == ERR_OK; i++) {
		const struct command_arg *a;

		if (!only_words && strcmp(argv[i], "--") == 0)
			only_words = true;
		else if (!only_words && strncmp(argv[i], "--", 2) == 0)
			err = take_option(cmd, argc, argv, &i, out, why);
		else if (!only_words && (a = flag_of_letter(cmd, argv[i])) != NULL)
			json_set_bool(out, a->name, true);
		else if (words == 0 && (err = check_first_word(cmd, argv[i], why)) != ERR_OK)
			break;
		else if ((a = positional(cmd, words++)) != NULL)
			take_word(a, argv[i], out);
		else
			err = usage_fail(cmd, why, "unexpected word ", argv[i]);
	}
	if (err == ERR_OK && words == 0)
		err = check_first_word(cmd, NULL, why);
	for (const struct command_arg *a = cmd->args; err == ERR_OK && a && a->kind != ARG_END; a++)
		if (a->needed && !json_get(out, a->name) && !has_descriptor(out, a))
			err = usage_fail(cmd, why, "missing: ",
				a->kind == ARG_WORD || a->kind == ARG_WORDS ? a->value : a->name);
	if (err != ERR_OK) {
		json_free(out);
		out = NULL;
	}
	*args = out;
	return err;
}
