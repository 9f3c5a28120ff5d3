/* SPDX-License-Identifier: BSD-2-Clause
 * Proofs by certificate, and what the handshake shows. Keys, certificates and proofs are made by
 * openssl. */
#include "phone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define GOOD_CA   "-startdate 20150101000000Z -enddate 20490101000000Z"
#define ENDED_CA  "-startdate 20150101000000Z -enddate 20250101000000Z"
#define GOOD_MIC  "-startdate 20200101000000Z -enddate 20490101000000Z"
#define ENDED_MIC "-startdate 20100101000000Z -enddate 20200101000000Z"

static void lsc_proves_with_either_digest(void **state)
{
	static const char *const keys[] = {"-algorithm RSA -pkeyopt rsa_keygen_bits:1024",
		"-algorithm EC -pkeyopt ec_paramgen_curve:P-384"};
	struct lab *lab = *state;

	phone_mode(lab, "By Existing Certificate (precedence to LSC)");
	for (size_t i = 0; i < 2; i++) {
		struct buf der, sha1, sha2;
		struct store_phone_cert row;
		struct enrol_order o;

		phone_make_lsc(lab, keys[i], LAB_SEP);
		der = phone_file_of(lab, "lsc.der");
		sha1 = phone_proof(lab, LAB_SEP, "lsc.der", "sha1", "");
		sha2 = phone_sha2_proof(lab, LAB_SEP, "lsc.der");
		o = phone_begin(
			lab, (struct said){.cert = buf_span(&der), .sha1 = buf_span(&sha1)});
		if (o.verdict != ENROL_GO)
			fail_msg("%s: %s", keys[i], o.why.text);
		assert_true(o.by_lsc && o.recorded);
		o = phone_begin(
			lab, (struct said){.cert = buf_span(&der), .sha2 = buf_span(&sha2)});
		assert_int_equal(o.verdict, ENROL_GO);
		o = phone_begin(
			lab, (struct said){.cert = buf_span(&der),
				     .sha1 = buf_span(&sha1),
				     .sha2 = buf_span(&sha2),
				     .type = 2}); /* what it says of its kind counts for nothing */
		assert_int_equal(o.verdict, ENROL_GO);
		assert_int_equal(phone_recorded(lab, STORE_LSC, &row, NULL), 0);
		assert_int_equal(row.how, STORE_CERT_PROVEN);
		/* Both have to be good, and the text is this device's alone. */
		sha2.data[sha2.len - 1] ^= 1;
		o = phone_begin(lab, (struct said){.cert = buf_span(&der),
					     .sha1 = buf_span(&sha1),
					     .sha2 = buf_span(&sha2)});
		assert_int_equal(o.verdict, ENROL_REFUSED);
		assert_status(lab, "Upgrade Failed: Invalid Credentials");
		sha2.data[sha2.len - 1] ^= 1;
		sha2.data[1] ^= 1;
		assert_int_equal(phone_begin(lab, (struct said){.cert = buf_span(&der),
							  .sha2 = buf_span(&sha2)})
					 .verdict,
			ENROL_REFUSED);
		assert_int_equal(phone_begin(lab, (struct said){.cert = buf_span(&der)}).verdict,
			ENROL_REFUSED);
		buf_fini(&der);
		buf_fini(&sha1);
		buf_fini(&sha2);
	}
}

/* A block of which only the end is looked at could be made without the key (small exponents), so
 * every byte of the padding must be right. */
