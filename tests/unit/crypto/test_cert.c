/* SPDX-License-Identifier: BSD-2-Clause */
#include "fixture.h"

#include "base/str.h"

#include <openssl/err.h>
#include <openssl/x509.h>

/* As md5sum and `openssl x509 -dates` say of rsa.der. */
#define RSA_MD5        "7f189e0d0b84f44d33e0176fb1ff78b8"
#define RSA_NOT_BEFORE 1795461299
#define RSA_NOT_AFTER  2110821299
/* 2026-01-02 and 2060-01-02, 03:04:05 UTC; the second is a GeneralizedTime. */
#define ODD_NOT_BEFORE 1767323045
#define ODD_NOT_AFTER  2840238245

static void check_key(const char *cert, const char *key, bool is_rsa, unsigned bits)
{
	struct cert *c = fixture_cert(cert);
	struct buf expected = fixture_read(key);

	assert_true(span_eq(cert_list_key(c), buf_span(&expected)));
	assert_int_equal(cert_key_is_rsa(c), is_rsa);
	assert_int_equal(cert_key_bits(c), bits);
	cert_free(c);
	buf_fini(&expected);
}

static void fields(void **state)
{
	static const uint8_t serial[] = {0x8F, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88};
	struct buf der = fixture_read("rsa.der");
	struct cert *c = NULL;
	char md5[33];

	assert_int_equal(cert_from_der(&c, buf_span(&der), NULL), ERR_OK);
	assert_true(span_eq(cert_der(c), buf_span(&der)));
	assert_true(span_eq(cert_serial(c), span_of(serial, sizeof(serial))));
	assert_int_equal(cert_not_before(c), RSA_NOT_BEFORE);
	assert_int_equal(cert_not_after(c), RSA_NOT_AFTER);
	assert_true(cert_valid_at(c, RSA_NOT_BEFORE));
	assert_true(cert_valid_at(c, RSA_NOT_AFTER));
	assert_false(cert_valid_at(c, RSA_NOT_BEFORE - 1));
	assert_false(cert_valid_at(c, RSA_NOT_AFTER + 1));
	cert_md5_hex(c, md5);
	assert_string_equal(md5, RSA_MD5);
	/* The last 128 bytes of the file are the signature bits. */
	assert_true(span_eq(cert_signature(c), span_of(der.data + der.len - 128, 128)));
	assert_true(cert_is_ca(c)); /* what `openssl req -x509` makes */
	cert_free(c);
	c = fixture_cert("name-odd.der");
	assert_int_equal(cert_not_before(c), ODD_NOT_BEFORE);
	assert_int_equal(cert_not_after(c), ODD_NOT_AFTER);
	assert_false(cert_is_ca(c));
	cert_free(c);
	buf_fini(&der);
}

static void list_keys(void **state)
{
	struct cert *c;

	check_key("rsa.pem", "rsa-list-key.der", true, 1024);
	check_key("ec256.pem", "ec256-point.bin", false, 256);
	/* The same key, held compressed in the certificate. */
	check_key("ec256-compressed.pem", "ec256-point.bin", false, 256);
	c = fixture_cert("ec384.pem");
	assert_int_equal(cert_list_key(c).len, 97);
	cert_free(c);
	c = fixture_cert("ec521.pem");
	assert_int_equal(cert_list_key(c).len, 133);
	cert_free(c);
	c = fixture_cert("rsa.pem");
	assert_int_equal(cert_list_key(c).len, 140);
	cert_free(c);
}

/* cert_from_der reads keys of RSA by itself; what it takes must be what OpenSSL's X509 takes. */
static void as_openssl_reads(struct span der)
{
	const unsigned char *at = der.ptr;
	X509 *x509 = d2i_X509(NULL, &at, (long)der.len);
	EVP_PKEY *key = x509 ? X509_get0_pubkey(x509) : NULL;
	struct cert *c = NULL;

	if (cert_from_der(&c, der, NULL) == ERR_OK) {
		assert_non_null(key);
		assert_int_equal(EVP_PKEY_get_bits(key), cert_key_bits(c));
		assert_int_equal(
			EVP_PKEY_get_base_id(key), cert_key_is_rsa(c) ? EVP_PKEY_RSA : EVP_PKEY_EC);
		cert_free(c);
	}
	X509_free(x509);
	ERR_clear_error();
}

