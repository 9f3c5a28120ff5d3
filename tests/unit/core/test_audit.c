/* SPDX-License-Identifier: BSD-2-Clause
 * The audit log: its chain as sha256sum sees it, what verifying finds, many writers, and each step
 * of writing failing in turn. */
#include "lab.h"

#include "base/file.h"
#include "base/mem.h"
#include "core/audit/audit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define EXIT_REFUSED 3
#define STEPS_MAX    50u

static enum err append(struct lab *lab, const char *object)
{
	const struct audit_entry e = {.who = "admin",
		.from = "192.0.2.7",
		.action = "ctl stage",
		.object = object,
		.result = "done"};

	fail_clear(&lab->why);
	return audit_append(lab->c, &e, &lab->why);
}

static void append_some(struct lab *lab, int count)
{
	for (int i = 0; i < count; i++)
		assert_int_equal(append(lab, "x"), ERR_OK);
}

static const char *log_path(struct lab *lab)
{
	return lab_path(lab, "audit/audit.log");
}

static int64_t verify(struct lab *lab, enum err want)
{
	int64_t rows;

	fail_clear(&lab->why);
	if (audit_verify(lab->c, &rows, &lab->why) != want)
		fail_msg("%s", lab->why.text);
	return rows;
}

static void finds(struct lab *lab, const char *text)
{
	verify(lab, ERR_VERIFY);
	if (!strstr(lab->why.text, text))
		fail_msg("\"%s\" is not in \"%s\"", text, lab->why.text);
}

static enum err print_row(void *ctx, const struct audit_row *r)
{
	buf_printf(ctx, "%lld %lld %s|%s|%s|%s|%s\n", (long long)r->number, (long long)r->time,
		r->who, r->from, r->action, r->object, r->result);
	return ERR_OK;
}

static void rows_are_kept_in_order(void **state)
{
	struct lab *lab = *state;
	struct buf b = {0};

	assert_int_equal(verify(lab, ERR_OK), 0);
	append_some(lab, 1);
	lab->clock = clock_fixed(LAB_NOW + 60);
	assert_int_equal(append(lab, "second \"quoted\"\nline\x1b[2J"), ERR_OK);
	assert_int_equal(audit_each(lab->c, print_row, &b, &lab->why), ERR_OK);
	buf_u8(&b, 0);
	assert_string_equal((char *)b.data,
		"1 1790000000 admin|192.0.2.7|ctl stage|x|done\n"
		"2 1790000060 admin|192.0.2.7|ctl stage|second \"quoted\"\\x0Aline\\x1B[2J|done\n");
	buf_fini(&b);
	assert_int_equal(verify(lab, ERR_OK), 2);
	assert_int_equal(lab_run("test $(stat -c %%a%%a %s/audit %s | tr -d '\\n') = 700700600600",
				 lab->folder, log_path(lab)),
		0);
}

/* Judged by other programs: the digest of a line's bytes stands in the next line. */
static void chain_is_what_sha256sum_says(void **state)
{
	struct lab *lab = *state;

	append_some(lab, 3);
	assert_int_equal(
		lab_run("cd %s/audit; sum() { sed -n $1p audit.log | tr -d '\\n' |"
			" sha256sum | cut -c1-64; };"
			" sed -n 1p audit.log | grep -q '\"previous\":\"0\\{64\\}\"}$' &&"
			" sed -n 2p audit.log | grep -q \"\\\"previous\\\":\\\"$(sum 1)\\\"}\" &&"
			" sed -n 3p audit.log | grep -q \"\\\"previous\\\":\\\"$(sum 2)\\\"}\"",
			lab->folder),
		0);
}

