/* SPDX-License-Identifier: BSD-2-Clause */
#include "fixture.h"

#include "crypto/ossl.h"

#include <sys/stat.h>

static void opens_what_openssl_sealed(void **state)
{
	struct buf sealed = fixture_read("aes-key.sealed"), plain = {0};
	struct key *k = fixture_key();

	assert_int_equal(key_decrypt(k, buf_span(&sealed), 16, &plain), ERR_OK);
	assert_true(span_eq(buf_span(&plain), span_str("0123456789abcdef")));
	key_free(k);
	buf_fini(&sealed);
	buf_fini(&plain);
}

/* Wrong padding, wrong length inside and a number above the modulus all give other bytes each time.
 */
static void gives_random(const struct key *k, struct span sealed, size_t want)
{
	struct buf a = {0}, b = {0};

	assert_int_equal(key_decrypt(k, sealed, want, &a), ERR_OK);
	assert_int_equal(key_decrypt(k, sealed, want, &b), ERR_OK);
	assert_int_equal(a.len, want);
	assert_int_equal(b.len, want);
	assert_memory_not_equal(a.data, b.data, want);
	buf_fini(&a);
	buf_fini(&b);
}

static void wrong_padding_gives_random_bytes(void **state)
{
	struct buf sealed = fixture_read("aes-key.sealed"), plain = {0};
	struct key *k = fixture_key();
	uint8_t high[128];

	gives_random(k, buf_span(&sealed), 15);
	gives_random(k, buf_span(&sealed), 17);
	sealed.data[100] ^= 1;
	gives_random(k, buf_span(&sealed), 16);
	memset(high, 0xFF, sizeof(high));
	gives_random(k, span_of(high, sizeof(high)), 16);
	memset(high, 0, sizeof(high));
	gives_random(k, span_of(high, sizeof(high)), 16);
	assert_int_equal(key_decrypt(k, span_of(high, 127), 16, &plain), ERR_FORMAT);
	assert_int_equal(key_decrypt(k, span_of(high, 128), 118, &plain), ERR_ARG);
	assert_int_equal(key_decrypt(k, span_of(high, 128), 0, &plain), ERR_ARG);
	assert_int_equal(plain.len, 0);
	key_free(k);
	buf_fini(&sealed);
	buf_fini(&plain);
}

static void encrypts_to_a_certificate(void **state)
{
	struct cert *rsa = fixture_cert("rsa.pem"), *ec = fixture_cert("ec256.pem");
	struct buf sealed = {0}, plain = {0};
	struct key *k = fixture_key();
	uint8_t text[118] = {0};

	assert_int_equal(cert_encrypt_to(rsa, span_of(text, 117), &sealed, NULL), ERR_OK);
	assert_int_equal(sealed.len, 128);
	assert_int_equal(key_decrypt(k, buf_span(&sealed), 117, &plain), ERR_OK);
	assert_memory_equal(plain.data, text, 117);
	assert_int_equal(cert_encrypt_to(rsa, span_of(text, 118), &sealed, NULL), ERR_CRYPTO);
	assert_int_equal(sealed.len, 128);
	assert_int_equal(cert_encrypt_to(ec, span_of(text, 16), &sealed, NULL), ERR_UNSUPPORTED);
	cert_free(rsa);
	cert_free(ec);
	key_free(k);
	buf_fini(&sealed);
	buf_fini(&plain);
}

/* PKCS #1 v1.5 is deterministic: openssl's signature and ours are the same bytes. */
static void signs_as_openssl_does(void **state)
{
	static const struct {
		enum digest_alg alg;
		const char *file;
	} cases[] = {
		{DIGEST_SHA1, "rsa-sha1.sig"},
		{DIGEST_SHA256, "rsa-sha256.sig"},
		{DIGEST_SHA512, "rsa-sha512.sig"},
	};
	struct span pieces[] = {
		span_str("The quick brown fox"), span_str(" jumps over the lazy dog")};
	struct key *k = fixture_key();
	struct buf expected, sig = {0};
	size_t i;

	for (i = 0; i < 3; i++) {
		expected = fixture_read(cases[i].file);
		buf_clear(&sig);
		assert_int_equal(key_sign(k, cases[i].alg, pieces, 2, &sig), ERR_OK);
		assert_true(span_eq(buf_span(&sig), buf_span(&expected)));
		buf_fini(&expected);
	}
	assert_int_equal(key_sign(k, (enum digest_alg)7, pieces, 2, &sig), ERR_UNSUPPORTED);
	assert_int_equal(sig.len, 128);
	key_free(k);
	buf_fini(&sig);
}

