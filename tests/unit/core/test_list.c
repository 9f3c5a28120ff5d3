/* SPDX-License-Identifier: BSD-2-Clause */
#include "lists.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>
#include <time.h>

static enum err verify(struct span file, struct fail *why)
{
	struct tlv_list list;
	enum err err = tlv_parse(&list, file, why);

	return err ? err : list_verify(&list, why);
}

static void lists_of_others_verify(void **state)
{
	struct fail why = {0};

	assert_int_equal(verify(buf_span(&guide), &why), ERR_OK);
	assert_int_equal(verify(buf_span(&itl), &why), ERR_OK);
	assert_int_equal(verify(buf_span(&itl512), &why), ERR_OK);
	assert_string_equal(why.text, "");
}

static void show_is_line_for_line(void **state)
{
	struct tlv_list list = lists_parse(&guide);
	struct buf shown = {0}, expected = {0};
	const char *a, *b, *end_a, *end_b;
	unsigned line;

	lists_load("show-ctl.txt", &expected);
	assert_int_equal(setenv("TZ", "EST5EDT,M3.2.0,M11.1.0", 1), 0);
	tzset();
	assert_int_equal(lists_show(&list, LIST_CTL, MADE, &shown), ERR_OK);
	buf_u8(&shown, '\0');
	buf_u8(&expected, '\0');
	a = (char *)shown.data;
	b = (char *)expected.data;
	for (line = 1; *a && *b; line++, a = end_a + 1, b = end_b + 1) {
		end_a = strchr(a, '\n');
		end_b = strchr(b, '\n');
		assert_non_null(end_a);
		assert_non_null(end_b);
		if (end_a - a != end_b - b || memcmp(a, b, (size_t)(end_a - a)) != 0)
			fail_msg("line %u is\n%.*s\ninstead of\n%.*s", line, (int)(end_a - a), a,
				(int)(end_b - b), b);
	}
	assert_int_equal(*a, '\0');
	assert_int_equal(*b, '\0');
	buf_fini(&shown);
	buf_fini(&expected);
}

static bool contains(const struct buf *text, const char *part)
{
	return memmem(text->data, text->len, part, strlen(part)) != NULL;
}

static void show_of_an_itl(void **state)
{
	struct tlv_list list = lists_parse(&itl);
	struct buf shown = {0};

	assert_int_equal(lists_show(&list, LIST_ITL, 0, &shown), ERR_OK);
	assert_true(contains(&shown, "The checksum value of the ITL file:\n"));
	assert_true(contains(&shown, "\tParse ITL File\n"));
	assert_true(contains(&shown, "\tITL Record #:4\n"));
	assert_true(contains(&shown, "\n4\tFUNCTION\t2\tTVS\n"));
	assert_true(contains(&shown, "\n8\tSIGNATURE\t128\n"));
	assert_true(contains(&shown, "This etoken was used to sign the ITL file.\n"));
	assert_true(contains(&shown, "\nThe ITL file was verified successfully.\n"));
	buf_fini(&shown);
}

/* certutils puts the name of the file that it writes into the header, unless told. */
static void kinds_of_lists(void **state)
{
	static const struct {
		const char *name;
		bool signer_version;
		enum list_kind kind;
	} rows[] = {{"CTLFile.tlv", false, LIST_CTL}, {"ITLFile.tlv", false, LIST_ITL},
		{"ITLSEP0011215A1AE3.tlv", true, LIST_ITL}, {"itlfile.tlv", false, LIST_ITL},
		{"ext_ITLSEP0011215A1AE3.tlv", false, LIST_ITL}, {"CTLFile.tlv", true, LIST_CTL},
		{"phones.tlv", true, LIST_ITL}, {"phones.tlv", false, LIST_CTL},
		{"", false, LIST_CTL}};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct tlv_header h = {.filename = span_str(rows[i].name),
			.has_signer_version = rows[i].signer_version};

		assert_int_equal(list_kind_of(&h), rows[i].kind);
	}
}

