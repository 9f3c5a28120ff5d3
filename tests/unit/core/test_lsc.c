/* SPDX-License-Identifier: BSD-2-Clause */
#include "lab.h"

#include "core/issue/lsc.h"
#include "core/issue/rsa_key.h"
#include "crypto/key.h"
#include "store/capf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static struct span none;

static int setup_ordered(void **state)
{
	struct device_new d = {
		.name = LAB_SEP, .number = "1001", .profile = "Encrypted", .install = true};
	struct lab *lab;

	if (lab_setup(state))
		return -1;
	lab = *state;
	return device_put(lab->c, &d, &lab->why);
}

static enum lsc_order order_of(
	struct lab *lab, const char *name, struct span password, unsigned *bits)
{
	enum lsc_order order;

	fail_clear(&lab->why);
	assert_int_equal(lsc_authorise(lab->c, name, password, &order, bits, &lab->why), 0);
	return order;
}

/* SubjectPublicKeyInfo of a new key; the private key goes to phone.pem in the folder. */
static struct buf phone_key(struct lab *lab, const char *options)
{
	assert_int_equal(
		lab_run("cd %s && openssl genpkey %s -out phone.pem 2>/dev/null && openssl "
			"pkey -in phone.pem -pubout -outform DER -out phone.spki",
			lab->folder, options),
		0);
	return lab_read(lab_path(lab, "phone.spki"));
}

static struct cert *issued(struct lab *lab)
{
	struct buf spki = phone_key(lab, "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
	struct cert *lsc;

	if (lsc_issue(lab->c, LAB_SEP, buf_span(&spki), &lsc, &lab->why))
		fail_msg("%s", lab->why.text);
	buf_fini(&spki);
	return lsc;
}

static struct device device_of(struct lab *lab)
{
	struct device d;

	assert_int_equal(device_get(lab->c, LAB_SEP, &d, NULL), 0);
	return d;
}

static void record_decides_what_a_phone_may(void **state)
{
	struct lab *lab = *state;
	struct device_new other = {.name = LAB_NAME};
	unsigned bits;

	assert_int_equal(order_of(lab, LAB_SEP, none, &bits), LSC_INSTALL);
	assert_int_equal(bits, 2048);
	assert_int_equal(order_of(lab, "sep0011215a1ae3", none, &bits), LSC_INSTALL);
	assert_int_equal(order_of(lab, LAB_NAME, none, &bits), LSC_UNKNOWN_DEVICE);
	assert_int_equal(bits, 0);
	assert_int_equal(order_of(lab, "CUCM\033", none, &bits), LSC_UNKNOWN_DEVICE);
	assert_int_equal(device_put(lab->c, &other, NULL), 0);
	assert_int_equal(order_of(lab, LAB_NAME, none, &bits), LSC_NONE_PENDING);
	assert_int_equal(order_of(lab, LAB_SEP, span_str("1234"), &bits), LSC_BAD_AUTH);
	assert_non_null(strstr(lab->why.text, "By Null String"));
	/* Refusing a proof does not use the order up. */
	assert_int_equal(order_of(lab, LAB_SEP, none, &bits), LSC_INSTALL);
}

static void other_proofs_are_refused_with_a_reason(void **state)
{
	static const int modes[] = {1, 3, 4};
	struct lab *lab = *state;
	unsigned bits;
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		struct store_profile p = {.name = "Encrypted",
			.security_mode = 3,
			.encrypted_config = 1,
			.auth_mode = modes[i],
			.key_bits = 2048};

		assert_int_equal(store_profile_put(cluster_get_store(lab->c), &p, NULL), 0);
		assert_int_equal(order_of(lab, LAB_SEP, none, &bits), LSC_BAD_AUTH);
		assert_non_null(strstr(lab->why.text, "cannot check"));
		assert_int_equal(bits, 0);
	}
}

static void late_request_ends_the_order(void **state)
{
	struct lab *lab = *state;
	unsigned bits;

	lab->clock = clock_fixed(LAB_NOW + 7 * 86400 + 1);
	assert_int_equal(order_of(lab, LAB_SEP, none, &bits), LSC_NONE_PENDING);
	assert_string_equal(device_of(lab).operation_status,
		"Upgrade Failed: User Initiated Request Late/Timedout");
	lab->clock = clock_fixed(LAB_NOW);
	assert_int_equal(order_of(lab, LAB_SEP, none, &bits), LSC_NONE_PENDING);
}

