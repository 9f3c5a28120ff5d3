/* SPDX-License-Identifier: BSD-2-Clause
 * Are CSV files read as RFC 4180 says, and hostile ones refused with their line? */
#include "wire/csv/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Records as "[a|b][c]", or the failure. */
static void reads(const char *text, size_t len, const char *expected)
{
	struct csv c;
	struct buf got = {0};
	struct fail why = {0};
	enum err err;
	size_t i;

	csv_init(&c, span_of((const uint8_t *)text, len));
	while (!(err = csv_next(&c, &why))) {
		buf_u8(&got, '[');
		for (i = 0; i < c.count; i++)
			buf_printf(&got, "%s%s", i ? "|" : "", csv_field(&c, i));
		buf_u8(&got, ']');
	}
	if (err != ERR_NOTFOUND)
		buf_str(&got, why.text);
	buf_u8(&got, 0);
	assert_int_equal(buf_check(&got), 0);
	assert_string_equal((const char *)got.data, expected);
	buf_fini(&got);
	csv_fini(&c);
}
#define READS(text, expected) reads(text, sizeof(text) - 1, expected)

static void fields_and_quotes(void **state)
{
	READS("", "");
	READS("a,b\r\nc,d\r\n", "[a|b][c|d]");
	READS("a,b\nc", "[a|b][c]");
	READS("\xEF\xBB\xBF\"a\",b", "[a|b]");
	/* The examples of RFC 4180, section 2. */
	READS("\"aaa\",\"b\"\"bb\",\"ccc\"\r\n", "[aaa|b\"bb|ccc]");
	READS("\"aaa\",\"b\r\nbb\",\"ccc\"\r\nzzz,yyy,xxx", "[aaa|b bb|ccc][zzz|yyy|xxx]");
	READS("\n\r\na,,\n\n,\n", "[a||][|]");
	READS("\"\",\"\"\"\"\n", "[|\"]");
}

static void hostile_files_name_their_line(void **state)
{
	READS("a\nb\"c\n", "[a]line 2: a quote inside a field that does not begin with one");
	READS("a\n\"b\nc", "[a]line 2: a quote is not closed");
	READS("\"a\nb\"\n\"c\"d\n", "[a b]line 3: text behind a closing quote");
	READS("a\rb", "line 1: control characters are not allowed");
	READS("a\0b", "line 1: control characters are not allowed");
	READS("a\n\x1b[2J", "[a]line 2: control characters are not allowed");
}

static void records_have_limits(void **state)
{
	size_t size = CSV_RECORD_MAX + 2;
	char *text = malloc(size);
	struct csv c;
	struct fail why = {0};

	assert_non_null(text);
	memset(text, 'a', size);
	csv_init(&c, span_of((const uint8_t *)text, size));
	assert_int_equal(csv_next(&c, &why), ERR_LIMIT);
	csv_fini(&c);
	memset(text, ',', size);
	fail_clear(&why);
	csv_init(&c, span_of((const uint8_t *)text, size));
	assert_int_equal(csv_next(&c, &why), ERR_LIMIT);
	assert_string_equal(why.text, "line 1: more than 64 fields");
	csv_fini(&c);
	free(text);
}

static void what_needs_quotes_gets_them(void **state)
{
	struct buf out = {0};

	csv_put(&out, "plain", true);
	csv_put(&out, "a,b", false);
	csv_put(&out, "say \"x\"", false);
	csv_put(&out, "", false);
	csv_end(&out);
	assert_true(span_eq(buf_span(&out), span_str("plain,\"a,b\",\"say \"\"x\"\"\",\r\n")));
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_and_quotes),
		cmocka_unit_test(hostile_files_name_their_line),
		cmocka_unit_test(records_have_limits),
		cmocka_unit_test(what_needs_quotes_gets_them),
	};

	return cmocka_run_group_tests_name("wire/csv", tests, NULL, NULL);
}