static void a_change_shows(void **state)
{
	struct lab *lab = *state;

	append_some(lab, 4);
	assert_int_equal(lab_run("sed -i '2s/stage/stale/' %s", log_path(lab)), 0);
	finds(lab, "line 3: does not fit the line before it");
	assert_int_equal(lab_run("sed -i '2s/stale/stage/' %s", log_path(lab)), 0);
	assert_int_equal(verify(lab, ERR_OK), 4);
	/* The last line has no successor: the store knows it. */
	assert_int_equal(lab_run("sed -i '4s/admin/other/' %s", log_path(lab)), 0);
	finds(lab, "line 4: is not the one that was written last");
	assert_int_equal(lab_run("sed -i '1s/.*/nonsense/' %s", log_path(lab)), 0);
	finds(lab, "line 1: ");
}

static void a_cut_in_the_middle_shows(void **state)
{
	struct lab *lab = *state;

	append_some(lab, 4);
	assert_int_equal(lab_run("sed -i 2d %s", log_path(lab)), 0);
	finds(lab, "line 2: number 3 follows number 1");
}

static void moved_and_added_lines_show(void **state)
{
	struct lab *lab = *state;

	append_some(lab, 3);
	assert_int_equal(lab_run("sed -i '2{h;d};3{G}' %s", log_path(lab)), 0);
	finds(lab, "line 2: number 3 follows number 1");
	assert_int_equal(lab_run("sed -i '2{h;d};3{G}' %s", log_path(lab)), 0);
	assert_int_equal(verify(lab, ERR_OK), 3);
	assert_int_equal(lab_run("sed -i 2p %s", log_path(lab)), 0);
	finds(lab, "line 3: number 2 follows number 2");
}

static void a_shortened_end_shows_and_stays(void **state)
{
	struct lab *lab = *state;

	append_some(lab, 4);
	assert_int_equal(lab_run("sed -i '$d' %s", log_path(lab)), 0);
	finds(lab, "ends with number 3, but 4 were written");
	/* What comes later does not heal it. */
	append_some(lab, 2);
	finds(lab, "line 4: number 5 follows number 3");
	assert_int_equal(lab_run("rm %s", log_path(lab)), 0);
	finds(lab, "ends with number 0, but 6 were written");
	append_some(lab, 1);
	finds(lab, "line 1: number 7 follows number 0");
}

static void lines_by_others_show(void **state)
{
	struct lab *lab = *state;

	append_some(lab, 2);
	/* Copies of a folder, and lines written into one, put back into the other. */
	assert_int_equal(lab_run("cp %s %s.good", log_path(lab), log_path(lab)), 0);
	append_some(lab, 2);
	assert_int_equal(
		lab_run("cd %s/audit; mv audit.log all; mv audit.log.good audit.log", lab->folder),
		0);
	finds(lab, "ends with number 2, but 4");
	assert_int_equal(lab_run("cd %s/audit; mv all audit.log; sed -n 4p audit.log >>audit.log",
				 lab->folder),
		0);
	finds(lab, "line 5: number 4 follows number 4");
}

static void half_a_line_is_mended(void **state)
{
	struct lab *lab = *state;

	append_some(lab, 2);
	assert_int_equal(lab_run("printf '{\"number\":3,\"ti' >>%s", log_path(lab)), 0);
	assert_int_equal(verify(lab, ERR_OK), 2);
	append_some(lab, 1);
	assert_int_equal(verify(lab, ERR_OK), 3);
	assert_int_equal(lab_run("test $(wc -l <%s) = 3", log_path(lab)), 0);
}