static void round_trip(enum key_type type, unsigned bits)
{
	struct buf der = {0}, spki = {0}, spki2 = {0}, sig = {0}, plain = {0};
	struct span text = span_str(FIXTURE_MESSAGE);
	struct key *k = NULL, *again = NULL;

	assert_int_equal(key_generate(&k, type, bits, NULL), ERR_OK);
	assert_int_equal(key_get_type(k), type);
	assert_int_equal(key_get_bits(k), bits);
	assert_int_equal(key_to_der(k, &der), ERR_OK);
	assert_int_equal(key_from_der(&again, buf_span(&der), NULL), ERR_OK);
	assert_int_equal(key_public_der(k, &spki), ERR_OK);
	assert_int_equal(key_public_der(again, &spki2), ERR_OK);
	assert_true(span_eq(buf_span(&spki), buf_span(&spki2)));
	assert_int_equal(key_sign(again, DIGEST_SHA256, &text, 1, &sig), ERR_OK);
	assert_int_equal(
		ossl_verify(key_get_native(k), DIGEST_SHA256, &text, 1, buf_span(&sig)), ERR_OK);
	if (type == KEY_EC)
		assert_int_equal(key_decrypt(k, text, 16, &plain), ERR_UNSUPPORTED);
	key_free(k);
	key_free(again);
	buf_wipe(&der);
	buf_fini(&spki);
	buf_fini(&spki2);
	buf_fini(&sig);
}

static void generating(void **state)
{
	struct fail why = {0};
	struct key *k = NULL;

	round_trip(KEY_RSA, 512);
	round_trip(KEY_RSA, 1024);
	round_trip(KEY_EC, 256);
	round_trip(KEY_EC, 384);
	round_trip(KEY_EC, 521);
	assert_int_equal(key_generate(&k, KEY_RSA, 511, &why), ERR_ARG);
	assert_non_null(strstr(why.text, "512 to 4096"));
	assert_int_equal(key_generate(&k, KEY_RSA, 4097, NULL), ERR_ARG);
	assert_int_equal(key_generate(&k, KEY_EC, 224, NULL), ERR_ARG);
	assert_null(k);
}