static void every_bit(void **state)
{
	static const char *const files[] = {"rsa.der", "ec256.pem", "ec256-compressed.pem"};
	size_t i, at, bit;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct cert *c = fixture_cert(files[i]);
		struct buf der = {0};

		buf_put(&der, cert_der(c));
		for (at = 0; at < der.len; at++) {
			for (bit = 0; bit < 8; bit++) {
				der.data[at] ^= (uint8_t)(1u << bit);
				as_openssl_reads(buf_span(&der));
				der.data[at] ^= (uint8_t)(1u << bit);
			}
		}
		cert_free(c);
		buf_fini(&der);
	}
}

/* An exponent longer than the key: OpenSSL's decoders are asked, too, and refuse it. */
static void bad_rsa_key(void **state)
{
	static const uint8_t integer[] = {0x02, 0x03, 0x01, 0x00, 0x01};
	struct buf der = fixture_read("rsa.der");
	uint8_t *at = memmem(der.data, der.len, integer, sizeof(integer));
	struct fail why = {0};
	struct cert *c = NULL;

	assert_non_null(at);
	at[1] = 0x04;
	assert_int_equal(cert_from_der(&c, buf_span(&der), &why), ERR_UNSUPPORTED);
	assert_string_equal(why.text, "certificate: public key: decode error");
	buf_fini(&der);
}

static void pem_round(void **state)
{
	struct cert *c = fixture_cert("rsa.der");
	struct buf expected = fixture_read("rsa.pem"), pem = {0};

	assert_int_equal(cert_to_pem(c, &pem), ERR_OK);
	assert_true(span_eq(buf_span(&pem), buf_span(&expected)));
	cert_free(c);
	buf_fini(&pem);
	buf_fini(&expected);
}

static void refused(struct span bytes, enum err expected)
{
	struct fail why = {0};
	struct cert *c = NULL;

	assert_int_equal(cert_from_der(&c, bytes, &why), expected);
	assert_null(c);
	assert_int_equal(why.code, expected);
	assert_string_not_equal(why.text, "");
}

static void bad_input(void **state)
{
	struct buf der = fixture_read("rsa.der"), big = {0};
	struct fail why = {0};
	struct cert *c = NULL;
	size_t len;

	for (len = 0; len < der.len; len++)
		refused(span_of(der.data, len), ERR_FORMAT);
	buf_u8(&der, 0);
	refused(buf_span(&der), ERR_FORMAT);
	buf_fill(&big, 0x30, CERT_SIZE_MAX + 1);
	refused(buf_span(&big), ERR_LIMIT);
	assert_int_equal(cert_from_pem(&c, span_str("no PEM"), &why), ERR_FORMAT);
	fail_clear(&why);
	assert_int_equal(cert_from_pem(&c, span_of(NULL, 0), &why), ERR_FORMAT);
	fail_clear(&why);
	assert_int_equal(cert_load(&c, fixture_path("ed25519.pem"), &why), ERR_UNSUPPORTED);
	assert_non_null(strstr(why.text, "ed25519.pem: "));
	fail_clear(&why);
	assert_int_equal(cert_load(&c, fixture_path("none.pem"), &why), ERR_NOTFOUND);
	assert_non_null(strstr(why.text, "none.pem"));
	buf_fini(&der);
	buf_fini(&big);
}