static void long_texts_are_cut(void **state)
{
	struct lab *lab = *state;
	char text[4000];
	struct audit_entry e = {
		.who = text, .from = text, .action = text, .object = text, .result = text};

	memset(text, '"', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(audit_append(lab->c, &e, &lab->why), ERR_OK);
	for (size_t i = 0; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "\xC3\xA9", 2);
	assert_int_equal(audit_append(lab->c, &e, &lab->why), ERR_OK);
	memset(text, '\x1b', sizeof(text) - 1);
	assert_int_equal(audit_append(lab->c, &e, &lab->why), ERR_OK);
	memset(text, '\xff', sizeof(text) - 1);
	assert_int_equal(audit_append(lab->c, &e, &lab->why), ERR_OK);
	assert_int_equal(verify(lab, ERR_OK), 4);
	assert_int_equal(
		lab_run("test $(wc -L <%s) -le 4096 &&"
			" /usr/bin/python3 -c 'import json,sys;"
			" [json.loads(l) for l in open(sys.argv[1], encoding=\"utf-8\")]' %s",
			log_path(lab), log_path(lab)),
		0);
}

static void many_processes_at_once(void **state)
{
	struct lab *lab = *state;
	pid_t child[8];
	int status, bad = 0;

	for (int i = 0; i < 8; i++) {
		child[i] = fork();
		if (child[i])
			continue;
		/* A store is no process' but the one that opened it. */
		if (cluster_open(&lab->c, lab->folder, &lab->clock, &lab->why))
			_exit(1);
		for (int k = 0; k < 10; k++)
			if (append(lab, "from a child"))
				_exit(2);
		_exit(0);
	}
	for (int i = 0; i < 8; i++) {
		assert_int_equal(waitpid(child[i], &status, 0), child[i]);
		bad += status != 0;
	}
	assert_int_equal(bad, 0);
	assert_int_equal(verify(lab, ERR_OK), 80);
}

/* One append in a child with the n-th step from now failing; its exit status. */
static int append_with_fault(struct lab *lab, unsigned n, const char *how)
{
	char fault[32];
	pid_t child;
	int status;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		if (cluster_open(&lab->c, lab->folder, &lab->clock, &lab->why))
			_exit(4);
		snprintf(fault, sizeof(fault), "%u:%s", file_fault_count() + n, how);
		setenv("CADEADO_FAULT", fault, 1);
		_exit(append(lab, "faulty") ? EXIT_REFUSED : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void every_step_can_fail(void **state)
{
	static const char *const kinds[] = {"kill", "full", "short"};
	struct lab *lab = *state;

	for (size_t k = 0; k < 3; k++) {
		int status = 1;

		for (unsigned n = 1; status && n < STEPS_MAX; n++) {
			int64_t before = verify(lab, ERR_OK), after;

			status = append_with_fault(lab, n, kinds[k]);
			assert_true(status == 0 || status == 137 || status == EXIT_REFUSED);
			after = verify(lab, ERR_OK);
			assert_true(after == before || after == before + 1);
			if (status == 0)
				assert_int_equal(after, before + 1);
			append_some(lab, 1);
			assert_int_equal(verify(lab, ERR_OK), after + 1);
		}
		assert_int_equal(status, 0);
	}
}

static void every_allocation_can_fail(void **state)
{
	struct lab *lab = *state;
	enum err err = ERR_NOMEM;
	int64_t rows;

	for (size_t n = 1; err && n < 500; n++) {
		mem_fail_from(n);
		err = append(lab, "starved");
		mem_fail_from(0);
		if (err != ERR_OK && err != ERR_NOMEM)
			fail_msg("%zu: %d %s", n, err, lab->why.text);
		verify(lab, ERR_OK);
	}
	assert_int_equal(err, ERR_OK);
	err = ERR_NOMEM;
	for (size_t n = 1; err && n < 500; n++) {
		mem_fail_from(n);
		err = audit_verify(lab->c, &rows, NULL);
		mem_fail_from(0);
		assert_true(err == ERR_OK || err == ERR_NOMEM);
	}
	assert_int_equal(err, ERR_OK);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rows_are_kept_in_order),
		TEST(chain_is_what_sha256sum_says),
		TEST(a_change_shows),
		TEST(a_cut_in_the_middle_shows),
		TEST(moved_and_added_lines_show),
		TEST(a_shortened_end_shows_and_stays),
		TEST(lines_by_others_show),
		TEST(half_a_line_is_mended),
		TEST(long_texts_are_cut),
		TEST(many_processes_at_once),
		TEST(every_step_can_fail),
		TEST(every_allocation_can_fail),
	};

	return cmocka_run_group_tests_name(
		"core/audit", tests, lab_group_setup, lab_group_teardown);
}
