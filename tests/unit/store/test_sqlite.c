/* SPDX-License-Identifier: BSD-2-Clause
 * What only a store file has: a life after the process, its mode, its versions. */
#include "store/query.h"
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rows_outlive_the_process_object),
		TEST(file_is_in_wal_mode_with_strict_tables),
		TEST(newer_schema_is_refused),
		TEST(other_file_is_refused),
		TEST(half_made_store_is_completed),
	};

	return cmocka_run_group_tests_name("store/sqlite", tests, NULL, NULL);
}
