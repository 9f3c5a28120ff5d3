/* SPDX-License-Identifier: BSD-2-Clause */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"

static void assert_text(struct buf *b, const char *text)
{
	assert_int_equal(buf_check(b), ERR_OK);
	buf_u8(b, 0);
	assert_string_equal((char *)b->data, text);
	buf_clear(b);
}

static void copies_are_bounded(void **state)
{
	char out[4] = "zzz";

	assert_true(str_copy(out, sizeof(out), "abc"));
	assert_string_equal(out, "abc");
	assert_false(str_copy(out, sizeof(out), "defg"));
	assert_string_equal(out, "def");
	assert_true(str_copy(out, sizeof(out), ""));
	assert_string_equal(out, "");
	assert_false(str_copy(out, 0, "x"));
}

static void hex_in_three_ways(void **state)
{
	static const uint8_t bytes[] = {0x0A, 0x1B, 0xFF};
	struct buf b = {0};

	str_hex(&b, span_of(bytes, 3), STR_LOWER);
	assert_text(&b, "0a1bff");
	str_hex(&b, span_of(bytes, 3), STR_COLON);
	assert_text(&b, "0A:1B:FF");
	str_hex(&b, span_of(bytes, 3), STR_BLANK);
	assert_text(&b, "0A 1B FF");
	str_hex(&b, span_of(bytes, 0), STR_COLON);
	assert_text(&b, "");
	buf_fini(&b);
}

static void hex_is_read_strictly(void **state)
{
	static const char *const bad[] = {
		"0", "0g", "g0", "0A1", "0 A", "0:A1", "0x10", "\xC3\xA9"};
	struct buf b = {0};
	size_t i;

	assert_int_equal(str_unhex(&b, " 0a:1B\tfF\n 00 "), ERR_OK);
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.data, "\x0A\x1B\xFF\x00", 4);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(str_unhex(&b, bad[i]), ERR_FORMAT);
		assert_int_equal(b.len, 4);
	}
	buf_fini(&b);
	mem_fail_from(1);
	assert_int_equal(str_unhex(&b, "00"), ERR_NOMEM);
	mem_fail_from(0);
	buf_fini(&b);
}

static void case_of_ascii_only(void **state)
{
	assert_true(str_ieq("CTLFile.tlv", "ctlfILE.TLV"));
	assert_false(str_ieq("CTLFile", "CTLFile.tlv"));
	assert_false(str_ieq("CTLFile.tlv", "CTLFile"));
	assert_false(str_ieq("@", "`"));
	assert_false(str_ieq("\xC3\x89", "\xC3\xA9"));
	assert_true(str_ieq("", ""));
}

static void patterns(void **state)
{
	assert_true(str_glob("*.tlv", "CTLFile.TLV"));
	assert_true(str_glob("SEP????????????.cnf.xml*", "sep001122aabbcc.cnf.xml.sgn"));
	assert_true(str_glob("*", ""));
	assert_true(str_glob("", ""));
	assert_true(str_glob("a*b*c", "aXbXbXc"));
	assert_true(str_glob("**x", "x"));
	assert_false(str_glob("a*b*c", "aXbXbX"));
	assert_false(str_glob("?", ""));
	assert_false(str_glob("", "x"));
	assert_false(str_glob("*.tlv", "CTLFile.tlv.sgn"));
	/* Quadratic at worst, though written to be exponential. */
	assert_false(str_glob("a*a*a*a*a*a*a*a*a*a*a*a*b",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

/* Good and bad sequences of RFC 3629, sections 3, 4 and 10. */
static void printable(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"plain ~ text", "plain ~ text"},
		{"a\nb\r\x1B[2J\x7F", "a\\x0Ab\\x0D\\x1B[2J\\x7F"},
		{"S\xC3\xA3o Paulo", "S\xC3\xA3o Paulo"},
		{"\xE2\x82\xAC \xF0\x9F\x94\x92", "\xE2\x82\xAC \xF0\x9F\x94\x92"},
		{"S\xE3o", "S\\xE3o"},
		{"\xC0\x80", "\\xC0\\x80"},
		{"\xC1\xBF", "\\xC1\\xBF"},
		{"\xE0\x80\xAF", "\\xE0\\x80\\xAF"},
		{"\xED\xA0\x80", "\\xED\\xA0\\x80"},
		{"\xF0\x8F\xBF\xBF", "\\xF0\\x8F\\xBF\\xBF"},
		{"\xF4\x90\x80\x80", "\\xF4\\x90\\x80\\x80"},
		{"\xF8\x88\x80\x80\x80", "\\xF8\\x88\\x80\\x80\\x80"},
		{"\xE2\x82", "\\xE2\\x82"},
		{"\xE2\x82x", "\\xE2\\x82x"},
		{"\x80\xBF", "\\x80\\xBF"},
		{"\xC2\x9B 1 \xC2\x85", "\\xC2\\x9B 1 \\xC2\\x85"},
		{"\xE2\x80\xAEgnp.exe\xE2\x80\xA8", "\\xE2\\x80\\xAEgnp.exe\\xE2\\x80\\xA8"},
	};
	struct buf b = {0};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		str_printable(&b, span_str(rows[i].in));
		assert_text(&b, rows[i].out);
	}
	str_printable(&b, span_of("a\0b", 3));
	assert_text(&b, "a\\x00b");
	buf_fini(&b);
}

