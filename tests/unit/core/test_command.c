/* SPDX-License-Identifier: BSD-2-Clause
 * Words of a command line: which row they mean, what its arguments are, and what is said of words
 * that mean none. */
#include "core/command/command.h"

#include "base/file.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORDS_MAX 12

struct line {
	char text[256];
	char *argv[WORDS_MAX];
	int argc;
};

/* Words are separated by blanks; '~' stands for a blank inside a word. */
static struct line *split(struct line *l, const char *text)
{
	char *p;

	snprintf(l->text, sizeof(l->text), "%s", text);
	l->argc = 0;
	for (p = strtok(l->text, " "); p; p = strtok(NULL, " ")) {
		assert_true(l->argc < WORDS_MAX);
		l->argv[l->argc++] = p;
		for (; *p; p++)
			if (*p == '~')
				*p = ' ';
	}
	return l;
}

/* The words of the row that is meant, or what is said instead. */
static const char *meant(const char *text, int *used)
{
	static struct fail why;
	struct line l;
	const struct command *c;

	fail_clear(&why);
	split(&l, text);
	*used = 0;
	c = command_find(l.argc, l.argv, used, &why);
	if (!c)
		assert_int_equal(why.code, ERR_ARG);
	return c ? c->words : why.text;
}

static void words_mean_a_row(void **state)
{
	static const struct {
		const char *typed, *words;
		int used;
	} rows[] = {
		{"show ctl", "show ctl", 2},
		{"SHOW CTL", "show ctl", 2},
		{"sh ct", "show ctl", 2},
		{"show ctl some.tlv", "show ctl", 2},
		{"show some.tlv", "show", 1},
		{"show cert own", "show cert own", 3},
		{"sh ce o", "show cert own", 3},
		{"doctor", "doctor", 1},
		{"doc --phones x", "doctor", 1},
		{"dev lis", "device list", 2},
		{"device add SEP0011215A1AE3 --install", "device add", 2},
		{"utils ctl set-cluster mixed-mode --token T", "utils ctl set-cluster mixed-mode",
			4},
		{"u c s m", "utils ctl set-cluster mixed-mode", 4},
		{"u c u ctlfile", "utils ctl update CTLFile", 4},
	};
	int used;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_equal(meant(rows[i].typed, &used), rows[i].words);
		assert_int_equal(used, rows[i].used);
	}
}

/* An abbreviation counts only as long as one command fits. */
static void doubtful_words_are_refused(void **state)
{
	static const char *const typed[] = {"d", "s", "show c", "sh s x", "c", "device d", "t"};
	static const char *const said[] = {"\"d\" fits more than one command",
		"\"s\" fits more than one command", "\"c\" fits more than one command",
		"show stations", "\"c\" fits more than one command", "device delete",
		"next comes one of: add, create"};
	int used;

	for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
		const char *got = meant(typed[i], &used);

		if (!strstr(got, said[i]))
			fail_msg("%s: %s", typed[i], got);
	}
}

static void unknown_words_are_told_what_is_possible(void **state)
{
	static const char *const typed[] = {"", "nonsense", "show cert", "cluster node",
		"device lisp", "utils ctl set-cluster insecure-mode"};
	static const char *const said[] = {"the command is not complete",
		"unknown word \"nonsense\"; possible here: ", "next comes one of: list, own",
		"next comes one of: add, delete, list", "unknown word \"lisp\"; possible here: add",
		"unknown word \"insecure-mode\"; possible here: mixed-mode"};
	int used;

	for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
		const char *got = meant(typed[i], &used);

		if (!strstr(got, said[i]))
			fail_msg("%s: %s", typed[i], got);
	}
}

/* What the words after the row's own come to, as JSON or as the failure's text. */
static char *parsed(const char *row, const char *words)
{
	static char out[512];
	const struct command *c = command_named(row);
	struct json *args = NULL;
	struct fail why = {0};
	struct buf text = {0};
	struct line l;

	assert_non_null(c);
	split(&l, words);
	if (command_parse(c, l.argc, l.argv, &args, &why) != ERR_OK) {
		assert_null(args);
		assert_true(why.code == ERR_ARG);
		snprintf(out, sizeof(out), "%s", why.text);
		return out;
	}
	assert_int_equal(json_write(&text, args, false), ERR_OK);
	snprintf(out, sizeof(out), "%.*s", (int)text.len, (char *)text.data);
	buf_fini(&text);
	json_free(args);
	return out;
}

static void arguments_have_types(void **state)
{
	assert_string_equal(parsed("device add", "SEP0011215A1AE3 --number 1001 --install"),
		"{\"name\":\"SEP0011215A1AE3\",\"number\":\"1001\",\"install\":true}");
	assert_string_equal(parsed("device add", "--profile=Non~Secure x --model 7"),
		"{\"profile\":\"Non Secure\",\"name\":\"x\",\"model\":7}");
	assert_string_equal(parsed("device add", "-- --odd"), "{\"name\":\"--odd\"}");
	assert_string_equal(
		parsed("device add", "x --display ="), "{\"name\":\"x\",\"display\":\"=\"}");
	assert_string_equal(
		parsed("device add", "x --display="), "{\"name\":\"x\",\"display\":\"\"}");
	assert_string_equal(parsed("device add", "x --number 1 --number 2"),
		"{\"name\":\"x\",\"number\":\"2\"}");
	assert_string_equal(parsed("doctor", ""), "{}");
	assert_string_equal(
		parsed("token create", "--pin-file /some/file"), "{\"pin-file\":\"/some/file\"}");
}

