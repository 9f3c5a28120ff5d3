/* SPDX-License-Identifier: BSD-2-Clause
 * The `admin:` shell. libedit is loaded here and only here, so that one-shot commands do not pay.
 */
#include "cli/cli.h"

#include "base/mem.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#define WORDS_MAX 64

struct editor {
	void *library;
	char *(*readline)(const char *prompt);
	int (*add_history)(const char *line);
	char **(*matches)(const char *text, char *(*next)(const char *, int));
};

static struct editor editor;

/* The possible next words after what stands before `start` on the line; libedit calls it again and
 * again until it answers NULL. */
static char *next_word(const char *text, int again)
{
	static const struct command *row;
	static char before[256];
	char **line = dlsym(editor.library, "rl_line_buffer");
	int *point = dlsym(editor.library, "rl_point");

	if (!again) {
		int start = (point ? *point : 0) - (int)strlen(text);
		row = commands;
		snprintf(before, sizeof before, "%.*s", start > 0 ? start : 0, line ? *line : "");
	}
	for (; row && row->words; row++) {
		size_t len = strlen(before);

		if (strncmp(row->words, before, len) != 0 ||
			strncmp(row->words + len, text, strlen(text)) != 0)
			continue;
		const char *word = row->words + len;
		size_t word_len = strcspn(word, " ");
		row++;
		return word_len ? strndup(word, word_len) : NULL; /* libedit frees it */
	}
	return NULL;
}

static char **complete(const char *text, int start, int end)
{
	(void)start;
	(void)end;
	return editor.matches(text, next_word);
}

static bool editor_load(void)
{
	editor.library = dlopen("libedit.so.2", RTLD_NOW);
	if (!editor.library)
		return false;
	*(void **)&editor.readline = dlsym(editor.library, "readline");
	*(void **)&editor.add_history = dlsym(editor.library, "add_history");
	*(void **)&editor.matches = dlsym(editor.library, "rl_completion_matches");
	char **(**hook)(const char *, int, int) =
		dlsym(editor.library, "rl_attempted_completion_function");
	if (hook && editor.matches)
		*hook = complete;
	return editor.readline && editor.add_history;
}

/* Splits at blanks; double quotes keep blanks together. Cuts `line` into pieces. -1: too many words
 * or a quote is left open. */
static int split(char *line, char *words[WORDS_MAX])
{
	int n = 0;
	char *p = line;

	for (;;) {
		while (*p == ' ' || *p == '\t' || *p == '\n')
			*p++ = 0;
		if (!*p)
			return n;
		if (n == WORDS_MAX - 1)
			return -1;
		char *out = p;
		bool quoted = false;
		words[n++] = p;
		for (; *p && (quoted || (*p != ' ' && *p != '\t' && *p != '\n')); p++) {
			if (*p == '"')
				quoted = !quoted;
			else
				*out++ = *p;
		}
		if (quoted)
			return -1;
		bool last = !*p;
		*out = 0;
		if (last)
			return n;
		*p++ = 0;
	}
}

/* False when the shell is to end. */
static bool line_run(const struct cli *cli, char *line)
{
	char *words[WORDS_MAX];
	int n = split(line, words);

	if (n < 0)
		fputs("The line has an open quote or too many words.\n", stderr);
	if (n <= 0)
		return true;
	if (strcmp(words[0], "exit") == 0 || strcmp(words[0], "quit") == 0)
		return false;
	if (strcmp(words[0], "?") == 0)
		words[0] = (char *)"help";
	(void)cli_run(cli, n, words);
	return true;
}

int shell_run(const struct cli *cli)
{
	bool more = true;

	puts("Command Line Interface of Cadeado; help lists the commands, exit leaves.\n");
	if (!editor_load()) {
		fputs("The library libedit2 is not installed; reading plain lines.\n", stderr);
		char line[4096];
		while (more &&
			(fputs("admin:", stdout), fflush(stdout), fgets(line, sizeof line, stdin)))
			more = line_run(cli, line);
		return COMMAND_GOOD;
	}
	while (more) {
		char *line = editor.readline("admin:");

		if (!line) {
			puts("");
			break;
		}
		if (*line)
			editor.add_history(line);
		more = line_run(cli, line);
		free(line); /* libedit's own allocation */
	}
	return COMMAND_GOOD;
}
