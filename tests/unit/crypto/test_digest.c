/* SPDX-License-Identifier: BSD-2-Clause */
#include "fixture.h"

#include "base/str.h"
#include "crypto/digest.h"

static void check_hex(enum digest_alg alg, const char *text, const char *expected)
{
	char hex[2 * DIGEST_MAX + 1];

	digest_hex(alg, span_str(text), hex);
	assert_string_equal(hex, expected);
}

/* FIPS 180-4 examples and RFC 1321 A.5. */
static void known_answers(void **state)
{
	check_hex(DIGEST_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d");
	check_hex(DIGEST_SHA256, "abc",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	check_hex(DIGEST_SHA512, "abc",
		"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
		"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
	check_hex(DIGEST_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72");
	check_hex(DIGEST_MD5, "", "d41d8cd98f00b204e9800998ecf8427e");
}

static void pieces_are_one_text(void **state)
{
	struct span pieces[] = {span_str("a"), span_str(""), span_str("bc"), {0}};
	uint8_t in_pieces[DIGEST_MAX], at_once[DIGEST_MAX];

	assert_int_equal(digest(DIGEST_SHA1, pieces, 4, in_pieces), 20);
	assert_int_equal(digest_one(DIGEST_SHA1, span_str("abc"), at_once), 20);
	assert_memory_equal(in_pieces, at_once, 20);
}

static void unknown_algorithm(void **state)
{
	uint8_t out[DIGEST_MAX];
	char hex[2 * DIGEST_MAX + 1] = "x";

	assert_int_equal(digest_one((enum digest_alg)4, span_str("abc"), out), 0);
	digest_hex((enum digest_alg)0, span_str("abc"), hex);
	assert_string_equal(hex, "");
}

static void random_differs(void **state)
{
	uint8_t a[32] = {0}, b[32] = {0};

	assert_int_equal(random_bytes(a, sizeof(a)), ERR_OK);
	assert_int_equal(random_bytes(b, sizeof(b)), ERR_OK);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_int_equal(random_bytes(a, 0), ERR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(pieces_are_one_text),
		cmocka_unit_test(unknown_algorithm),
		cmocka_unit_test(random_differs),
	};

	return cmocka_run_group_tests_name("crypto/digest", tests, NULL, NULL);
}
