/* SPDX-License-Identifier: BSD-2-Clause */
#include "fixture.h"

#include "crypto/password.h"
#include "crypto/seal.h"

#define PASSWORD "cadeado-482913"

/* Written by libargon2's own encoder (argon2id_hash_encoded), salt "sixteen-byte-slt". */
#define ONE_LANE                                                                                   \
	"$argon2id$v=19$m=8,t=1,p=1$c2l4dGVlbi1ieXRlLXNsdA$"                                       \
	"e+l6gqybjxqtJ5zQeBmZdooVLuQ+Bg6pS06HGABHEzg"
#define TWO_LANES                                                                                  \
	"$argon2id$v=19$m=64,t=2,p=2$c2l4dGVlbi1ieXRlLXNsdA$"                                      \
	"FkmLgAbQQz+GRdc6aAvqztkfNrY8uBUxTBtjbCPoXI0"
#define NO_PASSWORD                                                                                \
	"$argon2id$v=19$m=8,t=1,p=1$c2l4dGVlbi1ieXRlLXNsdA$"                                       \
	"l70SnMIseUuVjmlpzFN7k25Vhr2EPR8mAOqEQFwUp9c"
/* The same password with a salt of ten bytes. */
#define SHORT_SALT                                                                                 \
	"$argon2id$v=19$m=8,t=1,p=1$c2hvcnQtc2FsdA$lHjVrJsOhAEnN7yWnBsaRHGlNGEYNA+9fGoL3+IoB1E"

static bool is(const char *text, const char *password)
{
	struct fail why = {0};
	bool good = true;

	assert_int_equal(password_verify(text, span_str(password), &good, &why), ERR_OK);
	assert_string_equal(why.text, "");
	return good;
}

static void texts_made_elsewhere(void **state)
{
	assert_true(is(ONE_LANE, PASSWORD));
	assert_true(is(TWO_LANES, PASSWORD));
	assert_true(is(NO_PASSWORD, ""));
	assert_false(is(ONE_LANE, "cadeado-482914"));
	assert_false(is(ONE_LANE, ""));
	assert_false(is(NO_PASSWORD, PASSWORD));
	assert_false(is(NULL, PASSWORD));
}

static void any_changed_byte_of_the_hash_is_wrong(void **state)
{
	char text[] = ONE_LANE;
	size_t i;

	for (i = strlen(text) - 43; i < strlen(text) - 1; i++) {
		char was = text[i];

		text[i] = was == 'A' ? 'B' : 'A';
		assert_false(is(text, PASSWORD));
		text[i] = was;
	}
	assert_true(is(text, PASSWORD));
}

static void damaged_texts(void **state)
{
	static const char *const texts[] = {
		"",
		"x",
		"$argon2i$v=19$m=8,t=1,p=1$c2l4dGVlbi1ieXRlLXNsdA$"
		"e+l6gqybjxqtJ5zQeBmZdooVLuQ+Bg6pS06HGABHEzg",
		"$argon2id$v=19$m=1048577,t=1,p=1$c2l4dGVlbi1ieXRlLXNsdA$"
		"e+l6gqybjxqtJ5zQeBmZdooVLuQ+Bg6pS06HGABHEzg",
		"$argon2id$v=19$m=8,t=65,p=1$c2l4dGVlbi1ieXRlLXNsdA$"
		"e+l6gqybjxqtJ5zQeBmZdooVLuQ+Bg6pS06HGABHEzg",
		"$argon2id$v=19$m=8,t=1,p=2$c2l4dGVlbi1ieXRlLXNsdA$"
		"e+l6gqybjxqtJ5zQeBmZdooVLuQ+Bg6pS06HGABHEzg",
		"$argon2id$v=19$m=-8,t=1,p=1$c2l4dGVlbi1ieXRlLXNsdA$"
		"e+l6gqybjxqtJ5zQeBmZdooVLuQ+Bg6pS06HGABHEzg",
		"$argon2id$v=19$m=8,t=1,p=1$c2l4dGVl!i1ieXRlLXNsdA$"
		"e+l6gqybjxqtJ5zQeBmZdooVLuQ+Bg6pS06HGABHEzg",
		ONE_LANE "A",
		SHORT_SALT,
	};
	char cut[] = ONE_LANE;
	struct fail why = {0};
	bool good = true;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(
			password_verify(texts[i], span_str(PASSWORD), &good, &why), ERR_FORMAT);
		assert_non_null(strstr(why.text, "set it anew"));
		assert_false(good);
	}
	for (i = strlen(cut); i-- > 0;) {
		cut[i] = '\0';
		assert_int_equal(password_verify(cut, span_str(PASSWORD), &good, NULL), ERR_FORMAT);
	}
}