static void wrong_arguments_are_named(void **state)
{
	static const struct {
		const char *row, *words, *said;
	} rows[] = {
		{"device add", "", "missing: SEP<MAC>; see: cadeado device add --help"},
		{"device add", "a b", "unexpected word b; see: cadeado device add --help"},
		{"device add", "a --nonsense",
			"unknown option --nonsense; see: cadeado device add --help"},
		{"device add", "a --number", "a value is missing after --number"},
		{"device add", "a --install=yes", "no value belongs to --install"},
		{"device add", "a --model seven", "--model takes a number from 1 to 99999"},
		{"device add", "a --model 0", "--model takes a number from 1 to 99999"},
		{"device add", "a --model 100000", "not \"100000\""},
		{"device add", "a --model 7x", "not \"7x\""},
		{"device add", "a --model=", "not \"\""},
		{"device add", "a --", "{\"name\":\"a\"}"},
		{"device add", "a --=x", "unknown option --=x"},
		{"device add", "a --name b", "unknown option --name"},
		{"device add",
			"a --nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn 1",
			"unknown option --nnn"},
		{"token show", "", "missing: LABEL; usage: cadeado token show LABEL"},
		/* A word that is mistyped is no file, unless there is one of that name. */
		{"show", "", "next comes one of: account, capf, cert, ctl, itl, stations, FILE"},
		{"show", "nonsense",
			"unknown word \"nonsense\" and no file of that name; possible here: account, capf, cert"},
		{"show", "ctlx", "unknown word \"ctlx\""},
		{"show", "none.sgn", "{\"files\":[\"none.sgn\"]}"},
		{"show", "/dev ctl", "{\"files\":[\"/dev\",\"ctl\"]}"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *got = parsed(rows[i].row, rows[i].words);

		if (!strstr(got, rows[i].said))
			fail_msg("%s %s: %s", rows[i].row, rows[i].words, got);
	}
}

/* Does `text` hold these words in this order, whatever blanks and line ends lie between them? */
static bool holds_words(const char *text, const char *words)
{
	for (; *text; text++) {
		const char *t = text, *w = words;

		while (*w && (*t == *w || (strchr(" \n", *t) && *t && *w == ' '))) {
			w++;
			if (strchr(" \n", *t))
				t += strspn(t, " \n");
			else
				t++;
		}
		if (!*w)
			return true;
	}
	return false;
}

/* Every row is found by its own words, explains itself, and has what a reader needs. */
static void every_row_explains_itself(void **state)
{
	struct buf all = {0}, one = {0}, manual = {0};
	int used;

	command_help_all(&all);
	command_manual(&manual);
	buf_u8(&all, 0);
	buf_u8(&manual, 0);
	for (const struct command *c = commands; c->words; c++) {
		assert_ptr_equal(command_named(c->words), c);
		assert_string_equal(meant(c->words, &used), c->words);
		assert_non_null(c->run);
		assert_true(strlen(c->help) > 10 && strlen(c->help) <= 60);
		assert_true(c->manual[strlen(c->manual) - 1] == '.');
		assert_non_null(strstr((char *)all.data, c->help));
		assert_non_null(strstr((char *)manual.data, c->words));
		buf_clear(&one);
		command_help(c, &one);
		buf_u8(&one, 0);
		assert_ptr_equal(strstr((char *)one.data, "cadeado "), one.data);
		assert_true(holds_words((char *)one.data, c->manual));
		for (const struct command_arg *a = c->args; a && a->kind != ARG_END; a++) {
			assert_true(holds_words((char *)one.data, a->help));
			assert_true(a->kind == ARG_FLAG || a->value);
		}
	}
	assert_null(command_named("device"));
	assert_null(command_named(NULL));
	buf_fini(&all);
	buf_fini(&one);
	buf_fini(&manual);
}

static char secret_path[] = "/tmp/cadeado-command-XXXXXX";

static enum err answer(const char *prompt, struct buf *secret, struct fail *why)
{
	buf_str(secret, "typed");
	return buf_check(secret);
}

static void check_secret(
	struct command_ctx *ctx, const char *content, enum err wanted, const char *secret)
{
	struct json *args = json_object_new();
	struct buf got = {0};
	struct fail why = {0};

	if (content) {
		assert_int_equal(
			file_replace(secret_path, span_str(content), 0600, FILE_NOSYNC, NULL),
			ERR_OK);
		json_set_str(args, "pin-file", secret_path);
	}
	assert_int_equal(command_secret(ctx, args, "pin-file", "PIN", &got, &why), wanted);
	if (wanted)
		assert_non_null(strstr(why.text, secret));
	else
		assert_string_equal((char *)got.data, secret);
	buf_wipe(&got);
	json_free(args);
}

static void secrets_come_from_files_or_a_person(void **state)
{
	struct command_ctx ctx = {0};
	char large[400];

	assert_true(mkstemp(secret_path) >= 0);
	check_secret(&ctx, "1234\n", ERR_OK, "1234");
	check_secret(&ctx, "1234\r\nnot this\n", ERR_OK, "1234");
	check_secret(&ctx, "1234", ERR_OK, "1234");
	check_secret(&ctx, "", ERR_OK, "");
	memset(large, '1', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	check_secret(&ctx, large, ERR_LIMIT, secret_path);
	check_secret(&ctx, NULL, ERR_ARG, "--pin-file");
	ctx.ask = answer;
	check_secret(&ctx, NULL, ERR_OK, "typed");
	assert_int_equal(unlink(secret_path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_mean_a_row),
		cmocka_unit_test(doubtful_words_are_refused),
		cmocka_unit_test(unknown_words_are_told_what_is_possible),
		cmocka_unit_test(arguments_have_types),
		cmocka_unit_test(wrong_arguments_are_named),
		cmocka_unit_test(every_row_explains_itself),
		cmocka_unit_test(secrets_come_from_files_or_a_person),
	};

	return cmocka_run_group_tests_name("core/command", tests, NULL, NULL);
}
