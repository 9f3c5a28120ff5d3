/* SPDX-License-Identifier: BSD-2-Clause */
#include "scratch.h"

#include "base/log.h"
#include "base/mem.h"

#include <pthread.h>
#include <regex.h>

#define THREADS 8
#define LINES   300

static void assert_matches(const char *text, const char *pattern)
{
	regex_t re;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&re, text, 0, NULL, 0) != 0)
		fail_msg("\"%s\" does not match \"%s\"", text, pattern);
	regfree(&re);
}

static void levels_and_shape(void **state)
{
	FILE *out = fopen(scratch_path("log"), "w");
	char *text;

	assert_non_null(out);
	log_to(out, LOG_WARN);
	log_line(LOG_ERROR, "port %d is taken", 69);
	log_line(LOG_WARN, "peer says \"%s\"", "a\nb\x1B[2J");
	log_line(LOG_INFO, "not shown");
	log_to(NULL, LOG_INFO);
	fclose(out);
	text = scratch_get("log", NULL);
	assert_matches(text, "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z error: port 69 is taken\n"
			     "[-0-9T:]{19}Z warning: peer says \"a\\\\x0Ab\\\\x1B\\[2J\"\n$");
	free(text);
}

static void a_line_without_memory(void **state)
{
	FILE *out = fopen(scratch_path("log"), "w");
	size_t n;
	char *text, *line, *next;

	assert_non_null(out);
	log_to(out, LOG_WARN);
	for (n = 1; n <= 2; n++) {
		mem_fail_from(n);
		log_line(LOG_ERROR, "lost");
		mem_fail_from(0);
	}
	log_to(NULL, LOG_INFO);
	fclose(out);
	text = scratch_get("log", NULL);
	for (line = text, n = 0; *line; line = next, n++) {
		next = strchr(line, '\n') + 1;
		next[-1] = '\0';
		assert_matches(line, "^[^ ]*Z error: \\(text lost: out of memory\\)$");
	}
	assert_int_equal(n, 2);
	free(text);
}

static void traces_have_their_shapes(void **state)
{
	FILE *also = fopen(scratch_path("also"), "w");
	struct stat st;
	char *text;

	assert_non_null(also);
	umask(022);
	scratch_put("ctftp.log", "before\n", 7);
	assert_int_equal(trace_open(scratch, also, NULL), ERR_OK);
	trace_line(TRACE_TFTP, "Transferred[%s]", "CTLFile.tlv");
	trace_line(TRACE_CAPF, "TLS HS Done for ph_conn\r\n");
	trace_line(TRACE_SDI, "deviceName=%s", "SEP\xFF");
	trace_close();
	trace_line(TRACE_TFTP, "after the end");
	fclose(also);
	text = scratch_get("ctftp.log", NULL);
	assert_matches(text, "^before\n[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3} \\|"
			     "Transferred\\[CTLFile\\.tlv\\]\n$");
	free(text);
	text = scratch_get("capf.log", NULL);
	assert_matches(
		text, "^[0-9:]{8}\\.[0-9]{3} \\| debug TLS HS Done for ph_conn\\\\x0D\\\\x0A\n$");
	free(text);
	text = scratch_get("sdi.log", NULL);
	assert_matches(text, "^[0-9:]{8}\\.[0-9]{3} \\|deviceName=SEP\\\\xFF\n$");
	free(text);
	text = scratch_get("also", NULL);
	assert_matches(text, "^[^\n]*Transferred[^\n]*\n[^\n]*HS Done[^\n]*\n[^\n]*SEP[^\n]*\n$");
	free(text);
	assert_int_equal(stat(scratch_path("sdi.log"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

static void gathered_traces_look_the_same(void **state)
{
	struct buf lines = {0};
	char *text;

	trace_gather(&lines, TRACE_TFTP, "nowhere to go");
	assert_int_equal(lines.len, 0);
	(void)remove(scratch_path("ctftp.log"));
	assert_int_equal(trace_open(scratch, NULL, NULL), ERR_OK);
	trace_gather(&lines, TRACE_TFTP, "Asked[%s]", "a\x1B[2J");
	trace_gather(&lines, TRACE_TFTP, "Asked[%s]", "b");
	text = scratch_get("ctftp.log", NULL);
	assert_string_equal(text, "");
	free(text);
	trace_put(TRACE_TFTP, &lines);
	assert_int_equal(lines.len, 0);
	trace_put(TRACE_TFTP, &lines);
	trace_close();
	text = scratch_get("ctftp.log", NULL);
	assert_matches(text, "^[0-9:]{8}\\.[0-9]{3} \\|Asked\\[a\\\\x1B\\[2J\\]\n"
			     "[0-9:]{8}\\.[0-9]{3} \\|Asked\\[b\\]\n$");
	free(text);
	buf_fini(&lines);
}

static void traces_without_their_folder(void **state)
{
	struct fail why = {0};

	assert_int_equal(trace_open(scratch_path("none"), NULL, &why), ERR_IO);
	assert_non_null(strstr(why.text, "none/ctftp.log: cannot open: No such file"));
	trace_line(TRACE_TFTP, "nowhere to go");
	/* The second file cannot be opened: nothing stays open. */
	assert_int_equal(mkdir(scratch_path("capf.log"), 0700), 0);
	assert_int_equal(trace_open(scratch, NULL, NULL), ERR_IO);
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
	text = scratch_get("sdi.log", NULL);
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(levels_and_shape),
		TEST(a_line_without_memory),
		TEST(traces_have_their_shapes),
		TEST(gathered_traces_look_the_same),
		TEST(traces_without_their_folder),
		TEST(threads_do_not_mix_lines),
	};

	return cmocka_run_group_tests_name("base/log", tests, NULL, NULL);
}