static void lsc_holds_in_the_eyes_of_openssl(void **state)
{
	struct lab *lab = *state;
	struct cert *lsc = issued(lab);
	struct buf pem = {0};
	const char *capf = lab_path(lab, "keys/CAPF.pem"), *path = lab_path(lab, "lsc.pem");

	assert_int_equal(cert_to_pem(lsc, &pem), 0);
	lab_write(path, buf_span(&pem));
	buf_fini(&pem);
	cert_free(lsc);
	assert_true(lab_says("OK", "openssl verify -x509_strict -attime %d -CAfile %s %s",
		LAB_NOW + 1, capf, path));
	assert_true(lab_says("subject=CN=" LAB_SEP ",OU=Cadeado,O=Cadeado\n",
		"openssl x509 -in %s -noout -subject -nameopt RFC2253", path));
	assert_true(lab_says("CA:FALSE", "openssl x509 -in %s -noout -text", path));
	assert_true(lab_says(
		"TLS Web Client Authentication", "openssl x509 -in %s -noout -text", path));
	assert_true(lab_says(
		"Digital Signature, Key Encipherment", "openssl x509 -in %s -noout -text", path));
	assert_true(lab_says("notAfter=Sep 20 ", "openssl x509 -in %s -noout -enddate", path));
	assert_int_equal(lab_run("test \"$(openssl x509 -in %s -noout -pubkey)\" = "
				 "\"$(openssl pkey -in %s/phone.pem -pubout)\"",
				 path, lab->folder),
		0);
}

static void lsc_does_not_outlive_its_issuer(void **state)
{
	struct lab *lab = *state;
	struct device_new d = {.name = LAB_SEP, .install = true};
	struct cert *lsc, *capf;
	struct buf spki;

	assert_int_equal(cluster_cert(lab->c, "CAPF", &capf, NULL), 0);
	lab->clock = clock_fixed(LAB_NOW + (int64_t)1000 * 86400);
	assert_int_equal(device_put(lab->c, &d, NULL), 0);
	lsc = issued(lab);
	assert_int_equal(cert_not_after(lsc), cert_not_after(capf));
	cert_free(lsc);

	lab->clock = clock_fixed(cert_not_after(capf) + 1);
	assert_int_equal(device_put(lab->c, &d, NULL), 0);
	spki = lab_read(lab_path(lab, "phone.spki"));
	assert_int_equal(lsc_issue(lab->c, LAB_SEP, buf_span(&spki), &lsc, &lab->why), ERR_EXPIRED);
	assert_null(lsc);
	buf_fini(&spki);
	cert_free(capf);
}

static enum err issue_error(struct lab *lab, struct span spki)
{
	struct cert *lsc;
	enum err err;

	fail_clear(&lab->why);
	err = lsc_issue(lab->c, LAB_SEP, spki, &lsc, &lab->why);
	assert_true(err ? !lsc : lsc != NULL);
	cert_free(lsc);
	return err;
}

static void other_keys_are_refused(void **state)
{
	static const struct {
		const char *options;
		enum err err;
		const char *text;
	} rows[] = {
		{"-algorithm RSA -pkeyopt rsa_keygen_bits:1024", ERR_FORMAT,
			"2048 bits were asked"},
		{"-algorithm RSA -pkeyopt rsa_keygen_bits:2056", ERR_FORMAT,
			"2048 bits were asked"},
		{"-algorithm RSA -pkeyopt rsa_keygen_bits:2047", ERR_FORMAT,
			"2048 bits were asked"},
		{"-algorithm EC -pkeyopt ec_paramgen_curve:P-256", ERR_UNSUPPORTED, "only RSA"},
		{"-algorithm ED25519", ERR_UNSUPPORTED, "only RSA"},
	};
	struct lab *lab = *state;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf spki = phone_key(lab, rows[i].options);

		assert_int_equal(issue_error(lab, buf_span(&spki)), rows[i].err);
		assert_non_null(strstr(lab->why.text, rows[i].text));
		buf_fini(&spki);
	}
	assert_int_equal(issue_error(lab, none), ERR_SHORT);
}