static void show_of_a_bad_list(void **state)
{
	struct buf bad = lists_copy(&guide), shown = {0};
	struct fail why = {0};
	struct tlv_list list;

	bad.data[bad.len - 1] ^= 1;
	list = lists_parse(&bad);
	assert_int_equal(lists_show(&list, LIST_CTL, MADE, &shown), ERR_OK);
	assert_true(contains(&shown, "\nVerification of the CTL File Failed\n"
				     "the signature at byte 148 is not one by the signer's key\n"));
	buf_clear(&shown);
	assert_int_not_equal(tlv_parse(&list, span_of(guide.data, 400), &why), ERR_OK);
	assert_int_equal(
		list_show_broken(span_of(guide.data, 400), LIST_CTL, MADE, &why, &shown), ERR_OK);
	assert_true(contains(&shown, "Length of CTL file: 400\n"));
	assert_true(contains(&shown, "Error parsing the CTL File.\nrecord 1, RECORDLENGTH at byte "
				     "304: 1178 bytes run past the end of the file (400)\n"));
	buf_clear(&shown);
	assert_int_equal(list_show_absent(LIST_CTL, &shown), ERR_OK);
	assert_true(contains(&shown, "Length of CTL file: 0\nCTL File not found."));
	buf_fini(&shown);
	buf_fini(&bad);
}

/* At 304, 1482, 2662 and 3721 a cut leaves whole records: there the signature tells. */
static void no_shorter_list_is_good(void **state)
{
	struct fail why;
	uint8_t *copy;
	size_t len;

	for (len = 0; len < guide.len; len++) {
		copy = mem_new(len);
		assert_non_null(copy);
		memcpy(copy, guide.data, len);
		fail_clear(&why);
		assert_int_not_equal(verify(span_of(copy, len), &why), ERR_OK);
		assert_string_not_equal(why.text, "");
		mem_free(copy);
	}
}

static void no_byte_changes_unnoticed(void **state)
{
	struct buf bad = lists_copy(&guide);
	struct fail why;
	size_t i;

	for (i = 0; i < bad.len; i++) {
		bad.data[i] ^= 0x20;
		fail_clear(&why);
		if (verify(buf_span(&bad), &why) == ERR_OK)
			fail_msg("byte %zu", i);
		assert_string_not_equal(why.text, "");
		bad.data[i] ^= 0x20;
	}
	buf_put(&bad, span_of("\1\0\2\0\5\4\0\2", 8));
	assert_int_not_equal(verify(buf_span(&bad), NULL), ERR_OK);
	buf_fini(&bad);
}

/* Changes one byte of the guide's list and says what its verification then says. */
static enum err verify_changed(size_t at, uint8_t byte, struct fail *why)
{
	struct buf bad = lists_copy(&guide);
	enum err err;

	bad.data[at] = byte;
	fail_clear(why);
	err = verify(buf_span(&bad), why);
	buf_fini(&bad);
	return err;
}

static void refusals_say_which(void **state)
{
	struct tlv_list list = lists_parse(&guide);
	size_t serial = (size_t)(list.header.serial.ptr - guide.data);
	struct fail why = {0};

	assert_int_equal(verify_changed(serial, 0xBE, &why), ERR_TRUST);
	assert_string_equal(why.text, "the signer is not in the list as SAST: "
				      "cn=\"SAST-ADN4e31f914        \";ou=IPCBU;o=\"Cisco Systems");
	/* Tag 8 and tag 10 are the only items of SIGNATUREINFO with one byte. */
	assert_int_equal(guide.data[136], TLV_SHA1);
	assert_int_equal(verify_changed(136, 9, &why), ERR_UNSUPPORTED);
	assert_string_equal(why.text, "header, DIGESTALGORTITHM: unknown code 9");
	assert_int_equal(verify_changed(136, TLV_SHA512, &why), ERR_VERIFY);
	assert_int_equal(verify_changed(143, 7, &why), ERR_UNSUPPORTED);
	assert_string_equal(why.text, "header, SIGNATUREALGORTITHM: unknown code 7");
	assert_int_equal(verify_changed(147, 9, &why), ERR_UNSUPPORTED);
	assert_string_equal(why.text, "header, SIGNATUREMODULUS: unknown code 9");
	assert_int_equal(verify_changed(200, 0, &why), ERR_VERIFY);
	assert_int_equal(why.offset, 148);
}

static void a_stranger_may_not_sign(void **state)
{
	struct tlv_list ctl = lists_parse(&guide), other = lists_parse(&itl);
	struct tlv_record signer;
	struct fail why = {0};

	assert_int_equal(list_check_signer(buf_span(&guide), &ctl.header, &ctl, LIST_MAY_SIGN_LISTS,
				 &signer, &why),
		ERR_OK);
	assert_int_equal(signer.length, 1178);
	assert_int_equal(list_check_signer(buf_span(&itl), &other.header, &ctl, LIST_MAY_SIGN_LISTS,
				 &signer, &why),
		ERR_TRUST);
	/* Names and serial of the record are not looked at here: the backup token's key did not
	 * sign. */
	fail_clear(&why);
	signer.public_key = cert_list_key(token2);
	assert_int_equal(list_signed_by(buf_span(&guide), &ctl.header, &signer, &why), ERR_VERIFY);
	signer.has &= ~TLV_HAS(7);
	fail_clear(&why);
	assert_int_equal(list_signed_by(buf_span(&guide), &ctl.header, &signer, &why), ERR_FORMAT);
}

