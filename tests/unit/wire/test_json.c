/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "wire/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdint.h>
#include <stdlib.h>

static void assert_written(const struct json *j, bool pretty, const char *text)
{
	struct buf out = {0};

	assert_int_equal(json_write(&out, j, pretty), ERR_OK);
	buf_u8(&out, 0);
	assert_string_equal((char *)out.data, text);
	buf_fini(&out);
}

static struct json *sample(void)
{
	struct json *j = json_object_new(), *rows = json_array_new(), *row;

	json_set_str(j, "name", "CTLFile.tlv");
	json_set_int(j, "size", 4712);
	json_set_bool(j, "good", true);
	row = json_object_new();
	json_set_str(row, "role", "CCM+TFTP");
	json_append_take(rows, row);
	json_append_take(rows, json_object_new());
	json_append_take(rows, json_array_new());
	json_set_take(j, "rows", rows);
	return j;
}

static void compact_and_indented(void **state)
{
	struct json *j = sample();

	assert_written(j, false,
		"{\"name\":\"CTLFile.tlv\",\"size\":4712,\"good\":true,"
		"\"rows\":[{\"role\":\"CCM+TFTP\"},{},[]]}");
	assert_written(j, true,
		"{\n  \"name\": \"CTLFile.tlv\",\n  \"size\": 4712,\n  \"good\": true,\n"
		"  \"rows\": [\n    {\n      \"role\": \"CCM+TFTP\"\n    },\n    {},\n    []\n"
		"  ]\n}\n");
	json_free(j);
}

static void reads_what_others_wrote(void **state)
{
	static const char text[] = "{ \"a\" : \"x\\u00e9\\n\", \"b\": [1, -9223372036854775808, "
				   "false, null, 1.5], \"c\": {}, \"t\": true}";
	struct fail why = {0};
	struct json *j, *b;

	assert_int_equal(json_parse(&j, span_str(text), &why), ERR_OK);
	assert_string_equal(json_get_str(j, "a"), "x\xC3\xA9\n");
	b = json_get(j, "b");
	assert_int_equal(json_count(b), 5);
	assert_null(json_at(b, 5));
	assert_null(json_str(json_at(b, 0)));
	assert_true(json_get_bool(j, "t"));
	assert_int_equal(json_get_int(j, "t", 7), 7);
	assert_int_equal(json_get_int(j, "absent", -1), -1);
	assert_null(json_get_str(j, "b"));
	assert_null(json_get(NULL, "a"));
	assert_int_equal(json_count(NULL), 0);
	assert_int_equal(json_count(j), 0);
	json_set_int(json_get(j, "c"), "n", 3);
	assert_written(j, false,
		"{\"a\":\"x\xC3\xA9\\n\",\"b\":[1,-9223372036854775808,false,null,1.5],"
		"\"c\":{\"n\":3},\"t\":true}");
	json_free(j);
}

static void text_is_always_utf8(void **state)
{
	struct json *j = json_array_new();

	json_append_take(j, json_string_new("ok \xC3\xA9 \"\\\x1b"));
	json_append_take(j, json_string_new("bad \xFF"));
	json_append_take(j, json_span_new(span_of("a\0b", 3)));
	json_append_take(j, json_span_new(span_of(NULL, 0)));
	assert_written(
		j, false, "[\"ok \xC3\xA9 \\\"\\\\\\u001b\",\"bad \\\\xFF\",\"a\\\\x00b\",\"\"]");
	json_free(j);
}

static void refuses(void **state)
{
	static const char *const bad[] = {"", "{", "[1,]", "{\"a\":1,\"a\":2}", "1 2",
		"[\"\\u0000\"]", "{\"\xFF\":1}", "nul"};
	struct buf deep = {0};
	struct fail why;
	struct json *j;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fail_clear(&why);
		assert_int_equal(json_parse(&j, span_str(bad[i]), &why), ERR_FORMAT);
		assert_null(j);
		assert_non_null(strstr(why.text, "JSON document, line 1"));
	}
	buf_fill(&deep, '[', JSON_DEPTH_MAX + 1);
	buf_fill(&deep, ']', JSON_DEPTH_MAX + 1);
	assert_int_equal(json_parse(&j, buf_span(&deep), NULL), ERR_LIMIT);
	assert_int_equal(json_parse(&j, span_of(deep.data + 1, deep.len - 2), NULL), ERR_OK);
	json_free(j);
	buf_fini(&deep);
	assert_int_equal(json_parse(&j, span_of("", JSON_SIZE_MAX + 1), NULL), ERR_LIMIT);
	assert_int_equal(json_write(&deep, NULL, false), ERR_NOMEM);
}

static void a_reference_keeps_the_value(void **state)
{
	struct json *j = sample(), *rows = json_ref(json_get(j, "rows"));

	json_free(j);
	assert_int_equal(json_count(rows), 3);
	json_free(rows);
	json_free(NULL);
}

/* Whatever allocation fails, the document is either whole or refused, and nothing leaks. */
static void out_of_memory(void **state)
{
	struct buf whole = {0}, out = {0};
	struct json *j = sample();
	enum err err = ERR_NOMEM;
	size_t n;

	assert_int_equal(json_write(&whole, j, true), ERR_OK);
	json_free(j);
	for (n = 1; err; n++) {
		assert_true(n < 1000);
		mem_fail_from(n);
		j = sample();
		/* Only the building is short of memory here, so the loss must have been kept. */
		mem_fail_from(0);
		buf_clear(&out);
		err = json_write(&out, j, true);
		json_free(j);
		assert_true(err == ERR_OK || err == ERR_NOMEM);
	}
	assert_true(n > 10);
	assert_true(span_eq(buf_span(&out), buf_span(&whole)));
	for (n = 1, err = ERR_NOMEM; err; n++) {
		mem_fail_from(n);
		err = json_parse(&j, buf_span(&whole), NULL);
		mem_fail_from(0);
		assert_true(err == ERR_OK || err == ERR_NOMEM);
	}
	json_free(j);
	buf_fini(&whole);
	buf_fini(&out);
}

static void a_child_that_broke_spoils_its_parent(void **state)
{
	struct json *j = sample(), *row = json_at(json_get(j, "rows"), 0);
	struct buf out = {0};

	json_set_take(row, "lost", NULL);
	json_set_str(row, "later", "x");
	assert_int_equal(json_write(&out, j, false), ERR_NOMEM);
	assert_int_equal(out.len, 0);
	json_append_take(json_get(j, "rows"), NULL);
	assert_int_equal(json_write(&out, json_get(j, "rows"), false), ERR_NOMEM);
	json_free(j);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compact_and_indented),
		cmocka_unit_test(reads_what_others_wrote),
		cmocka_unit_test(text_is_always_utf8),
		cmocka_unit_test(refuses),
		cmocka_unit_test(a_reference_keeps_the_value),
		cmocka_unit_test(out_of_memory),
		cmocka_unit_test(a_child_that_broke_spoils_its_parent),
	};

	return cmocka_run_group_tests_name("wire/json", tests, NULL, NULL);
}