/* Every byte of the two numbers' frame matters; what is cut, longer or weak is refused. */
static void spoilt_keys_are_refused(void **state)
{
	struct lab *lab = *state;
	struct buf spki = phone_key(lab, "-algorithm RSA -pkeyopt rsa_keygen_bits:2048"), b = {0};
	size_t len = spki.len, i;

	assert_int_equal(len, 294);
	for (i = 0; i < len; i++)
		assert_int_not_equal(rsa_key_check(span_of(spki.data, i), 2048, NULL), 0);
	buf_put(&b, buf_span(&spki));
	buf_u8(&b, 0);
	assert_int_equal(rsa_key_check(buf_span(&b), 2048, &lab->why), ERR_FORMAT);
	assert_non_null(strstr(lab->why.text, "1 bytes too many"));

	/* Frame: 30 82 0122, algorithm to byte 18, 03 82 010F 00, 30 82 010A, 02 82 0101 00. */
	for (i = 0; i < 33; i++) {
		spki.data[i] ^= 0x40;
		assert_int_not_equal(rsa_key_check(buf_span(&spki), 2048, NULL), 0);
		spki.data[i] ^= 0x40;
	}
	assert_int_equal(rsa_key_check(buf_span(&spki), 2048, NULL), 0);
	/* Ends: … modulus | 02 03 01 00 01. */
	spki.data[len - 1] = 2;
	assert_int_equal(rsa_key_check(buf_span(&spki), 2048, NULL), ERR_FORMAT);
	spki.data[len - 1] = 1;
	spki.data[len - 6] ^= 1;
	fail_clear(&lab->why);
	assert_int_equal(rsa_key_check(buf_span(&spki), 2048, &lab->why), ERR_FORMAT);
	assert_non_null(strstr(lab->why.text, "modulus"));
	assert_non_null(strstr(lab->why.text, "even"));
	buf_fini(&spki);
	buf_fini(&b);
}

static void only_an_order_yields_a_certificate(void **state)
{
	struct lab *lab = *state;
	struct cert *lsc = issued(lab);
	struct buf spki = lab_read(lab_path(lab, "phone.spki"));

	assert_int_equal(lsc_installed(lab->c, LAB_SEP, lsc, NULL), 0);
	assert_int_equal(issue_error(lab, buf_span(&spki)), ERR_NOTNOW);
	buf_fini(&spki);
	cert_free(lsc);
}

static enum err recorded(struct lab *lab, struct buf *der)
{
	struct store_phone_cert row;

	return store_phone_cert_get(cluster_get_store(lab->c), LAB_SEP, STORE_LSC, &row, der, NULL);
}

static void lsc_is_recorded_when_the_phone_has_it(void **state)
{
	struct lab *lab = *state;
	struct cert *lsc = issued(lab), *capf;
	struct buf der = {0};
	int64_t version = device_of(lab).version;

	assert_int_equal(recorded(lab, &der), ERR_NOTFOUND);
	assert_true(device_of(lab).install_pending);
	assert_int_equal(cluster_cert(lab->c, "CAPF", &capf, NULL), 0);
	assert_int_equal(lsc_installed(lab->c, LAB_NAME, lsc, NULL), ERR_ARG);
	assert_int_equal(lsc_installed(lab->c, LAB_SEP, capf, NULL), ERR_ARG);
	assert_int_equal(recorded(lab, &der), ERR_NOTFOUND);

	assert_int_equal(lsc_installed(lab->c, LAB_SEP, lsc, NULL), 0);
	assert_int_equal(recorded(lab, &der), 0);
	assert_true(span_eq(buf_span(&der), cert_der(lsc)));
	assert_false(device_of(lab).install_pending);
	assert_string_equal(device_of(lab).operation_status, "Upgrade Success");
	assert_int_equal(device_of(lab).operation_by, 0);
	assert_int_equal(device_of(lab).version, version + 1);
	buf_fini(&der);
	cert_free(capf);
	cert_free(lsc);
}

static void failure_ends_the_order(void **state)
{
	struct lab *lab = *state;
	struct buf der = {0};

	assert_int_equal(
		lsc_failed(lab->c, LAB_SEP, "Upgrade Failed: Key Generation Failed/Timeout", NULL),
		0);
	assert_false(device_of(lab).install_pending);
	assert_string_equal(
		device_of(lab).operation_status, "Upgrade Failed: Key Generation Failed/Timeout");
	assert_int_equal(recorded(lab, &der), ERR_NOTFOUND);
	assert_int_equal(lsc_failed(lab->c, LAB_NAME, "Upgrade Failed", NULL), ERR_NOTFOUND);
	assert_int_equal(lsc_failed(lab->c, "x", "Upgrade Failed", NULL), ERR_FORMAT);
	buf_fini(&der);
}

