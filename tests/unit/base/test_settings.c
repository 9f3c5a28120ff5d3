/* SPDX-License-Identifier: BSD-2-Clause */
#include "scratch.h"

#include "base/mem.h"
#include "base/settings.h"

#define CONF "cadeado.conf"

static struct fail why;

static enum err read_text(struct settings *s, const char *text)
{
	scratch_put(CONF, text, strlen(text));
	fail_clear(&why);
	return settings_read(s, scratch_path(CONF), &why);
}

static void assert_defaults(const struct settings *s)
{
	assert_string_equal(s->node, "publisher");
	assert_string_equal(s->address, "127.0.0.1");
	assert_int_equal(s->port_base, 0);
	assert_int_equal(s->tftp_port, 69);
	assert_int_equal(s->capf_port, 3804);
	assert_int_equal(s->sccps_port, 2443);
	assert_int_equal(s->sccp_port, 2000);
	assert_string_equal(s->tls_profile, "modern");
	assert_int_equal(s->lists_at_once, 0);
}

static void defaults(void **state)
{
	struct settings s;

	memset(&s, 0xA5, sizeof(s));
	settings_defaults(&s);
	assert_defaults(&s);
	assert_int_equal(settings_port(&s, s.tftp_port), 69);
	s.port_base = 10000;
	assert_int_equal(settings_port(&s, s.tftp_port), 10069);
}

static void a_file_over_the_defaults(void **state)
{
	struct settings s;

	assert_int_equal(read_text(&s, "# a comment\r\n\r\nnode = s\xC3\xA3o-paulo \r\n"
				       "; another\n  # and one more\nport_base=20000 ; for tests\n"
				       "tls_profile: legacy\nlists_at_once = yes\nkeepalive = 60"),
		ERR_OK);
	assert_string_equal(s.node, "s\xC3\xA3o-paulo");
	assert_string_equal(s.tls_profile, "legacy");
	assert_int_equal(s.port_base, 20000);
	assert_int_equal(s.keepalive, 60);
	assert_int_equal(s.lists_at_once, 1);
	assert_string_equal(s.address, "127.0.0.1");
	assert_int_equal(read_text(&s, ""), ERR_OK);
	assert_defaults(&s);
}

/* What a person must be told: the line, the setting, and what to do. */
static void bad_files_are_explained(void **state)
{
	static const struct {
		const char *text, *line, *setting, *remedy;
	} rows[] = {
		{"node = a\nkeepalive = 601\n", "line 2: ", "keepalive", "from 5 to 600"},
		{"keepalive = soon\n", "line 1: ", "keepalive", "from 5 to 600; default is 30"},
		{"capf_port = 0\n", "line 1: ", "capf_port", "from 1 to 65535"},
		{"\n\ncapf_prot = 1\n", "line 3: ", "capf_prot: no such", "Settings are: node "},
		{"node =\n", "line 1: ", "node", "remove the line"},
		{"tls_profile = best\n", "line 1: ", "tls_profile", "modern or legacy"},
		{"lists_at_once = 1\n", "line 1: ", "lists_at_once", "neither yes nor no"},
		{"node = a\n# x\nnode = b\n", "line 3: ", "node", "line 1; remove one"},
		{"node = a\n  keepalive = 6\n", "line 2: ", "", "remove the blank"},
		{"node = a\nwhat is this\n", "line 2: ", "", "name = value"},
		{"[net]\nnode = a\n", "line 2: ", "node", "no sections"},
		{"node = a\x1B[2J\n", "line 1: ", "", "control character; remove"},
		{"node = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
			"line 1: ", "node", "at most 127"},
		{"address = bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
		 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
		 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n",
			"line 1: ", "", "shorten"},
		{"port_base = 58000\ncapf_port = 7536\n", "", "capf_port", "lower one"},
	};
	struct settings s;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("%s", rows[i].text);
		assert_int_equal(read_text(&s, rows[i].text), ERR_FORMAT);
		assert_int_equal(why.code, ERR_FORMAT);
		assert_non_null(strstr(why.text, scratch_path(CONF)));
		assert_non_null(strstr(why.text, rows[i].line));
		assert_non_null(strstr(why.text, rows[i].setting));
		assert_non_null(strstr(why.text, rows[i].remedy));
		assert_defaults(&s);
		assert_int_equal(settings_read(&s, scratch_path(CONF), NULL), ERR_FORMAT);
	}
}

static void no_file(void **state)
{
	struct settings s;

	fail_clear(&why);
	assert_int_equal(settings_read(&s, scratch_path(CONF), &why), ERR_NOTFOUND);
	assert_non_null(strstr(why.text, scratch_path(CONF)));
	assert_defaults(&s);
}

static void a_nul_in_the_file(void **state)
{
	struct settings s;

	scratch_put(CONF, "node = a\0b\n", 11);
	fail_clear(&why);
	assert_int_equal(settings_read(&s, scratch_path(CONF), &why), ERR_FORMAT);
	assert_non_null(strstr(why.text, "line 1"));
}

static void what_is_written_can_be_read(void **state)
{
	struct settings s, again;
	struct buf text = {0};

	settings_defaults(&s);
	strcpy(s.node, "sub one");
	s.port_base = 30000;
	s.workers = 64;
	settings_write(&s, &text);
	assert_int_equal(buf_check(&text), ERR_OK);
	scratch_put(CONF, text.data, text.len);
	assert_int_equal(settings_read(&again, scratch_path(CONF), NULL), ERR_OK);
	assert_string_equal(again.node, "sub one");
	assert_int_equal(again.port_base, 30000);
	assert_int_equal(again.workers, 64);
	assert_string_equal(again.tls_profile, "modern");
	buf_u8(&text, 0);
	assert_non_null(strstr((char *)text.data,
		"# seconds between SCCP keepalives (5 to 600)\nkeepalive = 30\n"));
	buf_fini(&text);
}

static void what_cannot_be_written(void **state)
{
	static const char *const bad[] = {"", "a\nport_base = 1", "a ; b", " a", "a ", ";a"};
	struct settings s;
	struct buf text = {0};
	size_t i;

	settings_defaults(&s);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		strcpy(s.node, bad[i]);
		settings_write(&s, &text);
		assert_int_equal(buf_check(&text), ERR_FORMAT);
		buf_clear(&text);
	}
	buf_fini(&text);
}

static void without_memory(void **state)
{
	struct settings s;
	enum err err;
	size_t n;

	assert_int_equal(read_text(&s, "node = a\n"), ERR_OK);
	for (n = 1;; n++) {
		mem_fail_from(n);
		err = settings_read(&s, scratch_path(CONF), NULL);
		mem_fail_from(0);
		if (!err)
			break;
		assert_int_equal(err, ERR_NOMEM);
		assert_defaults(&s);
	}
	assert_true(n > 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(defaults),
		TEST(a_file_over_the_defaults),
		TEST(bad_files_are_explained),
		TEST(no_file),
		TEST(a_nul_in_the_file),
		TEST(what_is_written_can_be_read),
		TEST(what_cannot_be_written),
		TEST(without_memory),
	};

	return cmocka_run_group_tests_name("base/settings", tests, NULL, NULL);
}
