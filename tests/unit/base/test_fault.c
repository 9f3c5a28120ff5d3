/* SPDX-License-Identifier: BSD-2-Clause */
#include "scratch.h"

#include "base/file.h"

#include <sys/wait.h>

/* Walks every fault point of every operation that writes, in forked children, and looks at what is
 * left: whole old or whole new content, and after an error no temporary file. */

#define KILLED 137

static char old_text[50001], new_text[70001];

static enum err do_replace_sync(const char *path)
{
	return file_replace(path, span_str(new_text), 0644, FILE_SYNC, NULL);
}

static enum err do_replace(const char *path)
{
	return file_replace(path, span_str(new_text), 0644, FILE_NOSYNC, NULL);
}

static enum err do_create(const char *path)
{
	return file_create(path, span_str(new_text), 0600, NULL);
}

static enum err do_append(const char *path)
{
	return file_append(path, span_str(new_text), 0600, NULL);
}

static enum err do_remove(const char *path)
{
	return file_remove(path, NULL);
}

static enum err do_lock(const char *path)
{
	int lock = file_lock(path, NULL);

	file_unlock(lock);
	return lock < 0 ? (enum err)lock : ERR_OK;
}

static int run_faulted(enum err (*operation)(const char *), unsigned number, const char *how)
{
	char fault[32];
	enum err err;
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		snprintf(fault, sizeof(fault), "%u:%s", file_fault_count() + number, how);
		setenv("CADEADO_FAULT", fault, 1);
		err = operation(scratch_path("f"));
		_exit(err == ERR_OK ? 0 : err == ERR_IO ? 1 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool content_is(const char *text)
{
	char *content = scratch_get("f", NULL);
	bool same = content && text ? strcmp(content, text) == 0 : !content && !text;

	free(content);
	return same;
}

/* `before` and `after`: the file's text, NULL for no file. `late`: how many of the last points come
 * when the new content is in place already. */
static void walk(enum err (*operation)(const char *), const char *before, const char *after,
	unsigned points, unsigned late)
{
	static const char *const ways[] = {"kill", "full", "short"};
	unsigned start = file_fault_count(), number, way;
	bool killed;

	unlink(scratch_path("f"));
	if (before)
		scratch_put("f", before, strlen(before));
	assert_int_equal(operation(scratch_path("f")), ERR_OK);
	assert_true(content_is(after));
	assert_int_equal(file_fault_count() - start, points);
	for (way = 0; way < 3; way++) {
		killed = way == 0;
		for (number = 1; number <= points + 1; number++) {
			unlink(scratch_path("f"));
			if (before)
				scratch_put("f", before, strlen(before));
			assert_int_equal(
				run_faulted(operation, number, ways[way]), number > points ? 0
									   : killed        ? KILLED
											   : 1);
			assert_true(content_is(number + late > points ? after : before));
			if (!killed)
				assert_int_equal(scratch_count("."), 0);
		}
		/* A killed process leaves its temporary files, known by their names. */
		assert_int_equal(scratch_count(""), scratch_count(".f.") + scratch_count("f"));
		scratch_teardown(NULL);
		assert_int_equal(mkdir(scratch, 0700), 0);
	}
}

static void replacing(void **state)
{
	/* temporary, mode, write, sync, rename, sync of the folder */
	walk(do_replace_sync, old_text, new_text, 6, 1);
	walk(do_replace_sync, NULL, new_text, 6, 1);
	walk(do_replace, old_text, new_text, 4, 0);
}

static void creating(void **state)
{
	walk(do_create, NULL, new_text, 6, 1);
}

static void appending(void **state)
{
	static char both[sizeof(old_text) + sizeof(new_text)];

	snprintf(both, sizeof(both), "%s%s\n", old_text, new_text);
	walk(do_append, old_text, both, 2, 0);
}

static void removing(void **state)
{
	walk(do_remove, old_text, NULL, 1, 0);
}

static void locking(void **state)
{
	walk(do_lock, NULL, "", 1, 0);
}

static enum err do_exchange(const char *path)
{
	const struct file_new files[] = {
		{scratch_path("a"), span_str(new_text), 0644},
		{scratch_path("b"), span_str("new b"), 0600},
	};

	return file_exchange(files, 2, path, NULL);
}

static bool file_is(const char *name, const char *text)
{
	char *content = scratch_get(name, NULL);
	bool same = content && text ? strcmp(content, text) == 0 : !content && !text;

	free(content);
	return same;
}

static void put_old(bool both)
{
	unlink(scratch_path("a"));
	scratch_put("b", "old b", 5);
	scratch_put("f", old_text, strlen(old_text));
	if (both)
		scratch_put("a", old_text, strlen(old_text));
}

/* Two files appear and a third goes, or nothing at all changed. */
static void exchanging(void **state)
{
	/* each file: temporary, mode, write, sync, link of the old; then two renames, two syncs of
	 * the folder and the removal */
	const unsigned points = 2 * 5 + 2 + 2 + 1;
	static const char *const ways[] = {"kill", "full", "short"};
	unsigned start = file_fault_count(), number, way, both;

	put_old(true);
	assert_int_equal(do_exchange(scratch_path("f")), ERR_OK);
	assert_int_equal(file_fault_count() - start, points);
	assert_int_equal(scratch_count("."), 0);
	for (way = 0; way < 3; way++) {
		for (number = 1; number <= 2 * (points + 1); number++) {
			unsigned point = (number + 1) / 2;
			bool done = point > points;

			both = number & 1;
			put_old(both);
			assert_int_equal(
				run_faulted(do_exchange, point, ways[way]), done  ? 0
									    : way ? 1
										  : KILLED);
			assert_true(file_is("f", done ? NULL : old_text));
			if (!way && !done)
				continue;
			assert_true(file_is("a", done ? new_text : both ? old_text : NULL));
			assert_true(file_is("b", done ? "new b" : "old b"));
			if (way)
				assert_int_equal(scratch_count("."), 0);
		}
		scratch_teardown(NULL);
		assert_int_equal(mkdir(scratch, 0700), 0);
	}
}

/* Runs this program again, as a test of a whole program does. */
static int run_again(const char *fault)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		setenv("CADEADO_FAULT_COUNT", scratch_path("count"), 1);
		if (fault)
			setenv("CADEADO_FAULT", fault, 1);
		execl("/proc/self/exe", "test", scratch_path("f"), (char *)NULL);
		_exit(99);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void a_whole_program(void **state)
{
	char *counts;

	assert_int_equal(run_again(NULL), 0);
	assert_true(content_is("two"));
	assert_int_equal(run_again("12:full"), 1);
	counts = scratch_get("count", NULL);
	assert_string_equal(counts, "12\n12\n");
	free(counts);
	/* The first of the second replacement. */
	assert_int_equal(run_again("7:kill"), KILLED);
	assert_true(content_is("one"));
}

static int program(const char *path)
{
	enum err err = file_replace(path, span_str("one"), 0644, FILE_SYNC, NULL);

	if (!err)
		err = file_replace(path, span_str("two"), 0644, FILE_SYNC, NULL);
	return err ? 1 : 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(replacing),
		TEST(creating),
		TEST(appending),
		TEST(removing),
		TEST(locking),
		TEST(exchanging),
		TEST(a_whole_program),
	};

	if (argc == 2)
		return program(argv[1]);
	memset(old_text, 'o', sizeof(old_text) - 1);
	memset(new_text, 'n', sizeof(new_text) - 1);
	return cmocka_run_group_tests_name("base/fault", tests, NULL, NULL);
}