/* The outer length in three bytes where two do: another digest for the same certificate. */
static void other_encoding_is_refused(void **state)
{
	struct buf der = fixture_read("rsa.der"), longer = {0};

	assert_int_equal(der.data[1], 0x82);
	buf_u8(&longer, 0x30);
	buf_u8(&longer, 0x83);
	buf_u8(&longer, 0);
	buf_put(&longer, span_of(der.data + 2, der.len - 2));
	refused(buf_span(&longer), ERR_FORMAT);
	buf_fini(&der);
	buf_fini(&longer);
}

static void flipped_bytes_never_crash(void **state)
{
	struct buf der = fixture_read("rsa.der");
	struct cert *c;
	size_t i;

	for (i = 0; i < der.len; i++) {
		der.data[i] ^= 0x81;
		c = NULL;
		if (cert_from_der(&c, buf_span(&der), NULL) == ERR_OK)
			cert_free(c);
		else
			assert_null(c);
		der.data[i] ^= 0x81;
	}
	buf_fini(&der);
}

static void signed_by(void **state)
{
	struct cert *ca = fixture_cert("ca.pem"), *stranger = fixture_cert("stranger.pem");
	struct cert *phone = fixture_cert("phone.pem"), *other = fixture_cert("rsa.pem");
	struct fail why = {0};

	assert_int_equal(cert_check_signed_by(phone, ca, &why), ERR_OK);
	assert_int_equal(cert_check_signed_by(ca, ca, &why), ERR_OK);
	assert_int_equal(cert_check_signed_by(phone, stranger, &why), ERR_VERIFY);
	assert_non_null(strstr(why.text, "not signed with the key"));
	fail_clear(&why);
	assert_int_equal(cert_check_signed_by(phone, other, &why), ERR_VERIFY);
	assert_non_null(strstr(why.text, "issued by"));
	cert_free(ca);
	cert_free(stranger);
	cert_free(phone);
	cert_free(other);
}

static void check_signature(
	const char *cert, const char *file, enum digest_alg alg, enum digest_alg other)
{
	struct span pieces[] = {
		span_str("The quick brown "), span_str("fox jumps over the lazy dog")};
	struct span cut[] = {span_str("The quick brown "), span_str("fox jumps over the lazy do")};
	struct cert *c = fixture_cert(cert);
	struct buf sig = fixture_read(file);
	struct span key = cert_list_key(c);

	assert_int_equal(cert_check_signature(c, alg, pieces, 2, buf_span(&sig)), ERR_OK);
	assert_int_equal(list_key_check_signature(key, alg, pieces, 2, buf_span(&sig)), ERR_OK);
	assert_int_equal(cert_check_signature(c, other, pieces, 2, buf_span(&sig)), ERR_VERIFY);
	assert_int_equal(cert_check_signature(c, alg, cut, 2, buf_span(&sig)), ERR_VERIFY);
	assert_int_equal(list_key_check_signature(key, alg, cut, 2, buf_span(&sig)), ERR_VERIFY);
	assert_int_equal(list_key_check_signature(
				 span_of(key.ptr, key.len - 1), alg, pieces, 2, buf_span(&sig)),
		ERR_VERIFY);
	sig.data[sig.len / 2] ^= 1;
	assert_int_equal(cert_check_signature(c, alg, pieces, 2, buf_span(&sig)), ERR_VERIFY);
	assert_int_equal(list_key_check_signature(key, alg, pieces, 2, buf_span(&sig)), ERR_VERIFY);
	cert_free(c);
	buf_fini(&sig);
}