static void records_agree_with_certificates(void **state)
{
	struct findings f = lists_check(&guide, LIST_CTL);

	assert_string_equal(f.last.text, "");
	assert_int_equal(f.count, 0);
	f = lists_check(&itl, LIST_ITL);
	assert_string_equal(f.last.text, "");
	assert_int_equal(f.count, 0);
	f = lists_check(&itl, LIST_CTL);
	assert_int_equal(f.count, 1);
	assert_string_equal(f.last.text, "header, FILENAME: is not CTLFile.tlv");
}

static void contradictory_records_are_found(void **state)
{
	static const struct {
		size_t at;
		const char *text;
	} rows[] = {
		{2682 + 6, "record 3, SUBJECTNAME at byte 2682: differs from the certificate"},
		{2753 + 6, "record 3, ISSUERNAME at byte 2753: differs from the certificate"},
		{2819 + 6, "record 3, SERIALNUMBER at byte 2819: differs from the certificate"},
		{2830 + 60, "record 3, PUBLICKEY at byte 2830: differs from the certificate"},
		{2973 + 3, "record 3, CERTIFICATE at byte 2973: is no X.509 certificate"},
	};
	struct buf bad = lists_copy(&guide);
	struct findings f;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bad.data[rows[i].at] ^= 0x01;
		f = lists_check(&bad, LIST_CTL);
		assert_int_equal(f.count, 1);
		assert_ptr_equal(strstr(f.last.text, rows[i].text), f.last.text);
		bad.data[rows[i].at] ^= 0x01;
	}
	buf_fini(&bad);
}

static void signed_files_of_others(void **state)
{
	struct tlv_list node = lists_parse(&itl), ctl = lists_parse(&guide);
	struct buf bad = lists_copy(&ring);
	struct fail why = {0};
	struct sgn_file f;

	assert_int_equal(sgn_parse(&f, buf_span(&ring), &why), ERR_OK);
	assert_int_equal(signed_verify(buf_span(&ring), &f.header, &node, &why), ERR_OK);
	assert_int_equal(signed_verify(buf_span(&ring), &f.header, &ctl, &why), ERR_TRUST);
	assert_string_equal(
		why.text, "the signer is not in the list with the role TFTP: CN=publisher.lab");
	/* The same key is no SAST: it signs files, not lists. */
	assert_int_equal(list_check_signer(buf_span(&ring), &f.header, &node, LIST_MAY_SIGN_LISTS,
				 NULL, NULL),
		ERR_TRUST);
	bad.data[bad.len - 2] ^= 1;
	assert_int_equal(signed_verify(buf_span(&bad), &f.header, &node, NULL), ERR_VERIFY);
	buf_fini(&bad);
}

static void encrypted_file_of_others(void **state)
{
	struct tlv_list node = lists_parse(&itl);
	struct buf file = {0}, xml = {0}, der = {0}, key = {0}, plain = {0};
	struct key *phone = NULL;
	uint8_t hash[DIGEST_MAX];
	struct enc_file f;
	size_t len;

	lists_load("certutils/SEP001122334455.cnf.xml.enc.sgn", &file);
	lists_load("certutils/SEP001122334455.cnf.xml", &xml);
	lists_load("certutils/phone.key", &der);
	assert_int_equal(enc_parse(&f, buf_span(&file), NULL), ERR_OK);
	assert_int_equal(signed_verify(buf_span(&file), &f.header, &node, NULL), ERR_OK);
	assert_int_equal(key_from_der(&phone, buf_span(&der), NULL), ERR_OK);
	assert_int_equal(key_decrypt(phone, f.wrapped_key, 16, &key), ERR_OK);
	assert_int_equal(key.len, 16);
	assert_int_equal(aes128_cbc(false, key.data, f.iv.ptr, f.ciphertext, &plain), ERR_OK);
	plain.len -= f.padding;
	assert_true(span_eq(buf_span(&plain), buf_span(&xml)));
	len = digest_one(DIGEST_SHA1, buf_span(&plain), hash);
	assert_true(span_eq(f.header.content_hash, span_of(hash, len)));
	/* What we pad is what they padded. */
	assert_int_equal(enc_pad(&xml), f.padding);
	buf_clear(&plain);
	assert_int_equal(aes128_cbc(true, key.data, f.iv.ptr, buf_span(&xml), &plain), ERR_OK);
	assert_true(span_eq(buf_span(&plain), f.ciphertext));
	key_free(phone);
	buf_fini(&file);
	buf_fini(&xml);
	buf_fini(&der);
	buf_fini(&key);
	buf_fini(&plain);
}

