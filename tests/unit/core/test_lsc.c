/* SPDX-License-Identifier: BSD-2-Clause
 * The certificates that CAPF makes, and which it takes for its own. */
#include "lab.h"

#include "core/cluster/own.h"
#include "core/issue/lsc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

static struct span none;

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
	struct cert *lsc, *issuer;

	if (lsc_issue(lab->c, LAB_SEP, buf_span(&spki), &lsc, &issuer, &lab->why))
		fail_msg("%s", lab->why.text);
	assert_int_equal(cert_check_signed_by(lsc, issuer, NULL), 0);
	cert_free(issuer);
	buf_fini(&spki);
	return lsc;
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
	struct cert *lsc, *issuer, *capf;
	struct buf spki;

	assert_int_equal(cluster_cert(lab->c, "CAPF", &capf, NULL), 0);
	lab->clock = clock_fixed(LAB_NOW + (int64_t)1000 * 86400);
	lsc = issued(lab);
	assert_int_equal(cert_not_after(lsc), cert_not_after(capf));
	cert_free(lsc);

	lab->clock = clock_fixed(cert_not_after(capf) + 1);
	spki = lab_read(lab_path(lab, "phone.spki"));
	assert_int_equal(
		lsc_issue(lab->c, LAB_SEP, buf_span(&spki), &lsc, &issuer, &lab->why), ERR_EXPIRED);
	assert_null(lsc);
	assert_null(issuer);
	buf_fini(&spki);
	cert_free(capf);
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

static void with_setting(struct lab *lab, const char *name, const char *value)
{
	/* The settings are read when the folder is opened. */
	cluster_close(lab->c);
	assert_int_equal(lab_run("sed -i 's/^%s = .*/%s = %s/' %s", name, name, value,
				 lab_path(lab, "cadeado.conf")),
		0);
	if (cluster_open(&lab->c, lab->folder, &lab->clock, &lab->why))
		fail_msg("%s", lab->why.text);
}

/* In the eyes of OpenSSL and of a parser in Python. */
static void assert_profile(struct lab *lab, struct cert *lsc, int days)
{
	const char *capf = lab_path(lab, "keys/CAPF.pem"), *path = lab_path(lab, "lsc.pem");
	struct buf pem = {0};

	assert_int_equal(cert_to_pem(lsc, &pem), 0);
	lab_write(path, buf_span(&pem));
	buf_fini(&pem);
	assert_true(lab_says("OK",
		"openssl verify -x509_strict -attime %d "
		"-CAfile %s %s",
		LAB_NOW + 1, capf, path));
	assert_int_equal(lab_run("/usr/bin/python3 %s %s %d %s %s 1>&2",
				 lab_source("data/check_lsc.py"), LAB_SEP, days, path, capf),
		0);
}

static void every_field_is_as_the_profile_says(void **state)
{
	static const char *const keys[] = {"-algorithm RSA -pkeyopt rsa_keygen_bits:1024",
		"-algorithm EC -pkeyopt ec_paramgen_curve:P-521"};
	struct lab *lab = *state;
	struct cert *lsc, *issuer;
	struct buf spki;
	size_t i;

	for (i = 0; i < 2; i++) {
		spki = phone_key(lab, keys[i]);
		with_setting(lab, "lsc_days", i ? "1" : "365");
		assert_int_equal(
			lsc_issue(lab->c, LAB_SEP, buf_span(&spki), &lsc, &issuer, &lab->why), 0);
		assert_profile(lab, lsc, i ? 1 : 365);
		assert_int_equal(cert_not_after(lsc) - cert_not_before(lsc), (i ? 1 : 365) * 86400);
		cert_free(lsc);
		cert_free(issuer);
		buf_fini(&spki);
	}
}

/* All of its place, whatever its strings are, and nothing else. */
static void lsc_takes_its_place_from_its_issuer(void **state)
{
	struct lab *lab = *state;
	struct own_change change;
	struct buf pem, key;
	struct cert *lsc;

	assert_int_equal(
		lab_run("cd %s && openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out "
			"ca.pem -set_serial 7 -days 4000 -utf8 -subj "
			"'/C=PT/ST=Aveiro/L=Águeda/O=Telefones & Filhos/OU=Voz/OU=Linha "
			"2/serialNumber=12/CN=CAPF-0badcafe' -addext keyUsage=critical,"
			"digitalSignature,keyCertSign -addext "
			"basicConstraints=critical,CA:TRUE,pathlen:0 2>/dev/null",
			lab->folder),
		0);
	lab->clock = clock_fixed((int64_t)time(NULL) + 60);
	pem = lab_read(lab_path(lab, "ca.pem"));
	key = lab_read(lab_path(lab, "ca.key"));
	assert_int_equal(
		own_import(lab->c, OWN_CAPF, buf_span(&pem), buf_span(&key), &change, &lab->why),
		0);
	lsc = issued(lab);
	assert_string_equal(cert_subject(lsc),
		"CN=" LAB_SEP ";OU=Voz;OU=Linha 2;O=Telefones & Filhos"
		";L=Águeda;ST=Aveiro;C=PT");
	cert_free(lsc);
	buf_fini(&pem);
	buf_fini(&key);
}

static void digest_is_the_settings(void **state)
{
	struct lab *lab = *state;
	struct cert *lsc;
	struct buf pem = {0};

	with_setting(lab, "lsc_digest", "SHA-1");
	lsc = issued(lab);
	assert_int_equal(cert_to_pem(lsc, &pem), 0);
	lab_write(lab_path(lab, "lsc.pem"), buf_span(&pem));
	assert_true(lab_says("Signature Algorithm: sha1WithRSAEncryption",
		"openssl x509 -in %s -noout -text", lab_path(lab, "lsc.pem")));
	buf_fini(&pem);
	cert_free(lsc);
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

/* The library's answer, for keys that no phone could use. */
static void points_beside_the_curve_get_no_certificate(void **state)
{
	struct lab *lab = *state;
	struct buf spki = phone_key(lab, "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
	struct cert *lsc, *issuer;

	assert_int_equal(lsc_issue(lab->c, LAB_SEP, buf_span(&spki), &lsc, &issuer, NULL), 0);
	cert_free(lsc);
	cert_free(issuer);
	spki.data[spki.len - 1] ^= 1;
	assert_int_equal(
		lsc_issue(lab->c, LAB_SEP, buf_span(&spki), &lsc, &issuer, NULL), ERR_FORMAT);
	assert_null(lsc);
	buf_fini(&spki);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lsc_holds_in_the_eyes_of_openssl),
		TEST(every_field_is_as_the_profile_says),
		TEST(lsc_takes_its_place_from_its_issuer),
		TEST(digest_is_the_settings),
		TEST(lsc_does_not_outlive_its_issuer),
		TEST(points_beside_the_curve_get_no_certificate),
		TEST(check_takes_an_lsc_and_nothing_else),
		TEST(check_refuses_a_namesakes_lsc),
	};

	return cmocka_run_group_tests_name("core/lsc", tests, lab_group_setup, lab_group_teardown);
}
