/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/known.h"

#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], path[96];

static int setup(void **state)
{
	snprintf(folder, sizeof(folder), "/tmp/cadeado-known-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/a/known_nodes", folder);
	return 0;
}

static int teardown(void **state)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

static void nodes_are_kept_by_name_and_port(void **state)
{
	uint8_t one[CLIENT_CTL_FINGERPRINT] = {1}, two[CLIENT_CTL_FINGERPRINT] = {2}, got[32];
	struct fail why = {0};
	struct stat st;
	size_t line;

	assert_int_equal(client_known_find(path, "pub", 2444, got, &line, &why), ERR_NOTFOUND);
	assert_int_equal(client_known_add(path, "pub", 2444, one, &why), ERR_OK);
	assert_int_equal(client_known_add(path, "pub", 12444, two, &why), ERR_OK);
	assert_int_equal(client_known_find(path, "PUB", 2444, got, &line, &why), ERR_OK);
	assert_memory_equal(got, one, sizeof(one));
	assert_int_equal(line, 1);
	assert_int_equal(client_known_find(path, "pub", 12444, got, &line, &why), ERR_OK);
	assert_memory_equal(got, two, sizeof(two));
	assert_int_equal(line, 2);
	assert_int_equal(client_known_find(path, "pu", 2444, got, &line, &why), ERR_NOTFOUND);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_spoilt_line_is_named_and_not_overlooked(void **state)
{
	static const char *const bad[] = {
		"pub 2444 00:11\n", "pub 0 x\n", "pub\n", "pub 2444 zz\n"};
	uint8_t got[CLIENT_CTL_FINGERPRINT];
	char inside[80];
	size_t line;

	snprintf(inside, sizeof(inside), "%s/a", folder);
	assert_int_equal(file_mkdir(inside, 0700, NULL), ERR_OK);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[256];
		struct fail why = {0};

		snprintf(text, sizeof(text), "# mine\n\n%s", bad[i]);
		assert_int_equal(
			file_replace(path, span_str(text), 0600, FILE_NOSYNC, NULL), ERR_OK);
		assert_int_equal(
			client_known_find(path, "other", 2444, got, &line, &why), ERR_FORMAT);
		assert_non_null(strstr(why.text, "line 3"));
	}
}

static void fingerprints_as_people_write_them(void **state)
{
	uint8_t got[CLIENT_CTL_FINGERPRINT], want[CLIENT_CTL_FINGERPRINT];
	char text[CLIENT_CTL_FINGERPRINT_TEXT];

	for (size_t i = 0; i < sizeof(want); i++)
		want[i] = (uint8_t)(i * 9);
	client_ctl_fingerprint_print(want, text);
	assert_true(strncmp(text, "00:09:12:1B:", 12) == 0);
	assert_int_equal(client_ctl_fingerprint_parse(text, got), ERR_OK);
	assert_memory_equal(got, want, sizeof(want));
	/* As sha256sum writes it. */
	assert_int_equal(client_ctl_fingerprint_parse("0009121b242d363f48515a636c757e879099a2abb4bd"
						      "c6cfd8e1eaf3fc050e17",
				 got),
		ERR_OK);
	assert_memory_equal(got, want, sizeof(want));
	text[92] = 0;
	assert_int_equal(client_ctl_fingerprint_parse(text, got), ERR_FORMAT);
	assert_int_equal(client_ctl_fingerprint_parse("", got), ERR_FORMAT);
}

static void hosts_that_lead_elsewhere_are_refused(void **state)
{
	static const char *const bad[] = {"", "a/b", "user@host", "a b", "a#b", "a?b", "a%41"};
	struct client_ctl_face face;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct client_ctl_server s = {bad[i], 2444, 1000000};
		struct fail why = {0};

		assert_int_equal(client_ctl_probe(&s, &face, &why), ERR_ARG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nodes_are_kept_by_name_and_port, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_spoilt_line_is_named_and_not_overlooked, setup, teardown),
		cmocka_unit_test(fingerprints_as_people_write_them),
		cmocka_unit_test(hosts_that_lead_elsewhere_are_refused),
	};

	return cmocka_run_group_tests_name("client/known", tests, NULL, NULL);
}
