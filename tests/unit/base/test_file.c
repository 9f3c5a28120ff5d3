/* SPDX-License-Identifier: BSD-2-Clause */
#include "scratch.h"

#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void assert_file(const char *name, const char *text)
{
	char *content = scratch_get(name, NULL);

	assert_non_null(content);
	assert_string_equal(content, text);
	free(content);
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(stat(scratch_path(name), &st), 0);
	return st.st_mode & 07777;
}

static void reading(void **state)
{
	struct buf b = {0};
	struct fail why = {0};

	scratch_put("f", "a\0b", 3);
	buf_str(&b, "x");
	assert_int_equal(file_read(scratch_path("f"), 3, &b, &why), ERR_OK);
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.data, "xa\0b", 4);
	assert_int_equal(file_read(scratch_path("f"), 2, &b, &why), ERR_LIMIT);
	assert_non_null(strstr(why.text, "longer than 2 bytes"));
	assert_int_equal(b.len, 4);
	fail_clear(&why);
	assert_int_equal(file_read(scratch_path("g"), 2, &b, &why), ERR_NOTFOUND);
	assert_non_null(strstr(why.text, "/g: cannot open: No such file"));
	fail_clear(&why);
	assert_int_equal(file_read(scratch, 2, &b, &why), ERR_IO);
	assert_non_null(strstr(why.text, "not a regular file"));
	assert_int_equal(mkfifo(scratch_path("pipe"), 0600), 0);
	assert_int_equal(file_read(scratch_path("pipe"), 2, &b, NULL), ERR_IO);
	assert_int_equal(buf_check(&b), ERR_OK);
	scratch_put("f", "", 0);
	assert_int_equal(file_read(scratch_path("f"), 0, &b, NULL), ERR_OK);
	assert_int_equal(b.len, 4);
	mem_fail_from(1);
	buf_fini(&b);
	assert_int_equal(file_read(scratch_path("f"), 9, &b, NULL), ERR_NOMEM);
	mem_fail_from(0);
	buf_fini(&b);
}

static void reading_much(void **state)
{
	size_t len = 300001, i;
	char *big = malloc(len);
	struct buf b = {0};

	assert_non_null(big);
	for (i = 0; i < len; i++)
		big[i] = (char)(i * 31 >> 3);
	scratch_put("big", big, len);
	/* Memory is asked for once. */
	mem_fail_from(2);
	assert_int_equal(file_read(scratch_path("big"), len, &b, NULL), ERR_OK);
	mem_fail_from(0);
	assert_int_equal(b.len, len);
	assert_memory_equal(b.data, big, len);
	buf_clear(&b);
	assert_int_equal(file_read(scratch_path("big"), len - 1, &b, NULL), ERR_LIMIT);
	assert_int_equal(b.len, 0);
	buf_fini(&b);
	free(big);
}

static void replacing(void **state)
{
	struct fail why = {0};

	umask(077);
	assert_int_equal(
		file_replace(scratch_path("f"), span_str("one"), 0644, FILE_SYNC, NULL), ERR_OK);
	umask(022);
	assert_file("f", "one");
	assert_int_equal(mode_of("f"), 0644);
	assert_int_equal(
		file_replace(scratch_path("f"), span_str(""), 0600, FILE_NOSYNC, NULL), ERR_OK);
	assert_file("f", "");
	assert_int_equal(mode_of("f"), 0600);
	assert_int_equal(scratch_count(""), 1);
	assert_int_equal(
		file_replace(scratch_path("none/f"), span_str("x"), 0644, FILE_SYNC, &why), ERR_IO);
	assert_non_null(strstr(why.text, "none/f: cannot make a temporary file: No such file"));
	assert_int_equal(mkdir(scratch_path("folder"), 0700), 0);
	assert_int_equal(
		file_replace(scratch_path("folder"), span_str("x"), 0644, FILE_SYNC, NULL), ERR_IO);
	assert_int_equal(scratch_count(""), 2);
	assert_int_equal(chdir(scratch), 0);
	assert_int_equal(file_replace("bare", span_str("here"), 0644, FILE_SYNC, NULL), ERR_OK);
	assert_int_equal(chdir("/"), 0);
	assert_file("bare", "here");
}

static void a_link_is_replaced_not_followed(void **state)
{
	struct stat st;

	scratch_put("target", "kept", 4);
	assert_int_equal(symlink("target", scratch_path("f")), 0);
	assert_int_equal(
		file_replace(scratch_path("f"), span_str("new"), 0644, FILE_NOSYNC, NULL), ERR_OK);
	assert_file("target", "kept");
	assert_file("f", "new");
	assert_int_equal(lstat(scratch_path("f"), &st), 0);
	assert_true(S_ISREG(st.st_mode));
}

static void creating(void **state)
{
	struct fail why = {0};

	assert_int_equal(file_create(scratch_path("f"), span_str("one"), 0600, &why), ERR_OK);
	assert_int_equal(mode_of("f"), 0600);
	assert_int_equal(file_create(scratch_path("f"), span_str("two"), 0600, &why), ERR_EXISTS);
	assert_non_null(strstr(why.text, "/f: cannot create: File exists"));
	assert_file("f", "one");
	assert_int_equal(scratch_count(""), 1);
	assert_int_equal(symlink("nowhere", scratch_path("l")), 0);
	assert_int_equal(file_create(scratch_path("l"), span_str("two"), 0600, NULL), ERR_EXISTS);
	assert_int_equal(scratch_count(""), 2);
}

