/* SPDX-License-Identifier: BSD-2-Clause
 * Several connections and processes at one store: nothing is lost, nothing is half done. */
#include "fixture.h"

#include "store/query.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static void many_processes_open_a_new_store_at_once(void **state)
{
	struct fixture *t = *state;
	struct store *s;
	pid_t child[8];
	int i, status, bad = 0;

	for (i = 0; i < 8; i++) {
		child[i] = fork();
		if (child[i] == 0) {
			if (store_open(&s, t->url, &t->why)) {
				fprintf(stderr, "%s\n", t->why.text);
				_exit(1);
			}
			_exit(store_param_set(s, "a", "1", NULL) ? 2 : 0);
		}
	}
	for (i = 0; i < 8; i++) {
		assert_int_equal(waitpid(child[i], &status, 0), child[i]);
		bad += status != 0;
	}
	assert_int_equal(bad, 0);
}

static enum err text_of(void *ctx, struct query_row *r)
{
	query_row_text(r, 0, ctx, STORE_TEXT);
	return ERR_OK;
}

struct rival {
	struct store *other;
	int runs, interfere;
	const char *name;
};

/* Reads, lets the other connection write, then writes itself: a conflict by construction. */
static enum err read_then_write(void *ctx, struct store *s, struct fail *why)
{
	struct rival *r = ctx;
	char value[STORE_TEXT], next[STORE_TEXT];
	enum err err;

	r->runs++;
	err = store_param_get(s, "count", value, why);
	if (err)
		return err;
	if (r->runs <= r->interfere && store_param_set(r->other, "count", "100", NULL))
		return ERR_NOTNOW;
	snprintf(next, sizeof(next), "%ld", strtol(value, NULL, 10) + 1);
	return store_param_set(s, "count", next, why);
}

static void transaction_is_run_again_when_another_wrote(void **state)
{
	struct fixture *t = *state;
	struct store *s = fixture_opened(t);
	struct rival r = {.other = fixture_opened(t), .interfere = 1};
	char value[STORE_TEXT];

	assert_int_equal(store_param_set(s, "count", "1", NULL), 0);
	assert_int_equal(store_transaction(s, read_then_write, &r, &t->why), 0);
	assert_int_equal(t->why.code, 0);
	assert_int_equal(r.runs, 2);
	assert_int_equal(store_param_get(s, "count", value, NULL), 0);
	assert_string_equal(value, "101");
	store_close(r.other);
	store_close(s);
}

static enum err swallow(void *ctx, struct store *s, struct fail *why)
{
	enum err err = read_then_write(ctx, s, why);

	(void)err;
	return ERR_OK;
}

static void busy_that_the_function_swallows_still_counts(void **state)
{
	struct fixture *t = *state;
	struct store *s = fixture_opened(t);
	struct rival r = {.other = fixture_opened(t), .interfere = 1};
	char value[STORE_TEXT];

	assert_int_equal(store_param_set(s, "count", "1", NULL), 0);
	assert_int_equal(store_transaction(s, swallow, &r, &t->why), 0);
	assert_int_equal(r.runs, 2);
	assert_int_equal(store_param_get(s, "count", value, NULL), 0);
	assert_string_equal(value, "101");
	store_close(r.other);
	store_close(s);
}

static enum err increment(void *ctx, struct store *s, struct fail *why)
{
	char value[STORE_TEXT];
	enum err err = store_param_get(s, "count", value, why);

	if (err)
		return err;
	snprintf(value, sizeof(value), "%ld", strtol(value, NULL, 10) + 1);
	return store_param_set(s, "count", value, why);
}

static void processes_at_once_lose_no_count(void **state)
{
	struct fixture *t = *state;
	struct store *s = fixture_opened(t);
	char value[STORE_TEXT];
	pid_t child[4];
	int i, k, status;

	assert_int_equal(store_param_set(s, "count", "0", NULL), 0);
	store_close(s);
	for (i = 0; i < 4; i++) {
		child[i] = fork();
		if (child[i])
			continue;
		if (store_open(&s, t->url, NULL))
			_exit(1);
		for (k = 0; k < 25; k++)
			if (store_transaction(s, increment, NULL, NULL))
				_exit(2);
		store_close(s);
		_exit(0);
	}
	for (i = 0; i < 4; i++) {
		assert_int_equal(waitpid(child[i], &status, 0), child[i]);
		assert_int_equal(status, 0);
	}
	s = fixture_opened(t);
	assert_int_equal(store_param_get(s, "count", value, NULL), 0);
	assert_string_equal(value, "100");
	store_close(s);
}

struct pair {
	int number, pipe, pause_at;
};

