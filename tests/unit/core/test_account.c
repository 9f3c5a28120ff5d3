/* SPDX-License-Identifier: BSD-2-Clause
 * Accounts: who gets in, who waits and for how long, with a clock that the test moves. */
#include "lab.h"

#include "core/account/account.h"
#include "core/audit/audit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define GOOD "correct horse"
#define BAD  "battery staple"

static int64_t now;

static void move_clock(struct lab *lab, int64_t seconds)
{
	now += seconds;
	lab->clock = clock_fixed(now);
}

static int setup(void **state)
{
	struct lab *lab;

	if (lab_setup(state))
		return -1;
	lab = *state;
	now = LAB_NOW;
	return account_add(lab->c, "Admin", span_str(GOOD), &lab->why);
}

/* *wait is where a number is asked for. */
static enum err login(struct lab *lab, const char *name, const char *password, int64_t *wait)
{
	int64_t seconds;
	enum err err;

	fail_clear(&lab->why);
	err = account_login(lab->c, name, span_str(password), "192.0.2.7", &seconds, &lab->why);
	if (wait)
		*wait = seconds;
	return err;
}

static enum err print_row(void *ctx, const struct audit_row *r)
{
	buf_printf(ctx, "%s %s %s: %s\n", r->who, r->from, r->action, r->result);
	return ERR_OK;
}

static void audited(struct lab *lab, const char *want)
{
	struct buf b = {0};

	assert_int_equal(audit_each(lab->c, print_row, &b, &lab->why), ERR_OK);
	buf_u8(&b, 0);
	assert_string_equal((char *)b.data, want);
	buf_fini(&b);
}

static void the_right_password_gets_in(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(login(lab, "admin", GOOD, NULL), ERR_OK);
	assert_int_equal(login(lab, "ADMIN", BAD, NULL), ERR_DENIED);
	assert_int_equal(login(lab, "admin", "", NULL), ERR_DENIED);
	assert_int_equal(login(lab, "admin", GOOD, NULL), ERR_OK);
	audited(lab, "admin 192.0.2.7 login: done\n"
		     "ADMIN 192.0.2.7 login: wrong name or password\n"
		     "admin 192.0.2.7 login: wrong name or password\n"
		     "admin 192.0.2.7 login: done\n");
}

static void names_and_passwords_have_rules(void **state)
{
	static const char *const names[] = {"", "a b", "a:b", "a/b", "\xC3\xA9", "(no name)",
		"1234567890123456789012345678901234567890123456789012345678901234"};
	static const char *const passwords[] = {"", "1234567", "12345678\n"};
	struct lab *lab = *state;
	char text[ACCOUNT_PASSWORD_MAX + 2];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(account_add(lab->c, names[i], span_str(GOOD), NULL), ERR_ARG);
	for (size_t i = 0; i < sizeof(passwords) / sizeof(passwords[0]); i++)
		assert_int_equal(account_add(lab->c, "b", span_str(passwords[i]), NULL), ERR_ARG);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(account_add(lab->c, "b", span_str(text), NULL), ERR_ARG);
	text[ACCOUNT_PASSWORD_MAX] = '\0';
	assert_int_equal(account_add(lab->c, "b", span_str(text), NULL), ERR_OK);
	assert_int_equal(login(lab, "b", text, NULL), ERR_OK);
	/* One byte more is another password. */
	text[ACCOUNT_PASSWORD_MAX] = 'x';
	assert_int_equal(login(lab, "b", text, NULL), ERR_DENIED);
	assert_int_equal(account_add(lab->c, "ADMIN", span_str(GOOD), &lab->why), ERR_EXISTS);
	assert_int_equal(
		account_set_password(lab->c, "c", span_str(GOOD), &lab->why), ERR_NOTFOUND);
	assert_int_equal(account_delete(lab->c, "c", NULL), ERR_NOTFOUND);
	assert_int_equal(account_unlock(lab->c, "c", NULL), ERR_NOTFOUND);
}