static void the_whole_padding_is_checked(void **state)
{
	struct lab *lab = *state;
	struct buf der, good, bad;
	struct enrol_order o;

	phone_mode(lab, "By Existing Certificate (precedence to LSC)");
	phone_make_lsc(lab, "-algorithm RSA -pkeyopt rsa_keygen_bits:1024", LAB_SEP);
	der = phone_file_of(lab, "lsc.der");
	good = phone_proof(lab, LAB_SEP, "lsc.der", "sha1", "");
	assert_int_equal(
		phone_begin(lab, (struct said){.cert = buf_span(&der), .sha1 = buf_span(&good)})
			.verdict,
		ENROL_GO);
	/* With DigestInfo; PSS; without padding around it; a block of type 2; FF cut short. */
	bad = phone_proof(lab, LAB_SEP, "lsc.der", "sha1", "-pkeyopt digest:sha1");
	assert_int_equal(
		phone_begin(lab, (struct said){.cert = buf_span(&der), .sha1 = buf_span(&bad)})
			.verdict,
		ENROL_REFUSED);
	buf_fini(&bad);
	for (int kind = 0; kind < 4; kind++) {
		static const char *const blocks[] = {
			/* python: the block's bytes before the digest, 128 in all */
			"b'\\0\\1' + b'\\xff' * 40 + b'\\0' + b'\\0' * 65",
			"b'\\0\\2' + b'\\xff' * 105 + b'\\0'",
			"b'\\0\\1' + b'\\xff' * 20 + b'\\xfe' + b'\\xff' * 84 + b'\\0'",
			"b'\\0' * 108",
		};

		assert_int_equal(
			lab_run("cd %s && python3 -c \"import sys; d=open('digest','rb').read(); "
				"b=%s; open('block','wb').write(b+d)\" && (printf '" LAB_SEP
				"\\0'; cat lsc.der) | openssl dgst -sha1 -binary > digest && test "
				"$(stat -c %%s block) = 128 && openssl rsautl -sign -raw -inkey phone.pem "
				"-in block -out proof 2>/dev/null",
				lab->folder, blocks[kind]),
			0);
		bad = phone_file_of(lab, "proof");
		o = phone_begin(lab, (struct said){.cert = buf_span(&der), .sha1 = buf_span(&bad)});
		assert_int_equal(o.verdict, ENROL_REFUSED);
		assert_int_equal(o.outcome, ENROL_BAD_CREDENTIALS);
		buf_fini(&bad);
	}
	assert_int_equal(phone_begin(lab, (struct said){.cert = buf_span(&der),
						  .sha1 = span_of(good.data, good.len - 1)})
				 .verdict,
		ENROL_REFUSED);
	buf_fini(&good);
	buf_fini(&der);
}

static void certificates_of_others_prove_nothing(void **state)
{
	struct lab *lab = *state;
	struct buf der, sha1;
	struct enrol_order o;

	phone_mode(lab, "By Existing Certificate (precedence to LSC)");
	/* Another phone's LSC, with a proof that is good for this name. */
	phone_make_lsc(lab, "-algorithm RSA -pkeyopt rsa_keygen_bits:1024", LAB_NAME);
	der = phone_file_of(lab, "lsc.der");
	sha1 = phone_proof(lab, LAB_SEP, "lsc.der", "sha1", "");
	o = phone_begin(lab, (struct said){.cert = buf_span(&der), .sha1 = buf_span(&sha1)});
	assert_int_equal(o.verdict, ENROL_REFUSED);
	assert_status(lab, "Upgrade Failed: Invalid LSC");
	assert_non_null(strstr(o.why.text, "not this device's"));
	buf_fini(&der);
	buf_fini(&sha1);
	/* A stranger's of the right name; expired; none at all. */
	assert_int_equal(
		lab_run("cd %s && openssl req -x509 -newkey rsa:1024 -nodes -keyout phone.pem "
			"-subj /CN=" LAB_SEP " -days 4000 -outform DER -out lsc.der "
			"2>/dev/null",
			lab->folder),
		0);
	der = phone_file_of(lab, "lsc.der");
	sha1 = phone_proof(lab, LAB_SEP, "lsc.der", "sha1", "");
	o = phone_begin(lab, (struct said){.cert = buf_span(&der), .sha1 = buf_span(&sha1)});
	assert_int_equal(o.verdict, ENROL_REFUSED);
	assert_status(lab, "Upgrade Failed: Invalid LSC");
	buf_fini(&der);
	buf_fini(&sha1);
	phone_make_lsc(lab, "-algorithm RSA -pkeyopt rsa_keygen_bits:1024", LAB_SEP);
	der = phone_file_of(lab, "lsc.der");
	sha1 = phone_proof(lab, LAB_SEP, "lsc.der", "sha1", "");
	phone_set(lab, LAB_SEP, "Operation Completes By", "2040-01-01");
	lab->clock = clock_fixed(LAB_NOW + (int64_t)1826 * 86400);
	o = phone_begin(lab, (struct said){.cert = buf_span(&der), .sha1 = buf_span(&sha1)});
	assert_int_equal(o.verdict, ENROL_REFUSED);
	assert_status(lab, "Upgrade Failed: Invalid LSC");
	assert_int_equal(phone_begin(lab, (struct said){0}).outcome, ENROL_BAD_CREDENTIALS);
	assert_status(lab, "Upgrade Failed: Invalid Credentials");
	assert_int_equal(
		phone_begin(lab, (struct said){.cert = span_str("0"), .sha1 = buf_span(&sha1)})
			.outcome,
		ENROL_BAD_CREDENTIALS);
	assert_true(phone_device_of(lab).record.operation);
	buf_fini(&der);
	buf_fini(&sha1);
}