static void check_takes_an_lsc_and_nothing_else(void **state)
{
	struct lab *lab = *state;
	struct cert *lsc = issued(lab), *capf, *node;
	char name[16];
	struct buf spoilt = {0};

	assert_int_equal(cluster_cert(lab->c, "CAPF", &capf, NULL), 0);
	assert_int_equal(cluster_cert(lab->c, "CallManager", &node, NULL), 0);
	assert_int_equal(lsc_check(capf, LAB_NOW, cert_der(lsc), name, NULL), 0);
	assert_string_equal(name, LAB_SEP);
	assert_int_equal(lsc_check(capf, cert_not_after(lsc), cert_der(lsc), name, NULL), 0);

	fail_clear(&lab->why);
	assert_int_equal(lsc_check(capf, cert_not_after(lsc) + 1, cert_der(lsc), name, &lab->why),
		ERR_EXPIRED);
	assert_non_null(strstr(lab->why.text, "expired"));
	assert_int_equal(lsc_check(capf, LAB_NOW - 1, cert_der(lsc), name, NULL), ERR_EXPIRED);
	assert_int_equal(lsc_check(capf, LAB_NOW, cert_der(capf), name, NULL), ERR_TRUST);
	assert_int_equal(lsc_check(capf, LAB_NOW, cert_der(node), name, NULL), ERR_TRUST);
	assert_int_equal(lsc_check(node, LAB_NOW, cert_der(lsc), name, NULL), ERR_TRUST);
	assert_int_not_equal(lsc_check(capf, LAB_NOW, none, name, NULL), 0);
	buf_put(&spoilt, cert_der(lsc));
	spoilt.data[spoilt.len - 1] ^= 1;
	assert_int_equal(lsc_check(capf, LAB_NOW, buf_span(&spoilt), name, NULL), ERR_TRUST);
	buf_fini(&spoilt);
	cert_free(lsc);
	cert_free(capf);
	cert_free(node);
}

/* An authority of the same name with another key must not do. */
static void check_refuses_a_namesakes_lsc(void **state)
{
	struct lab *lab = *state;
	struct cert *capf, *lsc;
	char name[16];

	assert_int_equal(cluster_cert(lab->c, "CAPF", &capf, NULL), 0);
	assert_int_equal(
		lab_run("cd %s && openssl req -x509 -newkey rsa:1024 -nodes -keyout fake.key -out "
			"fake.pem -days 4000 -subj '/O=Cadeado/OU=Cadeado/CN=%s' 2>/dev/null && openssl "
			"req -newkey rsa:1024 -nodes -keyout p.key -subj /CN=" LAB_SEP
			" 2>/dev/null | openssl x509 -req -CA fake.pem -CAkey fake.key -days 3000 -out "
			"fake-lsc.pem 2>/dev/null",
			lab->folder, cert_common_name(capf)),
		0);
	assert_int_equal(cert_load(&lsc, lab_path(lab, "fake-lsc.pem"), NULL), 0);
	assert_string_equal(cert_issuer(lsc), cert_subject(capf));
	assert_int_equal(lsc_check(capf, LAB_NOW, cert_der(lsc), name, &lab->why), ERR_TRUST);
	cert_free(lsc);
	cert_free(capf);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_ordered, lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(record_decides_what_a_phone_may),
		TEST(other_proofs_are_refused_with_a_reason),
		TEST(late_request_ends_the_order),
		TEST(lsc_holds_in_the_eyes_of_openssl),
		TEST(lsc_does_not_outlive_its_issuer),
		TEST(other_keys_are_refused),
		TEST(spoilt_keys_are_refused),
		TEST(only_an_order_yields_a_certificate),
		TEST(lsc_is_recorded_when_the_phone_has_it),
		TEST(failure_ends_the_order),
		TEST(check_takes_an_lsc_and_nothing_else),
		TEST(check_refuses_a_namesakes_lsc),
	};

	return cmocka_run_group_tests_name("core/lsc", tests, lab_group_setup, lab_group_teardown);
}