/* The password is found nowhere in the folder, the log included. */
static void the_password_is_not_kept(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(login(lab, "admin", GOOD, NULL), ERR_OK);
	assert_int_equal(login(lab, "admin", BAD, NULL), ERR_DENIED);
	cluster_close(lab->c);
	lab->c = NULL;
	assert_int_equal(lab_run("grep -rqa -e '%s' -e '%s' %s", GOOD, BAD, lab->folder), 1);
	assert_int_equal(lab_run("grep -rqa 'argon2id.v=19' %s", lab->folder), 0);
}

/* The n-th failure in a row must be followed by this wait, and no login counts before. */
static void fail_and_wait(struct lab *lab, const char *name, int64_t wait)
{
	int64_t seconds;

	assert_int_equal(login(lab, name, BAD, NULL), ERR_DENIED);
	if (!wait)
		return;
	assert_int_equal(login(lab, name, GOOD, &seconds), ERR_LOCKED);
	assert_int_equal(seconds, wait);
	move_clock(lab, wait - 1);
	assert_int_equal(login(lab, name, GOOD, &seconds), ERR_LOCKED);
	assert_int_equal(seconds, 1);
	move_clock(lab, 1);
}

static const int64_t waits[] = {0, 0, 1, 2, 4, 8, 16, 32, 60, 1800, 1800};

static void failures_wait_longer_and_longer(void **state)
{
	struct lab *lab = *state;

	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
		fail_and_wait(lab, "admin", waits[i]);
	assert_int_equal(login(lab, "admin", GOOD, NULL), ERR_OK);
	/* A success begins anew. */
	for (size_t i = 0; i < 4; i++)
		fail_and_wait(lab, "admin", waits[i]);
	assert_int_equal(login(lab, "admin", GOOD, NULL), ERR_OK);
}

/* Nobody learns from waiting whether a name exists. */
static void strangers_wait_alike(void **state)
{
	struct lab *lab = *state;

	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
		fail_and_wait(lab, "nobody", waits[i]);
	for (size_t i = 0; i < 4; i++)
		fail_and_wait(lab, "no\tname", waits[i]);
	/* What was tried at a name does not hinder making it. */
	assert_int_equal(account_add(lab->c, "nobody", span_str(GOOD), &lab->why), ERR_OK);
	assert_int_equal(login(lab, "nobody", GOOD, NULL), ERR_OK);
}

static void answer_is_the_same_for_a_stranger(void **state)
{
	struct lab *lab = *state;
	char text[256];

	assert_int_equal(login(lab, "admin", BAD, NULL), ERR_DENIED);
	snprintf(text, sizeof(text), "%s", lab->why.text);
	assert_int_equal(login(lab, "nobody", BAD, NULL), ERR_DENIED);
	assert_string_equal(lab->why.text, text);
}

static void lock_ends_at_the_console(void **state)
{
	struct lab *lab = *state;

	for (size_t i = 0; i < 9; i++)
		fail_and_wait(lab, "admin", waits[i]);
	assert_int_equal(login(lab, "admin", BAD, NULL), ERR_DENIED);
	assert_int_equal(login(lab, "admin", GOOD, NULL), ERR_LOCKED);
	assert_int_equal(account_unlock(lab->c, "Admin", NULL), ERR_OK);
	assert_int_equal(login(lab, "admin", GOOD, NULL), ERR_OK);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(login(lab, "admin", BAD, NULL), i < 3 ? ERR_DENIED : ERR_LOCKED);
	assert_int_equal(
		account_set_password(lab->c, "Admin", span_str("another one"), NULL), ERR_OK);
	assert_int_equal(login(lab, "admin", GOOD, NULL), ERR_DENIED);
	assert_int_equal(login(lab, "admin", "another one", NULL), ERR_OK);
	assert_int_equal(account_delete(lab->c, "Admin", NULL), ERR_OK);
	assert_int_equal(login(lab, "admin", "another one", NULL), ERR_DENIED);
}