static struct said with_mic(struct lab *lab, struct buf *der, struct buf *sha1)
{
	buf_fini(der);
	buf_fini(sha1);
	*der = phone_file_of(lab, "mic.der");
	*sha1 = phone_proof(lab, LAB_SEP, "mic.der", "sha1", "");
	return (struct said){.cert = buf_span(der), .sha1 = buf_span(sha1)};
}

static void mic_is_judged_by_the_folder(void **state)
{
	struct lab *lab = *state;
	struct buf der = {0}, sha1 = {0};
	struct store_phone_cert row;
	struct enrol_order o;

	phone_mode(lab, "By Existing Certificate (precedence to MIC)");
	phone_make_mic(lab, "CP-7961G-" LAB_SEP, GOOD_CA, GOOD_MIC);
	o = phone_begin(lab, with_mic(lab, &der, &sha1));
	if (o.verdict != ENROL_GO)
		fail_msg("%s", o.why.text);
	assert_false(o.by_lsc);
	assert_null(o.alarm.action);
	assert_int_equal(phone_recorded(lab, STORE_MIC, &row, NULL), 0);
	assert_int_equal(row.how, STORE_CERT_PROVEN);
	assert_int_equal(phone_recorded(lab, STORE_LSC, &row, NULL), ERR_NOTFOUND);
	/* Of another phone, whose name ends alike. */
	phone_make_mic(lab, "CP-7961G-X" LAB_SEP, GOOD_CA, GOOD_MIC);
	o = phone_begin(lab, with_mic(lab, &der, &sha1));
	assert_int_equal(o.verdict, ENROL_REFUSED);
	assert_status(lab, "Upgrade Failed: Invalid MIC");
	/* By an authority of whose certificates those that have ended were kept. */
	phone_make_mic(lab, "CP-7961G-" LAB_SEP, GOOD_CA, GOOD_MIC);
	assert_int_equal(
		lab_run("cd %s && for i in 1 2 3 4 5 6; do openssl ca -config ca.cnf -selfsign "
			"-keyfile ca.key -in ca.csr -extensions authority %s -batch -notext -out "
			"manufacturer/old$i.pem 2>/dev/null || exit 1; done",
			lab->folder, ENDED_MIC),
		0);
	o = phone_begin(lab, with_mic(lab, &der, &sha1));
	if (o.verdict != ENROL_GO)
		fail_msg("%s", o.why.text);
	assert_int_equal(lab_run("rm %s/manufacturer/old*", lab->folder), 0);
	/* By an authority that is no longer there. */
	assert_int_equal(
		lab_run("cd %s/manufacturer && rm ca.pem && echo rubbish > note.txt", lab->folder),
		0);
	o = phone_begin(lab, with_mic(lab, &der, &sha1));
	assert_int_equal(o.verdict, ENROL_REFUSED);
	assert_status(lab, "Upgrade Failed: Invalid MIC");
	buf_fini(&der);
	buf_fini(&sha1);
}

static struct lab *with_policy(struct lab *lab, const char *word)
{
	/* The settings are read when the folder is opened. */
	cluster_close(lab->c);
	assert_int_equal(lab_run("sed -i 's/^mic_expiry = .*/mic_expiry = %s/' %s", word,
				 lab_path(lab, "cadeado.conf")),
		0);
	if (cluster_open(&lab->c, lab->folder, &lab->clock, &lab->why))
		fail_msg("%s", lab->why.text);
	return lab;
}

static void expired_mics_follow_the_policy(void **state)
{
	struct lab *lab = *state;
	struct buf der = {0}, sha1 = {0};
	struct store_phone_cert row;
	struct enrol_order o;

	phone_mode(lab, "By Existing Certificate (precedence to MIC)");
	phone_make_mic(lab, "CP-7961G-" LAB_SEP, GOOD_CA, ENDED_MIC);
	o = phone_begin(lab, with_mic(lab, &der, &sha1));
	assert_int_equal(o.verdict, ENROL_REFUSED);
	assert_status(lab, "Upgrade Failed: Invalid MIC");
	assert_non_null(strstr(o.why.text, "expired 2020-01-01"));
	assert_int_equal(phone_recorded(lab, STORE_MIC, &row, NULL), ERR_NOTFOUND);

	o = phone_begin(with_policy(lab, "warn"), with_mic(lab, &der, &sha1));
	assert_int_equal(o.verdict, ENROL_GO);
	assert_string_equal(o.alarm.action, "capf expired MIC");
	assert_non_null(strstr(o.alarm.text, "expired 2020-01-01"));
	o = phone_begin(with_policy(lab, "allow"), with_mic(lab, &der, &sha1));
	assert_int_equal(o.verdict, ENROL_GO);
	assert_null(o.alarm.action);
	/* Never silently. */
	assert_non_null(strstr(o.why.text, "expired 2020-01-01"));
	buf_fini(&der);
	buf_fini(&sha1);
}