static void device_names(void **state)
{
	static const char *const bad[] = {"", "SEP", "SEP00112233445", "SEP0011223344556",
		"SEP00112233445G", "SIP001122334455", "../001122334455", "001122334455",
		"SEP00:11:22:33:", "SEP00112233445/"};
	char name[DEVICE_NAME_SIZE] = "kept";
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(str_device_name(name, bad[i]), ERR_FORMAT);
		assert_string_equal(name, "kept");
	}
	assert_int_equal(str_device_name(name, "sep0011aaBBccDd"), ERR_OK);
	assert_string_equal(name, "SEP0011AABBCCDD");
}

static void numbers(void **state)
{
	static const char *const bad[] = {"", "-", " 1", "1 ", "+1", "0x10", "1.0", "--1",
		"9223372036854775808", "-9223372036854775809", "99999999999999999999999"};
	long n = 77;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(str_number(bad[i], LONG_MIN, LONG_MAX, &n), ERR_FORMAT);
		assert_int_equal(n, 77);
	}
	assert_int_equal(str_number("9223372036854775807", LONG_MIN, LONG_MAX, &n), ERR_OK);
	assert_true(n == LONG_MAX);
	assert_int_equal(str_number("-9223372036854775808", LONG_MIN, LONG_MAX, &n), ERR_OK);
	assert_true(n == LONG_MIN);
	assert_int_equal(str_number("0069", 1, 65535, &n), ERR_OK);
	assert_int_equal(n, 69);
	assert_int_equal(str_number("65535", 1, 65535, &n), ERR_OK);
	assert_int_equal(str_number("65536", 1, 65535, &n), ERR_FORMAT);
	assert_int_equal(str_number("0", 1, 65535, &n), ERR_FORMAT);
	assert_int_equal(str_number("-5", -5, 0, &n), ERR_OK);
	assert_int_equal(n, -5);
}

static void addresses(void **state)
{
	static const char *const bad[] = {"", "1.2.3", "1.2.3.4.", "1.2.3.256", "1.2.3.4 ",
		"0001.2.3.4", "a.b.c.d", ":", ":1::2", "1:", "1:::2", "1::2::3", "1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9", "1::2:3:4:5:6:7:8", "12345::", "g::", "::1%lo"};
	static const struct {
		const char *text, *hex;
	} good[] = {{"192.0.2.10", "c000020a"}, {"0.0.0.0", "00000000"},
		{"::", "00000000000000000000000000000000"},
		{"::1", "00000000000000000000000000000001"},
		{"1::", "00010000000000000000000000000000"},
		{"2001:DB8::a:10", "20010db80000000000000000000a0010"},
		{"1:2:3:4:5:6:7:8", "00010002000300040005000600070008"}};
	uint8_t out[16];
	size_t i, len;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (str_address(bad[i], out, &len) != ERR_FORMAT)
			fail_msg("%s", bad[i]);
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct buf b = {0};

		assert_int_equal(str_address(good[i].text, out, &len), ERR_OK);
		str_hex(&b, span_of(out, len), STR_LOWER);
		assert_text(&b, good[i].hex);
		buf_fini(&b);
	}
}

/* RFC 4648, section 10 */
static void base_64(void **state)
{
	static const char *const pairs[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="},
		{"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"}, {"\xff\xfe\xfb", "//77"}};
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct buf b = {0};

		str_base64(&b, span_str(pairs[i][0]));
		assert_text(&b, pairs[i][1]);
		buf_fini(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_are_bounded),
		cmocka_unit_test(hex_in_three_ways),
		cmocka_unit_test(hex_is_read_strictly),
		cmocka_unit_test(case_of_ascii_only),
		cmocka_unit_test(patterns),
		cmocka_unit_test(printable),
		cmocka_unit_test(device_names),
		cmocka_unit_test(numbers),
		cmocka_unit_test(addresses),
		cmocka_unit_test(base_64),
	};

	return cmocka_run_group_tests_name("base/str", tests, NULL, NULL);
}
