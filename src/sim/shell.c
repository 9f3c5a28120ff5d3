/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/shell.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "sim/flash.h"
#include "wire/json.h"

#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PLACE     "/tmp/" /* where phones keep their lists */
#define LINE_SIZE 512
#define WORDS_MAX 16

struct file {
	char name[32]; /* "/tmp/CTLFile.tlv" */
	struct buf content;
	time_t changed;
};

struct shell {
	const struct sim_options *opt;
	struct file files[SIM_LISTS];
	size_t count;
	bool failed; /* the last command did */
};

/* What the folder holds at this moment: the phone may run. */
static void look(struct shell *sh)
{
	for (int i = 0; i < SIM_LISTS; i++) {
		const char *name = sim_list_name((enum sim_list)i);
		struct file *f = &sh->files[sh->count];
		char *path = file_join(sh->opt->dir, name);
		struct stat st;

		*f = (struct file){0};
		if (path && stat(path, &st) == 0 &&
			file_read(path, TLV_FILE_MAX, &f->content, NULL) == ERR_OK) {
			(void)snprintf(f->name, sizeof(f->name), PLACE "%s", name);
			f->changed = st.st_mtime;
			sh->count++;
		} else {
			buf_fini(&f->content);
		}
		mem_free(path);
	}
}

static void forget(struct shell *sh)
{
	while (sh->count)
		buf_fini(&sh->files[--sh->count].content);
}

/* "-rw-r--r-- 1 default usr 4712 Oct 04 19:15 /tmp/CTLFile.tlv" */
static void list_file(const struct file *f, bool details)
{
	struct tm tm;
	char when[32] = "";

	if (!details) {
		(void)printf("%s\n", f->name);
		return;
	}
	if (localtime_r(&f->changed, &tm))
		(void)strftime(when, sizeof(when), "%b %d %H:%M", &tm);
	(void)printf("-rw-r--r-- 1 default usr %zu %s %s\n", f->content.len, when, f->name);
}

static bool matches(const char *pattern, const struct file *f)
{
	return str_glob(pattern, f->name) || strcmp(pattern, "/tmp") == 0 ||
	       strcmp(pattern, PLACE) == 0;
}

/* Calls `act` for the files that the words name; says which word names none. */
static void for_each(struct shell *sh, char **word, size_t words,
	void (*act)(const struct file *f, bool details), bool details)
{
	for (size_t i = 0; i < words; i++) {
		bool found = false;

		for (size_t at = 0; at < sh->count; at++) {
			if (!matches(word[i], &sh->files[at]))
				continue;
			act(&sh->files[at], details);
			found = true;
		}
		if (found)
			continue;
		(void)fprintf(stderr, "%s: No such file or directory\n", word[i]);
		sh->failed = true;
	}
}

static void ls(struct shell *sh, char **word, size_t words)
{
	char everything[] = PLACE "*", *all = everything;
	bool details = words && strcmp(word[0], "-l") == 0;

	word += details;
	words -= details;
	if (words)
		for_each(sh, word, words, list_file, details);
	else if (sh->count)
		for_each(sh, &all, 1, list_file, details);
}

static void print_md5(const struct file *f, bool details)
{
	char hex[2 * DIGEST_MAX + 1];

	digest_hex(DIGEST_MD5, buf_span(&f->content), hex);
	(void)printf("%s  %s\n", hex, f->name);
}

static void md5sum(struct shell *sh, char **word, size_t words)
{
	for_each(sh, word, words, print_md5, false);
}

static void help(struct shell *sh, char **word, size_t words)
{
	(void)printf("ls [-l] [FILE…]   the phone's trust lists: " PLACE "CTLFile.tlv, " PLACE
		     "ITLFile.tlv\n"
		     "md5sum FILE…      their MD5 sums\n"
		     "exit\n");
}

static const struct {
	const char *name;
	void (*run)(struct shell *sh, char **word, size_t words);
} commands[] = {{"ls", ls}, {"md5sum", md5sum}, {"help", help}};

/* False when the shell is left. */
static bool obey(struct shell *sh, char *line)
{
	char *word[WORDS_MAX], *rest = NULL;
	size_t words = 0;

	for (char *at = strtok_r(line, " \t\r\n", &rest); at && words < WORDS_MAX;
		at = strtok_r(NULL, " \t\r\n", &rest))
		word[words++] = at;
	if (!words)
		return true;
	if (strcmp(word[0], "exit") == 0)
		return false;
	sh->failed = false;
	look(sh);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(word[0], commands[i].name) == 0) {
			commands[i].run(sh, word + 1, words - 1);
			forget(sh);
			return true;
		}
	}
	forget(sh);
	(void)fprintf(stderr, "%s: not found; help lists the commands\n", word[0]);
	sh->failed = true;
	return true;
}

static void run_words(struct shell *sh)
{
	char line[LINE_SIZE] = "";
	size_t at = 0;

	for (int i = 0; i < sh->opt->words && at < sizeof(line); i++)
		at += (size_t)snprintf(
			line + at, sizeof(line) - at, "%s%s", i ? " " : "", sh->opt->word[i]);
	(void)obey(sh, line);
}

static void run_input(struct shell *sh)
{
	char line[LINE_SIZE];

	do {
		(void)printf("$ ");
		(void)fflush(stdout);
		if (!fgets(line, sizeof(line), stdin))
			break;
	} while (obey(sh, line));
}

/* The lists, whatever the words are. */
static void print_json(struct shell *sh)
{
	struct json *all = json_array_new();
	struct buf out = {0};

	look(sh);
	for (size_t i = 0; i < sh->count; i++) {
		struct json *j = json_object_new();
		char hex[2 * DIGEST_MAX + 1], when[CLOCK_DATE_MAX];

		digest_hex(DIGEST_MD5, buf_span(&sh->files[i].content), hex);
		clock_print_iso(when, sh->files[i].changed);
		json_set_str(j, "name", sh->files[i].name);
		json_set_int(j, "size", (int64_t)sh->files[i].content.len);
		json_set_str(j, "changed", when);
		json_set_str(j, "md5", hex);
		json_append_take(all, j);
	}
	forget(sh);
	if (json_write(&out, all, true) == ERR_OK)
		(void)fwrite(out.data, 1, out.len, stdout);
	buf_fini(&out);
	json_free(all);
}

int sim_shell_run(const struct sim_options *opt)
{
	struct shell sh = {.opt = opt};
	struct stat st;

	if (stat(opt->dir, &st) || !S_ISDIR(st.st_mode)) {
		(void)fprintf(stderr, "cadeado-phone: %s: there is no such folder\n", opt->dir);
		return SIM_EXIT_REFUSED;
	}
	if (opt->json)
		print_json(&sh);
	else if (opt->words)
		run_words(&sh);
	else
		run_input(&sh);
	return sh.failed ? SIM_EXIT_REFUSED : SIM_EXIT_DONE;
}