static void proven_certificates_are_recorded_without_an_order(void **state)
{
	struct lab *lab = *state;
	struct buf der = {0}, sha1 = {0}, kept = {0};
	struct store_phone_cert row;
	struct enrol_order o;

	phone_set(lab, LAB_SEP, "Certificate Operation", "No Pending Operation");
	phone_make_mic(lab, "CP-7961G-" LAB_SEP, GOOD_CA, GOOD_MIC);
	o = phone_begin(lab, with_mic(lab, &der, &sha1));
	assert_int_equal(o.verdict, ENROL_NOTHING_TO_DO);
	assert_true(o.recorded);
	assert_int_equal(phone_recorded(lab, STORE_MIC, &row, &kept), 0);
	assert_true(span_eq(buf_span(&kept), buf_span(&der)));
	assert_status(lab, "None");
	/* What is not proven is not recorded. */
	sha1.data[0] ^= 1;
	phone_make_lsc(lab, "-algorithm RSA -pkeyopt rsa_keygen_bits:1024", LAB_SEP);
	buf_fini(&der);
	der = phone_file_of(lab, "lsc.der");
	o = phone_begin(lab, (struct said){.cert = buf_span(&der), .sha1 = buf_span(&sha1)});
	assert_int_equal(o.verdict, ENROL_NOTHING_TO_DO);
	assert_false(o.recorded);
	assert_int_equal(phone_recorded(lab, STORE_LSC, &row, NULL), ERR_NOTFOUND);
	buf_fini(&der);
	buf_fini(&sha1);
	buf_fini(&kept);
}

static void certificate_of_the_handshake_must_name_the_phone(void **state)
{
	struct lab *lab = *state;
	struct store_phone_cert row;
	struct buf der, newer, kept = {0};
	struct enrol_order o;

	phone_make_lsc(lab, "-algorithm RSA -pkeyopt rsa_keygen_bits:1024", LAB_NAME);
	der = phone_file_of(lab, "lsc.der");
	o = phone_begin(lab, (struct said){.shown = buf_span(&der)});
	assert_int_equal(o.verdict, ENROL_REFUSED);
	assert_non_null(strstr(o.why.text, "certificate shown is not this device's"));
	assert_status(lab, "Upgrade Failed: Invalid Credentials");
	buf_fini(&der);
	phone_make_lsc(lab, "-algorithm RSA -pkeyopt rsa_keygen_bits:1024", LAB_SEP);
	der = phone_file_of(lab, "lsc.der");
	assert_int_equal(
		phone_begin(lab, (struct said){.shown = buf_span(&der)}).verdict, ENROL_GO);
	assert_int_equal(phone_recorded(lab, STORE_LSC, &row, NULL), 0);
	assert_int_equal(row.how, STORE_CERT_SHOWN);
	assert_int_equal(row.seen, LAB_NOW);
	lab->clock = clock_fixed(LAB_NOW + 86400);
	phone_make_lsc(lab, "-algorithm RSA -pkeyopt rsa_keygen_bits:1024", LAB_SEP);
	newer = phone_file_of(lab, "lsc.der");
	assert_int_equal(
		phone_begin(lab, (struct said){.shown = buf_span(&newer)}).verdict, ENROL_GO);
	/* An older one does not take a newer one's place: its key may be a thief's. */
	assert_int_equal(
		phone_begin(lab, (struct said){.shown = buf_span(&der)}).verdict, ENROL_GO);
	assert_int_equal(phone_recorded(lab, STORE_LSC, &row, &kept), 0);
	assert_true(span_eq(buf_span(&kept), buf_span(&newer)));
	buf_fini(&newer);
	buf_fini(&kept);
	buf_fini(&der);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, phone_setup_ordered, lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lsc_proves_with_either_digest),
		TEST(the_whole_padding_is_checked),
		TEST(certificates_of_others_prove_nothing),
		TEST(mic_is_judged_by_the_folder),
		TEST(expired_mics_follow_the_policy),
		TEST(proven_certificates_are_recorded_without_an_order),
		TEST(certificate_of_the_handshake_must_name_the_phone),
	};

	return cmocka_run_group_tests_name(
		"core/proof", tests, lab_group_setup, lab_group_teardown);
}
