/* SPDX-License-Identifier: BSD-2-Clause
 * What only a store file has: a life after the process, other processes beside it, other versions.
 */
#include "store/query.h"
#include "store/store.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

struct state {
	char folder[64], path[96], url[128];
	struct fail why;
};

static int setup(void **state)
{
	struct state *t = test_calloc(1, sizeof(*t));

	snprintf(t->folder, sizeof(t->folder), "/tmp/cadeado-sqlite-XXXXXX");
	if (!mkdtemp(t->folder))
		return -1;
	snprintf(t->path, sizeof(t->path), "%s/cadeado.db", t->folder);
	snprintf(t->url, sizeof(t->url), "sqlite:%s", t->path);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct state *t = *state;
	char command[128];
	int gone;

	snprintf(command, sizeof(command), "rm -rf %s", t->folder);
	gone = system(command);
	test_free(t);
	return gone;
}

static struct store *opened(struct state *t)
{
	struct store *s;

	if (store_open(&s, t->url, &t->why))
		fail_msg("%s", t->why.text);
	return s;
}

static void rows_outlive_the_process_object(void **state)
{
	struct state *t = *state;
	struct store *s = opened(t);
	char value[STORE_TEXT];
	struct stat st;

	assert_int_equal(store_param_set(s, "a", "1", NULL), 0);
	assert_int_equal(stat(t->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	store_close(s);
	s = opened(t);
	assert_int_equal(store_param_get(s, "a", value, NULL), 0);
	assert_string_equal(value, "1");
	store_close(s);
}

static enum err text_of(void *ctx, struct query_row *r)
{
	query_row_text(r, 0, ctx, STORE_TEXT);
	return ERR_OK;
}

static void file_is_in_wal_mode_with_strict_tables(void **state)
{
	struct state *t = *state;
	struct store *s = opened(t);
	char text[STORE_TEXT];

	assert_int_equal(query_one(s, "PRAGMA journal_mode", NULL, 0, text_of, text, NULL), 0);
	assert_string_equal(text, "wal");
	assert_int_equal(query_one(s, "PRAGMA synchronous", NULL, 0, text_of, text, NULL), 0);
	assert_string_equal(text, "2");
	assert_int_equal(query_one(s,
				 "SELECT COUNT(*) FROM pragma_table_list WHERE schema = 'main'"
				 " AND name NOT LIKE 'sqlite%' AND strict = 0",
				 NULL, 0, text_of, text, NULL),
		0);
	assert_string_equal(text, "0");
	store_close(s);
}

static void newer_schema_is_refused(void **state)
{
	struct state *t = *state;
	struct store *s = opened(t);

	assert_int_equal(query_run(s, "INSERT INTO schema_version (number) VALUES (99)", NULL, 0,
				 NULL, NULL, NULL),
		0);
	store_close(s);
	assert_int_equal(store_open(&s, t->url, &t->why), ERR_UNSUPPORTED);
	assert_null(s);
	assert_non_null(strstr(t->why.text, t->path));
	assert_non_null(strstr(t->why.text, "newer Cadeado (schema 99"));
}

static void other_file_is_refused(void **state)
{
	struct state *t = *state;
	FILE *f = fopen(t->path, "w");
	struct store *s;
	int i;

	for (i = 0; i < 1000; i++)
		fputs("this is no database\n", f);
	fclose(f);
	assert_int_equal(store_open(&s, t->url, &t->why), ERR_STORE);
	assert_non_null(strstr(t->why.text, t->path));
	fail_clear(&t->why);
	snprintf(t->url, sizeof(t->url), "sqlite:%s/no/such/folder.db", t->folder);
	assert_int_equal(store_open(&s, t->url, &t->why), ERR_IO);
}

static void half_made_store_is_completed(void **state)
{
	struct state *t = *state;
	struct store *s;
	FILE *f = fopen(t->path, "w");
	char value[STORE_TEXT];

	/* A process killed before its first migration leaves this. */
	fclose(f);
	s = opened(t);
	assert_int_equal(store_param_get(s, "a", value, NULL), ERR_NOTFOUND);
	store_close(s);
}

static void many_processes_open_a_new_store_at_once(void **state)
{
	struct state *t = *state;
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
	struct state *t = *state;
	struct store *s = opened(t);
	struct rival r = {.other = opened(t), .interfere = 1};
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
	struct state *t = *state;
	struct store *s = opened(t);
	struct rival r = {.other = opened(t), .interfere = 1};
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
	struct state *t = *state;
	struct store *s = opened(t);
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
	s = opened(t);
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
	struct state *t = *state;
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

	s = opened(t);
	assert_int_equal(store_param_get(s, "left", left, NULL), 0);
	assert_int_equal(store_param_get(s, "right", right, NULL), 0);
	assert_string_equal(left, "49");
	assert_string_equal(right, "49");
	assert_int_equal(query_one(s, "PRAGMA integrity_check", NULL, 0, text_of, left, NULL), 0);
	assert_string_equal(left, "ok");
	assert_int_equal(store_param_set(s, "left", "50", NULL), 0);
	store_close(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rows_outlive_the_process_object),
		TEST(file_is_in_wal_mode_with_strict_tables),
		TEST(newer_schema_is_refused),
		TEST(other_file_is_refused),
		TEST(half_made_store_is_completed),
		TEST(many_processes_open_a_new_store_at_once),
		TEST(transaction_is_run_again_when_another_wrote),
		TEST(busy_that_the_function_swallows_still_counts),
		TEST(processes_at_once_lose_no_count),
		TEST(killed_in_mid_write_comes_back_whole),
	};

	return cmocka_run_group_tests_name("store/sqlite", tests, NULL, NULL);
}