/* Two rows that must always say the same; tells the parent between them. */
static enum err put_pair(void *ctx, struct store *s, struct fail *why)
{
	struct pair *p = ctx;
	char value[STORE_TEXT];
	enum err err;

	snprintf(value, sizeof(value), "%d", p->number);
	err = store_param_set(s, "left", value, why);
	if (!err && p->number == p->pause_at) {
		if (write(p->pipe, "x", 1) == 1)
			for (;;)
				pause();
	}
	return err ? err : store_param_set(s, "right", value, why);
}

static void killed_in_mid_write_comes_back_whole(void **state)
{
	struct fixture *t = *state;
	struct pair p = {.pause_at = 50};
	char left[STORE_TEXT], right[STORE_TEXT], byte;
	struct store *s;
	int pipes[2], status;
	pid_t child;

	assert_int_equal(pipe(pipes), 0);
	child = fork();
	if (child == 0) {
		p.pipe = pipes[1];
		if (store_open(&s, t->url, NULL))
			_exit(1);
		for (p.number = 1;; p.number++)
			if (store_transaction(s, put_pair, &p, NULL))
				_exit(2);
	}
	close(pipes[1]);
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	close(pipes[0]);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));

	s = fixture_opened(t);
	assert_int_equal(store_param_get(s, "left", left, NULL), 0);
	assert_int_equal(store_param_get(s, "right", right, NULL), 0);
	assert_string_equal(left, "49");
	assert_string_equal(right, "49");
	if (strcmp(t->scheme, "sqlite") == 0) {
		assert_int_equal(
			query_one(s, "PRAGMA integrity_check", NULL, 0, text_of, left, NULL), 0);
		assert_string_equal(left, "ok");
	}
	assert_int_equal(store_param_set(s, "left", "50", NULL), 0);
	store_close(s);
}

/* A phone gets the profile in the moment in which it is deleted: one of the two is refused. */
struct skew {
	struct store *other;
	int runs;
};

static enum err use_profile(void *ctx, struct store *s, struct fail *why)
{
	struct store_device d = {.name = "SEP0011215A1AE3", .profile = "Encrypted"};
	struct store_profile p;
	struct skew *x = ctx;
	enum err err = store_profile_get(s, d.profile, &p, why);

	if (!err && ++x->runs == 1 && store_profile_delete(x->other, d.profile, NULL))
		return ERR_NOTNOW;
	return err ? err : store_device_put(s, &d, why);
}

static void profile_deleted_meanwhile_is_not_used(void **state)
{
	struct fixture *t = *state;
	struct store *s = fixture_opened(t);
	struct skew x = {.other = fixture_opened(t)};
	struct store_device d;

	assert_int_equal(
		store_profile_put(s, &(struct store_profile){.name = "Encrypted"}, NULL), 0);
	assert_int_equal(store_transaction(s, use_profile, &x, NULL), ERR_NOTFOUND);
	assert_int_equal(store_device_get(s, "SEP0011215A1AE3", &d, NULL), ERR_NOTFOUND);
	store_close(x.other);
	store_close(s);
}

/* Without a transaction of its own a walk neither sees half a change nor stops others. */
static enum err write_meanwhile(void *ctx, const struct store_device *d)
{
	struct store *other = ctx;
	struct store_device next = *d;

	next.version++;
	return store_device_put(other, &next, NULL);
}

static void others_write_during_a_walk(void **state)
{
	struct fixture *t = *state;
	struct store *s = fixture_opened(t), *other = fixture_opened(t);
	struct store_device d = {.version = 1}, got;

	for (int i = 0; i < 3; i++) {
		snprintf(d.name, sizeof(d.name), "SEP00112233445%d", i);
		assert_int_equal(store_device_put(s, &d, NULL), 0);
	}
	assert_int_equal(store_device_each(s, write_meanwhile, other, &t->why), 0);
	assert_int_equal(store_device_get(s, "SEP001122334452", &got, NULL), 0);
	assert_int_equal(got.version, 2);
	store_close(other);
	store_close(s);
}

#define TEST(f) FIXTURE_ON(f, fixture_setup, "sqlite"), FIXTURE_ON(f, fixture_setup, "postgres")

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(many_processes_open_a_new_store_at_once),
		TEST(transaction_is_run_again_when_another_wrote),
		TEST(busy_that_the_function_swallows_still_counts),
		TEST(processes_at_once_lose_no_count),
		TEST(killed_in_mid_write_comes_back_whole),
		TEST(profile_deleted_meanwhile_is_not_used),
		TEST(others_write_during_a_walk),
	};

	return cmocka_run_group_tests_name(
		"store/together", tests, fixture_start_server, fixture_remove_server);
}