static void json_tells_the_same(void **state)
{
	struct tlv_list list = lists_parse(&guide);
	struct fail verdict = {0};
	struct json *j, *r;
	struct buf text = {0};

	assert_int_equal(list_verify(&list, &verdict), ERR_OK);
	j = list_to_json(&list, LIST_CTL, MADE, &verdict);

	assert_int_equal(json_write(&text, j, true), ERR_OK);
	assert_int_equal(json_get_int(j, "length", 0), 4712);
	assert_string_equal(json_get_str(j, "lastModified"), "2011-08-31T17:28:03Z");
	assert_true(json_get_bool(j, "verified"));
	assert_int_equal(json_count(json_get(j, "findings")), 0);
	assert_int_equal(json_get_int(json_get(j, "header"), "length", 0), 304);
	assert_string_equal(json_get_str(json_get(j, "header"), "serialNumber"),
		"BD:A3:02:00:00:00:D8:88:64:1F");
	assert_int_equal(json_count(json_get(j, "records")), 4);
	r = json_at(json_get(j, "records"), 0);
	assert_true(json_get_bool(r, "usedToSign"));
	assert_string_equal(json_get_str(r, "dnsName"), "");
	r = json_at(json_get(j, "records"), 2);
	assert_int_equal(json_get_int(r, "offset", 0), 2662);
	assert_int_equal(json_get_int(r, "length", 0), 1059);
	assert_string_equal(json_get_str(r, "function"), "CCM+TFTP");
	assert_string_equal(json_get_str(r, "ipAddress"), "14.48.44.80");
	buf_fini(&text);
	json_free(j);
}

static void without_memory(void **state)
{
	struct tlv_list list = lists_parse(&guide);
	struct findings f = {0};
	enum err err;
	size_t n;

	for (n = 1, err = ERR_NOMEM; err; n++) {
		struct buf shown = {0};

		mem_fail_from(n);
		err = lists_show(&list, LIST_CTL, MADE, &shown);
		mem_fail_from(0);
		assert_true(err == ERR_OK || err == ERR_NOMEM);
		buf_fini(&shown);
	}
	for (n = 1, err = ERR_NOMEM; err; n++) {
		struct buf text = {0};
		struct fail verdict = {0};
		struct json *j;

		mem_fail_from(n);
		j = list_to_json(&list, LIST_CTL, MADE, &verdict);
		err = json_write(&text, j, false);
		mem_fail_from(0);
		assert_true(err == ERR_OK || err == ERR_NOMEM);
		json_free(j);
		buf_fini(&text);
	}
	for (n = 1, err = ERR_NOMEM; err; n++) {
		mem_fail_from(n);
		err = list_check_records(&list, LIST_CTL, findings_add, &f);
		mem_fail_from(0);
		assert_true(err == ERR_OK || err == ERR_NOMEM);
	}
	assert_int_equal(f.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_of_others_verify),
		cmocka_unit_test(show_is_line_for_line),
		cmocka_unit_test(show_of_an_itl),
		cmocka_unit_test(kinds_of_lists),
		cmocka_unit_test(show_of_a_bad_list),
		cmocka_unit_test(no_shorter_list_is_good),
		cmocka_unit_test(no_byte_changes_unnoticed),
		cmocka_unit_test(refusals_say_which),
		cmocka_unit_test(a_stranger_may_not_sign),
		cmocka_unit_test(records_agree_with_certificates),
		cmocka_unit_test(contradictory_records_are_found),
		cmocka_unit_test(signed_files_of_others),
		cmocka_unit_test(encrypted_file_of_others),
		cmocka_unit_test(json_tells_the_same),
		cmocka_unit_test(without_memory),
	};

	return cmocka_run_group_tests_name("core/list", tests, lists_setup, lists_teardown);
}