static void hashes_and_verifies(void **state)
{
	char one[PASSWORD_TEXT], two[PASSWORD_TEXT], longest[PASSWORD_MAX + 1];
	bool good = true;

	assert_int_equal(password_hash(span_str(PASSWORD), one, NULL), ERR_OK);
	assert_int_equal(password_hash(span_str(PASSWORD), two, NULL), ERR_OK);
	assert_memory_equal(one, "$argon2id$v=19$m=32768,t=2,p=1$", 31);
	/* Each with a salt of its own. */
	assert_string_not_equal(one, two);
	assert_true(is(one, PASSWORD));
	assert_false(is(one, "cadeado-482914"));
	memset(longest, 'x', sizeof(longest));
	assert_int_equal(password_hash(span_of(longest, PASSWORD_MAX), two, NULL), ERR_OK);
	assert_int_equal(password_verify(two, span_of(longest, PASSWORD_MAX), &good, NULL), ERR_OK);
	assert_true(good);
	assert_int_equal(password_hash(span_of(longest, sizeof(longest)), one, NULL), ERR_ARG);
}

static void a_key_from_a_passphrase(void **state)
{
	/* The hash of ONE_LANE. */
	static const uint8_t expected[] = {0x7b, 0xe9, 0x7a, 0x82, 0xac, 0x9b, 0x8f, 0x1a};
	static const struct kdf_cost cheap = {.memory_kib = 8, .passes = 1, .lanes = 1};
	struct kdf_cost bad = {.memory_kib = 7, .passes = 1, .lanes = 1};
	const uint8_t *salt = (const uint8_t *)"sixteen-byte-slt";
	uint8_t key[PASSWORD_KEY];

	assert_int_equal(password_key(span_str(PASSWORD), salt, &cheap, key), ERR_OK);
	assert_memory_equal(key, expected, sizeof(expected));
	assert_int_equal(password_key(span_str(PASSWORD), salt, &bad, key), ERR_ARG);
	mem_fail_from(1);
	assert_int_equal(password_key(span_str(PASSWORD), salt, &cheap, key), ERR_NOMEM);
	mem_fail_from(0);
}

/* Written by Python's cryptography (AESGCM) under the key 00 01 .. 1f. */
static const uint8_t sealed_elsewhere[] = {0x37, 0x6e, 0xb7, 0x72, 0xab, 0xc5, 0xb6, 0x7e, 0xf5,
	0x35, 0x71, 0xfc, 0x61, 0x0a, 0xaf, 0x12, 0x34, 0x68, 0xc5, 0xfb, 0x0b, 0x2e, 0xe1, 0x03,
	0x01, 0xef};
static const uint8_t first_piece[] = {0x68, 0xd5, 0xc7, 0xad, 0xc1, 0x0c, 0xf3, 0xd4, 0x6d, 0xcb,
	0xcc, 0xc6, 0x8a, 0x0c, 0xf0, 0xaf, 0x73, 0x61, 0xe8, 0x87, 0x8a, 0x8a, 0x13, 0xe3, 0x35,
	0x87, 0xa3};
