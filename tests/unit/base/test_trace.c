/* SPDX-License-Identifier: BSD-2-Clause */
#include "scratch.h"

#include "base/file.h"
#include "base/trace.h"

#include <pthread.h>
#include <regex.h>

#define THREADS 8
#define LINES   300

#define TFTP "cm/trace/ctftp/sdi/ctftp00000001.txt"
#define CAPF "cm/trace/capf/sdi/capf00000001.txt"
#define SDI  "cm/trace/ccm/sdi/ccm00000001.txt"

static void assert_matches(const char *text, const char *pattern)
{
	regex_t re;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&re, text, 0, NULL, 0) != 0)
		fail_msg("\"%s\" does not match \"%s\"", text, pattern);
	regfree(&re);
}

/* All above the last slash. */
static void make_folders(const char *file)
{
	char folder[64];

	snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(file, '/') - file), file);
	assert_int_equal(file_mkdir(scratch_path(folder), 0755, NULL), ERR_OK);
}

static void traces_have_their_shapes(void **state)
{
	FILE *also = fopen(scratch_path("also"), "w");
	struct stat st;
	char *text;

	assert_non_null(also);
	umask(022);
	make_folders(TFTP);
	scratch_put(TFTP, "before\n", 7);
	assert_int_equal(trace_open(scratch, also, NULL), ERR_OK);
	trace_line(TRACE_TFTP, "Transferred[%s]", "CTLFile.tlv");
	trace_line(TRACE_CAPF, "TLS HS Done for ph_conn\r\n");
	trace_line(TRACE_SDI, "deviceName=%s", "SEP\xFF");
	trace_close();
	trace_line(TRACE_TFTP, "after the end");
	fclose(also);
	text = scratch_get(TFTP, NULL);
	assert_matches(text, "^before\n[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3} \\|"
			     "Transferred\\[CTLFile\\.tlv\\]\n$");
	free(text);
	text = scratch_get(CAPF, NULL);
	assert_matches(
		text, "^[0-9:]{8}\\.[0-9]{3} \\| debug TLS HS Done for ph_conn\\\\x0D\\\\x0A\n$");
	free(text);
	text = scratch_get(SDI, NULL);
	assert_matches(text, "^[0-9:]{8}\\.[0-9]{3} \\|deviceName=SEP\\\\xFF\n$");
	free(text);
	text = scratch_get("also", NULL);
	assert_matches(text, "^[^\n]*Transferred[^\n]*\n[^\n]*HS Done[^\n]*\n[^\n]*SEP[^\n]*\n$");
	free(text);
	assert_int_equal(stat(scratch_path(SDI), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

static void gathered_traces_look_the_same(void **state)
{
	struct buf lines = {0};
	char *text;

	trace_gather(&lines, TRACE_TFTP, "nowhere to go");
	assert_int_equal(lines.len, 0);
	(void)remove(scratch_path(TFTP));
	assert_int_equal(trace_open(scratch, NULL, NULL), ERR_OK);
	trace_gather(&lines, TRACE_TFTP, "Asked[%s]", "a\x1B[2J");
	trace_gather(&lines, TRACE_TFTP, "Asked[%s]", "b");
	text = scratch_get(TFTP, NULL);
	assert_string_equal(text, "");
	free(text);
	trace_put(TRACE_TFTP, &lines);
	assert_int_equal(lines.len, 0);
	trace_put(TRACE_TFTP, &lines);
	trace_close();
	text = scratch_get(TFTP, NULL);
	assert_matches(text, "^[0-9:]{8}\\.[0-9]{3} \\|Asked\\[a\\\\x1B\\[2J\\]\n"
			     "[0-9:]{8}\\.[0-9]{3} \\|Asked\\[b\\]\n$");
	free(text);
	buf_fini(&lines);
}

static void traces_that_cannot_be_opened(void **state)
{
	struct fail why = {0};

	scratch_put("none", "", 0);
	assert_int_equal(trace_open(scratch_path("none"), NULL, &why), ERR_IO);
	assert_non_null(strstr(why.text, "none: cannot make the folder: File exists"));
	trace_line(TRACE_TFTP, "nowhere to go");
	/* The second file cannot be opened: nothing stays open. */
	make_folders(CAPF "/");
	fail_clear(&why);
	assert_int_equal(trace_open(scratch, NULL, &why), ERR_IO);
	assert_non_null(strstr(why.text, CAPF ": cannot open: Is a directory"));
	trace_line(TRACE_TFTP, "nowhere to go");
}

static void *many_lines(void *arg)
{
	int i;

	for (i = 0; i < LINES; i++)
		trace_line(TRACE_SDI, "thread %d line %03d end", *(int *)arg, i);
	return NULL;
}

static void threads_do_not_mix_lines(void **state)
{
	pthread_t threads[THREADS];
	int numbers[THREADS], next[THREADS] = {0}, i, thread, number, count = 0;
	char *text, *line, *rest, tail[8];

	assert_int_equal(trace_open(scratch, NULL, NULL), ERR_OK);
	for (i = 0; i < THREADS; i++) {
		numbers[i] = i;
		assert_int_equal(pthread_create(&threads[i], NULL, many_lines, &numbers[i]), 0);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	trace_close();
	text = scratch_get(SDI, NULL);
	for (line = strtok_r(text, "\n", &rest); line;
		line = strtok_r(NULL, "\n", &rest), count++) {
		assert_int_equal(
			sscanf(line, "%*12s |thread %d line %d %7s", &thread, &number, tail), 3);
		assert_string_equal(tail, "end");
		assert_in_range(thread, 0, THREADS - 1);
		assert_int_equal(number, next[thread]++);
	}
	assert_int_equal(count, THREADS * LINES);
	free(text);
}

/* The newest files are kept, each within its size, and no line is cut or lost in between. */
static void files_follow_one_another(void **state)
{
	char name[64], line[64], *text, *at;
	unsigned i, next = 0;

	trace_limits(1000, 3);
	assert_int_equal(trace_open(scratch, NULL, NULL), ERR_OK);
	for (i = 0; i < 200; i++)
		trace_line(TRACE_CAPF, "line %04u", i);
	trace_close();
	for (i = 1; i < 20; i++) {
		snprintf(name, sizeof(name), "cm/trace/capf/sdi/capf%08u.txt", i);
		text = scratch_get(name, NULL);
		if (!text)
			continue;
		assert_true(strlen(text) <= 1000);
		at = text + 21;
		if (!next)
			assert_int_equal(sscanf(at, "line %u", &next), 1);
		for (; (at = strstr(at, "line ")); at++, next++) {
			snprintf(line, sizeof(line), "line %04u\n", next);
			assert_memory_equal(at, line, strlen(line));
		}
		free(text);
	}
	assert_int_equal(next, 200);
}

static unsigned count_files(void)
{
	char name[64];
	unsigned i, count = 0;
	struct stat st;

	for (i = 1; i < 200; i++) {
		snprintf(name, sizeof(name), "cm/trace/capf/sdi/capf%08u.txt", i);
		count += stat(scratch_path(name), &st) == 0;
	}
	return count;
}

static void old_files_go(void **state)
{
	unsigned i;

	trace_limits(100, 5);
	assert_int_equal(trace_open(scratch, NULL, NULL), ERR_OK);
	scratch_put("cm/trace/capf/sdi/capf1.txt", "not ours", 8);
	scratch_put("cm/trace/capf/sdi/capf00000000.txt", "not ours", 8);
	scratch_put("cm/trace/capf/sdi/capf00000001.txt.gz", "not ours", 8);
	for (i = 0; i < 100; i++)
		trace_line(TRACE_CAPF, "a line of a good many bytes, so that few find room");
	assert_int_equal(count_files(), 5);
	trace_limits(100, 2);
	assert_int_equal(count_files(), 2);
	trace_close();
	assert_int_equal(access(scratch_path("cm/trace/capf/sdi/capf1.txt"), F_OK), 0);
	assert_int_equal(access(scratch_path("cm/trace/capf/sdi/capf00000000.txt"), F_OK), 0);
	assert_int_equal(access(scratch_path("cm/trace/capf/sdi/capf00000001.txt.gz"), F_OK), 0);
	/* The newest goes on. */
	assert_int_equal(trace_open(scratch, NULL, NULL), ERR_OK);
	assert_int_equal(count_files(), 2);
	trace_close();
}

static void a_deleted_file_comes_again(void **state)
{
	char *text;

	trace_limits(TRACE_SIZE_DEFAULT, TRACE_FILES_DEFAULT);
	assert_int_equal(trace_open(scratch, NULL, NULL), ERR_OK);
	trace_line(TRACE_CAPF, "before");
	assert_int_equal(remove(scratch_path(CAPF)), 0);
	trace_line(TRACE_CAPF, "after");
	trace_close();
	text = scratch_get(CAPF, NULL);
	assert_matches(text, "^[^\n]*after\n$");
	free(text);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(traces_have_their_shapes),
		TEST(gathered_traces_look_the_same),
		TEST(traces_that_cannot_be_opened),
		TEST(threads_do_not_mix_lines),
		TEST(files_follow_one_another),
		TEST(old_files_go),
		TEST(a_deleted_file_comes_again),
	};

	return cmocka_run_group_tests_name("base/trace", tests, NULL, NULL);
}