static void files(void **state)
{
	char *folder = fixture_folder(), *path = file_join(folder, "a.key");
	struct key *k = fixture_key(), *again = NULL;
	struct buf expected = fixture_read("rsa.key"), found = {0};
	struct fail why = {0};
	struct stat st;

	assert_int_equal(key_load_pem(&again, path, &why), ERR_NOTFOUND);
	fail_clear(&why);
	assert_int_equal(key_save_pem(k, path, NULL), ERR_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	/* The same text as openssl genpkey writes. */
	assert_int_equal(file_read(path, FIXTURE_MAX, &found, NULL), ERR_OK);
	assert_true(span_eq(buf_span(&found), buf_span(&expected)));
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(key_load_pem(&again, path, &why), ERR_DENIED);
	assert_non_null(strstr(why.text, "chmod 600"));
	fail_clear(&why);
	assert_int_equal(chmod(path, 0400), 0);
	assert_int_equal(key_load_pem(&again, path, &why), ERR_OK);
	key_free(again);
	again = NULL;
	assert_int_equal(file_replace(path, span_str("nothing"), 0600, FILE_NOSYNC, NULL), ERR_OK);
	assert_int_equal(key_load_pem(&again, path, &why), ERR_FORMAT);
	assert_non_null(strstr(why.text, path));
	assert_null(again);
	key_free(k);
	buf_fini(&expected);
	buf_fini(&found);
	mem_free(path);
	fixture_remove(folder);
}

static void bad_der(void **state)
{
	struct key *k = fixture_key(), *again = NULL;
	struct buf der = {0};

	assert_int_equal(key_to_der(k, &der), ERR_OK);
	assert_int_equal(key_from_der(&again, span_of(NULL, 0), NULL), ERR_FORMAT);
	assert_int_equal(key_from_der(&again, span_of(der.data, der.len - 1), NULL), ERR_FORMAT);
	buf_u8(&der, 0);
	assert_int_equal(key_from_der(&again, buf_span(&der), NULL), ERR_FORMAT);
	assert_null(again);
	key_free(k);
	buf_wipe(&der);
}

static void allocations_can_fail(void **state)
{
	struct buf sealed = fixture_read("aes-key.sealed"), plain = {0};
	struct key *k = fixture_key();
	enum err err = ERR_NOMEM;
	size_t n;

	for (n = 1; err && n < 100; n++) {
		buf_fini(&plain);
		mem_fail_from(n);
		err = key_decrypt(k, buf_span(&sealed), 16, &plain);
		mem_fail_from(0);
		assert_true(err == ERR_OK || err == ERR_NOMEM);
	}
	assert_int_equal(n, 4);
	assert_true(span_eq(buf_span(&plain), span_str("0123456789abcdef")));
	buf_fini(&plain);
	mem_fail_from(1);
	err = key_sign(k, DIGEST_SHA1, NULL, 0, &plain);
	mem_fail_from(0);
	assert_int_equal(err, ERR_NOMEM);
	buf_fini(&plain);
	mem_fail_from(1);
	err = key_to_der(k, &plain);
	mem_fail_from(0);
	assert_int_equal(err, ERR_NOMEM);
	key_free(k);
	buf_fini(&sealed);
	buf_fini(&plain);
}

/* What other tests take in place of generated keys. */
static void quick_keys_are_good_and_differ(void **state)
{
	char path[] = "/tmp/cadeado-keys-XXXXXX";
	int fd = mkstemp(path);
	struct span seen[40];
	struct buf der[40] = {0};
	size_t i, k;

	assert_true(fd >= 0);
	assert_int_equal(setenv("CADEADO_KEYS", path, 1), 0);
	for (i = 0; i < 40; i++) {
		EVP_PKEY *pkey = ossl_quick_rsa(2048);
		EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(pkey, NULL);

		assert_non_null(pkey);
		assert_int_equal(EVP_PKEY_get_bits(pkey), 2048);
		assert_int_equal(EVP_PKEY_check(c), 1);
		int len = i2d_PUBKEY(pkey, NULL);
		uint8_t *at = buf_grow(&der[i], (size_t)len);

		assert_int_equal(i2d_PUBKEY(pkey, &at), len);
		seen[i] = buf_span(&der[i]);
		for (k = 0; k < i; k++)
			assert_false(span_eq(seen[k], seen[i]));
		EVP_PKEY_CTX_free(c);
		EVP_PKEY_free(pkey);
	}
	/* The last pair of primes, and then no more. */
	assert_int_equal(ftruncate(fd, 256 * 255 / 2 - 1), 0);
	EVP_PKEY *last = ossl_quick_rsa(2048);

	assert_non_null(last);
	assert_null(ossl_quick_rsa(2048));
	assert_null(ossl_quick_rsa(1024));
	EVP_PKEY_free(last);
	for (i = 0; i < 40; i++)
		buf_fini(&der[i]);
	assert_int_equal(setenv("CADEADO_KEYS", "", 1), 0);
	close(fd);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_what_openssl_sealed),
		cmocka_unit_test(wrong_padding_gives_random_bytes),
		cmocka_unit_test(encrypts_to_a_certificate),
		cmocka_unit_test(signs_as_openssl_does),
		cmocka_unit_test(generating),
		cmocka_unit_test(quick_keys_are_good_and_differ),
		cmocka_unit_test(files),
		cmocka_unit_test(bad_der),
		cmocka_unit_test(allocations_can_fail),
	};

	return cmocka_run_group_tests_name("crypto/key", tests, NULL, NULL);
}