static const uint8_t last_piece[] = {0x82, 0x55, 0xbb, 0x91, 0x23, 0xcd, 0x7a, 0x53, 0x1b, 0xef,
	0x86, 0x4c, 0x3a, 0x8f, 0x82, 0xa6};

static void make_key(uint8_t key[SEAL_KEY])
{
	uint8_t i;

	for (i = 0; i < SEAL_KEY; i++)
		key[i] = i;
}

static void seals_as_others_do(void **state)
{
	struct span head = span_str("head"), text = span_str("plain text");
	struct buf sealed = {0}, plain = {0};
	uint8_t key[SEAL_KEY], changed[sizeof(sealed_elsewhere)];
	size_t i;

	make_key(key);
	assert_int_equal(seal(key, key, head, text, &sealed), ERR_OK);
	assert_int_equal(sealed.len, sizeof(sealed_elsewhere));
	assert_memory_equal(sealed.data, sealed_elsewhere, sealed.len);
	assert_int_equal(unseal(key, key, head, buf_span(&sealed), &plain), ERR_OK);
	assert_true(span_eq(buf_span(&plain), text));
	for (i = 0; i < sizeof(changed); i++) {
		memcpy(changed, sealed_elsewhere, sizeof(changed));
		changed[i] ^= 1;
		assert_int_equal(unseal(key, key, head, span_of(changed, sizeof(changed)), &plain),
			ERR_VERIFY);
		assert_int_equal(
			unseal(key, key, head, span_of(sealed_elsewhere, i), &plain), ERR_VERIFY);
	}
	assert_int_equal(unseal(key, key, span_str("Head"), buf_span(&sealed), &plain), ERR_VERIFY);
	assert_int_equal(plain.len, text.len);
	buf_fini(&sealed);
	buf_fini(&plain);
}

static void a_stream_in_pieces(void **state)
{
	struct span head = span_str("head"), none = span_of(NULL, 0);
	struct buf first = {0}, last = {0}, plain = {0};
	uint8_t key[SEAL_KEY];

	make_key(key);
	assert_int_equal(seal_piece(key, 0, false, head, span_str("first piece"), &first), ERR_OK);
	assert_int_equal(seal_piece(key, 1, true, head, none, &last), ERR_OK);
	assert_memory_equal(first.data, first_piece, sizeof(first_piece));
	assert_int_equal(first.len, sizeof(first_piece));
	assert_memory_equal(last.data, last_piece, sizeof(last_piece));
	assert_int_equal(last.len, sizeof(last_piece));
	assert_int_equal(unseal_piece(key, 0, false, head, buf_span(&first), &plain), ERR_OK);
	assert_int_equal(unseal_piece(key, 1, true, head, buf_span(&last), &plain), ERR_OK);
	assert_true(span_eq(buf_span(&plain), span_str("first piece")));
	/* Cut off after the first piece, exchanged, left out. */
	assert_int_equal(unseal_piece(key, 0, true, head, buf_span(&first), &plain), ERR_VERIFY);
	assert_int_equal(unseal_piece(key, 1, false, head, buf_span(&first), &plain), ERR_VERIFY);
	assert_int_equal(unseal_piece(key, 0, true, head, buf_span(&last), &plain), ERR_VERIFY);
	assert_int_equal(seal_piece(key, UINT64_C(1) << 32, false, head, none, &last), ERR_LIMIT);
	buf_fini(&first);
	buf_fini(&last);
	buf_fini(&plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_made_elsewhere),
		cmocka_unit_test(any_changed_byte_of_the_hash_is_wrong),
		cmocka_unit_test(damaged_texts),
		cmocka_unit_test(hashes_and_verifies),
		cmocka_unit_test(a_key_from_a_passphrase),
		cmocka_unit_test(seals_as_others_do),
		cmocka_unit_test(a_stream_in_pieces),
	};

	return cmocka_run_group_tests_name("crypto/password", tests, NULL, NULL);
}