static void appending(void **state)
{
	assert_int_equal(file_append(scratch_path("f"), span_str("one\n"), 0600, NULL), ERR_OK);
	assert_int_equal(file_append_sync(scratch_path("f"), span_str("two"), 0600, NULL), ERR_OK);
	assert_int_equal(file_append(scratch_path("f"), span_str(""), 0600, NULL), ERR_OK);
	assert_file("f", "one\ntwo\n\n");
	assert_int_equal(mode_of("f"), 0600);
	assert_int_equal(file_append(scratch, span_str("x"), 0600, NULL), ERR_IO);
	assert_int_equal(file_append_sync(scratch, span_str("x"), 0600, NULL), ERR_IO);
}

static void removing(void **state)
{
	scratch_put("f", "x", 1);
	assert_int_equal(file_remove(scratch_path("f"), NULL), ERR_OK);
	assert_int_equal(file_remove(scratch_path("f"), NULL), ERR_OK);
	assert_int_equal(scratch_count(""), 0);
	assert_int_equal(file_remove(scratch, NULL), ERR_IO);
}

static void folders(void **state)
{
	struct fail why = {0};

	umask(022);
	assert_int_equal(file_mkdir(scratch_path("a//b/c/"), 0750, &why), ERR_OK);
	assert_int_equal(mode_of("a/b/c"), 0750);
	assert_int_equal(mode_of("a"), 0750);
	assert_int_equal(file_mkdir(scratch_path("a/b/c"), 0750, &why), ERR_OK);
	assert_int_equal(file_mkdir("/", 0750, &why), ERR_OK);
	scratch_put("f", "x", 1);
	assert_int_equal(file_mkdir(scratch_path("f/g"), 0750, &why), ERR_IO);
	assert_non_null(strstr(why.text, "/f: cannot make the folder: File exists"));
}

static void joining(void **state)
{
	static const char *const rows[][3] = {{"a", "b", "a/b"}, {"a/", "/b", "a/b"},
		{"/", "b", "/b"}, {"//", "b", "/b"}, {"", "b", "b"}, {"/a/b//", "c/d", "/a/b/c/d"}};
	char *path;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		path = file_join(rows[i][0], rows[i][1]);
		assert_non_null(path);
		assert_string_equal(path, rows[i][2]);
		mem_free(path);
	}
	mem_fail_from(1);
	assert_null(file_join("a", "b"));
	mem_fail_from(0);
}

static int exit_status(pid_t child)
{
	int status;

	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool lock_is_free(void)
{
	int fd = open(scratch_path("lock"), O_RDWR);
	bool free_now = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;

	close(fd);
	return free_now;
}

static void locking(void **state)
{
	int lock = file_lock(scratch_path("lock"), NULL);
	pid_t child;

	assert_true(lock >= 0);
	assert_false(lock_is_free());
	child = fork();
	if (child == 0) {
		/* Gets it only once the parent has written its file. */
		close(lock);
		lock = file_lock(scratch_path("lock"), NULL);
		_exit(lock >= 0 && access(scratch_path("written"), F_OK) == 0 ? 0 : 1);
	}
	scratch_put("written", "x", 1);
	file_unlock(lock);
	assert_int_equal(exit_status(child), 0);
	assert_true(lock_is_free());
	file_unlock(-1);
	assert_int_equal(file_lock(scratch_path("none/lock"), NULL), ERR_IO);
}

/* A limit that the kernel itself enforces: writes beyond `most` bytes of a file are cut short. */
static void limit_file_size(rlim_t most)
{
	struct rlimit limit = {most, most};

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
		_exit(99);
}

static void the_kernel_cuts_a_write_short(void **state)
{
	pid_t child;

	scratch_put("f", "old\n", 4);
	child = fork();
	if (child == 0) {
		limit_file_size(6);
		if (file_replace(scratch_path("f"), span_str("much longer"), 0644, FILE_SYNC,
			    NULL) != ERR_IO)
			_exit(1);
		if (file_create(scratch_path("g"), span_str("much longer"), 0644, NULL) != ERR_IO)
			_exit(2);
		if (file_append(scratch_path("f"), span_str("much longer"), 0644, NULL) != ERR_IO)
			_exit(3);
		_exit(0);
	}
	assert_int_equal(exit_status(child), 0);
	assert_file("f", "old\n");
	assert_int_equal(scratch_count(""), 1);
}

static void without_memory(void **state)
{
	enum err err;
	size_t n;

	scratch_put("f", "old", 3);
	for (n = 1;; n++) {
		mem_fail_from(n);
		err = file_replace(scratch_path("f"), span_str("new"), 0644, FILE_NOSYNC, NULL);
		mem_fail_from(0);
		if (!err)
			break;
		assert_int_equal(err, ERR_NOMEM);
		assert_file("f", "old");
		assert_int_equal(scratch_count(""), 1);
	}
	assert_true(n > 1);
	mem_fail_from(1);
	assert_int_equal(file_mkdir(scratch_path("a"), 0700, NULL), ERR_NOMEM);
	mem_fail_from(0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reading),
		TEST(reading_much),
		TEST(replacing),
		TEST(a_link_is_replaced_not_followed),
		TEST(creating),
		TEST(appending),
		TEST(removing),
		TEST(folders),
		TEST(joining),
		TEST(locking),
		TEST(the_kernel_cuts_a_write_short),
		TEST(without_memory),
	};

	return cmocka_run_group_tests_name("base/file", tests, NULL, NULL);
}
