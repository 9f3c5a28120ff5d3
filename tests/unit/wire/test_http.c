/* SPDX-License-Identifier: BSD-2-Clause
 * What the vectors in tests/vectors/http cannot say: where a head ends, the status of a refusal,
 * answers, tags. */
#include "wire/http/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

static void head_ends_at_its_empty_line(void **state)
{
	static const char two[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\n\r\n";
	char *flood = test_malloc(HTTP_HEAD_MAX);
	struct fail why = {0};
	enum err err;
	size_t i;

	for (i = 0; i < 27; i++) {
		assert_int_equal(http_frame(span_of(two, i), &err, NULL), 0);
		assert_int_equal(err, ERR_OK);
	}
	assert_int_equal(http_frame(span_of(two, sizeof(two) - 1), &err, NULL), 27);
	assert_int_equal(http_frame(span_of("GET\n", 4), &err, NULL), 0);
	assert_int_equal(err, ERR_FORMAT);
	assert_int_equal(http_frame(span_of("\n", 1), &err, NULL), 0);
	assert_int_equal(err, ERR_FORMAT);
	memset(flood, 'x', HTTP_HEAD_MAX);
	assert_int_equal(http_frame(span_of(flood, HTTP_HEAD_MAX - 1), &err, NULL), 0);
	assert_int_equal(err, ERR_OK);
	assert_int_equal(http_frame(span_of(flood, HTTP_HEAD_MAX), &err, &why), 0);
	assert_int_equal(err, ERR_LIMIT);
	assert_non_null(strstr(why.text, "8192"));
	memcpy(flood + HTTP_HEAD_MAX - 4, "\r\n\r\n", 4);
	assert_int_equal(http_frame(span_of(flood, HTTP_HEAD_MAX), &err, NULL), HTTP_HEAD_MAX);
	test_free(flood);
}

static void refusals_have_a_status(void **state)
{
	static const struct {
		const char *head;
		unsigned status;
	} cases[] = {
		{"GET / HTTP/1.1\n\n", 400},
		{"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
		{"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505},
		{"GET / HTTP/1.1\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n", 417},
		{"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 281474976710656\r\n\r\n", 413},
		{"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 501},
		{"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\nExpect: x\r\n\r\n", 400},
	};
	struct http_request r;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(http_decode(&r, span_str(cases[i].head), NULL) != ERR_OK);
		if (r.refusal != cases[i].status)
			fail_msg("%s: %u", cases[i].head, r.refusal);
	}
	assert_int_equal(http_decode(&r, span_str("GET / HTTP/1.0\r\n\r\n"), NULL), ERR_OK);
	assert_int_equal(r.refusal, 0);
}

static void tag_is_one_and_strong(void **state)
{
	static const char *const bad[] = {
		"", "\"", "x", "\"a", "W/\"a\"", "\"a\", \"b\"", "\"a b\"", "*", "\"a\"b\""};
	struct span tag;
	size_t i;

	assert_int_equal(http_tag(span_str("\"xyzzy\""), &tag, NULL), ERR_OK);
	assert_true(span_eq(tag, span_str("xyzzy")));
	assert_int_equal(http_tag(span_str("\"\""), &tag, NULL), ERR_OK);
	assert_int_equal(tag.len, 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(http_tag(span_str(bad[i]), &tag, NULL), ERR_FORMAT);
}

/* The date of RFC 9110, 5.6.7. */
static void answer_is_written(void **state)
{
	const struct http_field json = {span_str("Content-Type"), span_str("application/json")};
	struct http_answer a = {
		.status = 404, .fields = &json, .fields_count = 1, .date = 784111777, .length = 12};
	struct buf out = {0};

	assert_int_equal(http_answer_encode(&out, &a), ERR_OK);
	buf_u8(&out, 0);
	assert_string_equal((char *)out.data, "HTTP/1.1 404 Not Found\r\n"
					      "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
					      "Content-Length: 12\r\n"
					      "Content-Type: application/json\r\n\r\n");
	buf_clear(&out);
	a = (struct http_answer){.status = 204, .length = 0, .close = true};
	assert_int_equal(http_answer_encode(&out, &a), ERR_OK);
	buf_u8(&out, 0);
	assert_string_equal((char *)out.data, "HTTP/1.1 204 No Content\r\n"
					      "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
					      "Connection: close\r\n\r\n");
	buf_fini(&out);
}

static void answer_cannot_be_split(void **state)
{
	static const char *const bad[][2] = {{"X", "a\r\nSet-Cookie: b"}, {"X", "a\n"},
		{"X\r\nY", "a"}, {"", "a"}, {"X:", "a"}, {"X Y", "a"}};
	struct buf out = {0};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct http_field f = {span_str(bad[i][0]), span_str(bad[i][1])};
		struct http_answer a = {.status = 200, .fields = &f, .fields_count = 1};

		assert_int_equal(http_answer_encode(&out, &a), ERR_ARG);
		buf_clear(&out);
	}
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(head_ends_at_its_empty_line),
		cmocka_unit_test(refusals_have_a_status),
		cmocka_unit_test(tag_is_one_and_strong),
		cmocka_unit_test(answer_is_written),
		cmocka_unit_test(answer_cannot_be_split),
	};

	return cmocka_run_group_tests_name("wire/http", tests, NULL, NULL);
}
