/* SPDX-License-Identifier: BSD-2-Clause
 * Keys that phones send, made by openssl and spoilt here. */
#include "lab.h"

#include "core/enrol/public_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct enrol_key rsa = {false, 2048};
static char folder[] = "/tmp/cadeado-key-XXXXXX";

static int make_folder(void **state)
{
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	return lab_run("rm -r %s", folder);
}

/* SubjectPublicKeyInfo of a new key. */
static struct buf key_of(const char *options)
{
	char path[64];

	assert_int_equal(lab_run("cd %s && openssl genpkey %s 2>/dev/null | openssl pkey -pubout "
				 "-outform DER -out spki",
				 folder, options),
		0);
	snprintf(path, sizeof(path), "%s/spki", folder);
	return lab_read(path);
}

static void keys_that_were_asked_for(void **state)
{
	static const struct {
		const char *options;
		struct enrol_key want;
	} rows[] = {
		{"-algorithm RSA -pkeyopt rsa_keygen_bits:512", {false, 512}},
		{"-algorithm RSA -pkeyopt rsa_keygen_bits:1024", {false, 1024}},
		{"-algorithm RSA -pkeyopt rsa_keygen_bits:2048", {false, 2048}},
		{"-algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:3",
			{false, 2048}},
		{"-algorithm EC -pkeyopt ec_paramgen_curve:P-256", {true, 256}},
		{"-algorithm EC -pkeyopt ec_paramgen_curve:P-384", {true, 384}},
		{"-algorithm EC -pkeyopt ec_paramgen_curve:P-521", {true, 521}},
	};
	struct fail why = {0};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf spki = key_of(rows[i].options);

		if (public_key_check(buf_span(&spki), &rows[i].want, &why))
			fail_msg("%s: %s", rows[i].options, why.text);
		buf_fini(&spki);
	}
}

static void other_keys_are_refused(void **state)
{
	static const struct {
		const char *options;
		struct enrol_key want;
		enum err err;
		const char *text;
	} rows[] = {
		{"-algorithm RSA -pkeyopt rsa_keygen_bits:1024", {false, 2048}, ERR_FORMAT,
			"2048 bits were asked"},
		{"-algorithm RSA -pkeyopt rsa_keygen_bits:2056", {false, 2048}, ERR_FORMAT,
			"2048 bits were asked"},
		{"-algorithm RSA -pkeyopt rsa_keygen_bits:2047", {false, 2048}, ERR_FORMAT,
			"2048 bits were asked"},
		{"-algorithm EC -pkeyopt ec_paramgen_curve:P-256", {false, 2048}, ERR_UNSUPPORTED,
			"RSA-2048 was asked for"},
		{"-algorithm ED25519", {false, 2048}, ERR_UNSUPPORTED, "RSA-2048"},
		{"-algorithm RSA -pkeyopt rsa_keygen_bits:1024", {true, 384}, ERR_UNSUPPORTED,
			"EC P-384 was asked for"},
		{"-algorithm EC -pkeyopt ec_paramgen_curve:P-256", {true, 384}, ERR_UNSUPPORTED,
			"EC P-384"},
		{"-algorithm EC -pkeyopt ec_paramgen_curve:P-384", {true, 521}, ERR_UNSUPPORTED,
			"EC P-521"},
		{"-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1", {true, 256}, ERR_UNSUPPORTED,
			"EC P-256"},
		{"-algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt "
		 "ec_param_enc:explicit",
			{true, 256}, ERR_UNSUPPORTED, "EC P-256"},
	};
	struct fail why = {0};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf spki = key_of(rows[i].options);

		fail_clear(&why);
		assert_int_equal(
			public_key_check(buf_span(&spki), &rows[i].want, &why), rows[i].err);
		if (!strstr(why.text, rows[i].text))
			fail_msg("%s: %s", rows[i].options, why.text);
		buf_fini(&spki);
	}
	assert_int_equal(public_key_check(span_of("", 0), &rsa, NULL), ERR_SHORT);
}

/* Every byte of the two numbers' frame matters; what is cut, longer or weak is refused. */
static void spoilt_keys_are_refused(void **state)
{
	struct fail why = {0};
	struct buf spki = key_of("-algorithm RSA -pkeyopt rsa_keygen_bits:2048"), b = {0};
	size_t len = spki.len, i;

	assert_int_equal(len, 294);
	for (i = 0; i < len; i++)
		assert_int_not_equal(public_key_check(span_of(spki.data, i), &rsa, NULL), 0);
	buf_put(&b, buf_span(&spki));
	buf_u8(&b, 0);
	assert_int_equal(public_key_check(buf_span(&b), &rsa, &why), ERR_FORMAT);
	assert_non_null(strstr(why.text, "1 bytes too many"));

	/* Frame: 30 82 0122, algorithm to byte 18, 03 82 010F 00, 30 82 010A, 02 82 0101 00. */
	for (i = 0; i < 33; i++) {
		spki.data[i] ^= 0x40;
		assert_int_not_equal(public_key_check(buf_span(&spki), &rsa, NULL), 0);
		spki.data[i] ^= 0x40;
	}
	assert_int_equal(public_key_check(buf_span(&spki), &rsa, NULL), 0);
	/* Ends: … modulus | 02 03 01 00 01. */
	spki.data[len - 1] = 2;
	assert_int_equal(public_key_check(buf_span(&spki), &rsa, NULL), ERR_FORMAT);
	spki.data[len - 1] = 1;
	spki.data[len - 6] ^= 1;
	fail_clear(&why);
	assert_int_equal(public_key_check(buf_span(&spki), &rsa, &why), ERR_FORMAT);
	assert_non_null(strstr(why.text, "modulus"));
	assert_non_null(strstr(why.text, "even"));
	buf_fini(&spki);
	buf_fini(&b);
}

static void spoilt_points_are_refused(void **state)
{
	static const struct enrol_key p384 = {true, 384};
	struct buf spki = key_of("-algorithm EC -pkeyopt ec_paramgen_curve:P-384");
	size_t i;

	assert_int_equal(spki.len, 120);
	for (i = 0; i < spki.len; i++)
		assert_int_not_equal(public_key_check(span_of(spki.data, i), &p384, NULL), 0);
	/* Frame: 30 76, algorithm to byte 19, 03 62 00, 04. */
	for (i = 0; i < 24; i++) {
		spki.data[i] ^= 0x40;
		assert_int_not_equal(public_key_check(buf_span(&spki), &p384, NULL), 0);
		spki.data[i] ^= 0x40;
	}
	buf_u8(&spki, 0);
	assert_int_equal(public_key_check(buf_span(&spki), &p384, NULL), ERR_FORMAT);
	buf_fini(&spki);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_that_were_asked_for),
		cmocka_unit_test(other_keys_are_refused),
		cmocka_unit_test(spoilt_keys_are_refused),
		cmocka_unit_test(spoilt_points_are_refused),
	};

	return cmocka_run_group_tests_name("core/public_key", tests, make_folder, remove_folder);
}