static void signatures(void **state)
{
	struct cert *c = fixture_cert("rsa.pem");
	struct span none = {0}, text = span_str("x");
	uint8_t point[65] = {4, 1};

	check_signature("rsa.pem", "rsa-sha1.sig", DIGEST_SHA1, DIGEST_SHA256);
	check_signature("rsa.pem", "rsa-sha256.sig", DIGEST_SHA256, DIGEST_SHA1);
	check_signature("rsa.pem", "rsa-sha512.sig", DIGEST_SHA512, DIGEST_SHA1);
	check_signature("ec256.pem", "ec256.sig", DIGEST_SHA256, DIGEST_SHA1);
	check_signature("ec384.pem", "ec384.sig", DIGEST_SHA256, DIGEST_SHA1);
	check_signature("ec521.pem", "ec521.sig", DIGEST_SHA256, DIGEST_SHA1);
	assert_int_equal(
		cert_check_signature(c, (enum digest_alg)9, &text, 1, none), ERR_UNSUPPORTED);
	assert_int_equal(cert_check_signature(c, DIGEST_SHA1, &text, 1, none), ERR_VERIFY);
	assert_int_equal(list_key_check_signature(none, DIGEST_SHA1, &text, 1, none), ERR_VERIFY);
	/* Not on the curve. */
	assert_int_equal(list_key_check_signature(
				 span_of(point, sizeof(point)), DIGEST_SHA1, &text, 1, text),
		ERR_VERIFY);
	cert_free(c);
}

/* NIST SP 800-38A F.2.1 and F.2.2, blocks 1 and 2. */
static void cbc(void **state)
{
	struct buf key = {0}, iv = {0}, plain = {0}, sealed = {0}, out = {0};

	assert_int_equal(str_unhex(&key, "2b7e151628aed2a6abf7158809cf4f3c"), ERR_OK);
	assert_int_equal(str_unhex(&iv, "000102030405060708090a0b0c0d0e0f"), ERR_OK);
	assert_int_equal(str_unhex(&plain, "6bc1bee22e409f96e93d7e117393172a"
					   "ae2d8a571e03ac9c9eb76fac45af8e51"),
		ERR_OK);
	assert_int_equal(str_unhex(&sealed, "7649abac8119b246cee98e9b12e9197d"
					    "5086cb9b507219ee95db113a917678b2"),
		ERR_OK);
	assert_int_equal(aes128_cbc(true, key.data, iv.data, buf_span(&plain), &out), ERR_OK);
	assert_true(span_eq(buf_span(&out), buf_span(&sealed)));
	buf_clear(&out);
	assert_int_equal(aes128_cbc(false, key.data, iv.data, buf_span(&sealed), &out), ERR_OK);
	assert_true(span_eq(buf_span(&out), buf_span(&plain)));
	assert_int_equal(
		aes128_cbc(true, key.data, iv.data, span_of(plain.data, 17), &out), ERR_ARG);
	assert_int_equal(aes128_cbc(true, key.data, iv.data, span_of(NULL, 0), &out), ERR_OK);
	assert_int_equal(out.len, 32);
	buf_fini(&key);
	buf_fini(&iv);
	buf_fini(&plain);
	buf_fini(&sealed);
	buf_fini(&out);
}

static void every_allocation_can_fail(void **state)
{
	struct buf pem = fixture_read("name-odd.der");
	enum err err = ERR_NOMEM;
	struct cert *c = NULL;
	struct fail why;
	size_t n;

	for (n = 1; err && n < 1000; n++) {
		fail_clear(&why);
		mem_fail_from(n);
		err = cert_from_der(&c, buf_span(&pem), &why);
		mem_fail_from(0);
		if (err) {
			assert_int_equal(err, ERR_NOMEM);
			assert_int_equal(why.code, ERR_NOMEM);
			assert_null(c);
		}
	}
	assert_true(n > 5);
	assert_int_equal(err, ERR_OK);
	cert_free(c);
	buf_fini(&pem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields),
		cmocka_unit_test(list_keys),
		cmocka_unit_test(every_bit),
		cmocka_unit_test(bad_rsa_key),
		cmocka_unit_test(pem_round),
		cmocka_unit_test(bad_input),
		cmocka_unit_test(other_encoding_is_refused),
		cmocka_unit_test(flipped_bytes_never_crash),
		cmocka_unit_test(signed_by),
		cmocka_unit_test(signatures),
		cmocka_unit_test(cbc),
		cmocka_unit_test(every_allocation_can_fail),
	};

	return cmocka_run_group_tests_name("crypto/cert", tests, NULL, NULL);
}