/* A clock set back by years must not lock for years; nor does it let anybody in at once. */
static void a_clock_set_back_locks_no_longer(void **state)
{
	struct lab *lab = *state;
	int64_t seconds;

	for (size_t i = 0; i < 9; i++)
		fail_and_wait(lab, "admin", waits[i]);
	assert_int_equal(login(lab, "admin", BAD, NULL), ERR_DENIED);
	move_clock(lab, -3 * 365 * 86400);
	assert_int_equal(login(lab, "admin", GOOD, &seconds), ERR_LOCKED);
	assert_int_equal(seconds, ACCOUNT_LOCK_SECONDS);
	move_clock(lab, ACCOUNT_LOCK_SECONDS);
	assert_int_equal(login(lab, "admin", GOOD, NULL), ERR_OK);
}

static void tries_at_once_are_no_more_tries(void **state)
{
	struct lab *lab = *state;
	int status, judged = 0;
	pid_t child[8];

	for (int i = 0; i < 8; i++) {
		child[i] = fork();
		if (child[i])
			continue;
		if (cluster_open(&lab->c, lab->folder, &lab->clock, &lab->why))
			_exit(100);
		judged = 0;
		for (int k = 0; k < 3; k++) {
			enum err err = login(lab, "admin", BAD, NULL);

			if (err != ERR_DENIED && err != ERR_LOCKED)
				_exit(100);
			judged += err == ERR_DENIED;
		}
		_exit(judged);
	}
	judged = 0;
	for (int i = 0; i < 8; i++) {
		assert_int_equal(waitpid(child[i], &status, 0), child[i]);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 100);
		judged += WEXITSTATUS(status);
	}
	/* The clock stands still: after the third nobody is looked at. */
	assert_int_equal(judged, ACCOUNT_FREE);
}

static void no_login_without_the_log(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(
		lab_run("rm -rf %s; touch %s", lab_path(lab, "audit"), lab_path(lab, "audit")), 0);
	assert_int_equal(login(lab, "admin", GOOD, NULL), ERR_IO);
	assert_int_equal(login(lab, "admin", BAD, NULL), ERR_DENIED);
}

static enum err show(void *ctx, const struct account *a)
{
	buf_printf(ctx, "%s %lld %s %s\n", a->name, (long long)a->failures,
		a->wait_until ? "waits" : "-", a->locked_until ? "locked" : "-");
	return ERR_OK;
}

static void accounts_are_listed(void **state)
{
	struct lab *lab = *state;
	struct buf b = {0};

	assert_int_equal(account_add(lab->c, "zoe", span_str(GOOD), NULL), ERR_OK);
	assert_int_equal(login(lab, "nobody", BAD, NULL), ERR_DENIED);
	for (size_t i = 0; i < 9; i++)
		fail_and_wait(lab, "zoe", waits[i]);
	assert_int_equal(login(lab, "zoe", BAD, NULL), ERR_DENIED);
	assert_int_equal(account_each(lab->c, show, &b, NULL), ERR_OK);
	move_clock(lab, ACCOUNT_LOCK_SECONDS);
	assert_int_equal(account_each(lab->c, show, &b, NULL), ERR_OK);
	buf_u8(&b, 0);
	assert_string_equal((char *)b.data, "Admin 0 - -\nzoe 10 waits locked\n"
					    "Admin 0 - -\nzoe 10 - -\n");
	buf_fini(&b);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_right_password_gets_in),
		TEST(names_and_passwords_have_rules),
		TEST(the_password_is_not_kept),
		TEST(failures_wait_longer_and_longer),
		TEST(strangers_wait_alike),
		TEST(answer_is_the_same_for_a_stranger),
		TEST(lock_ends_at_the_console),
		TEST(a_clock_set_back_locks_no_longer),
		TEST(tries_at_once_are_no_more_tries),
		TEST(no_login_without_the_log),
		TEST(accounts_are_listed),
	};

	return cmocka_run_group_tests_name(
		"core/account", tests, lab_group_setup, lab_group_teardown);
}
