/* SPDX-License-Identifier: BSD-2-Clause */
#include "files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool says(struct cad_span s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.ptr, text, s.len) == 0;
}

static void the_header_is_that_of_the_file(void **state)
{
	struct cad_list *list = load_list("lists/CTLFile.tlv");
	struct cad_header h = cad_list_get_header(list);

	assert_int_equal(h.major, 1);
	assert_int_equal(h.minor, 2);
	assert_int_equal(h.length, 304);
	assert_true(says(h.filename, "CTLFile.tlv"));
	assert_int_equal(h.digest, CAD_SHA1);
	assert_int_equal(h.modulus_bits, 8 * h.signature.len);
	assert_true(h.has_timestamp);
	assert_int_equal(cad_list_get_kind(list), CAD_CTL);
	assert_int_equal(cad_list_count(list), 4);
	cad_list_free(list);
	list = load_list("phone/itl.tlv");
	assert_int_equal(cad_list_get_kind(list), CAD_ITL);
	cad_list_free(list);
}

static void records_come_in_order(void **state)
{
	static const struct {
		unsigned role;
		size_t at;
		const char *name;
		bool signer;
	} rows[] = {
		{CAD_ROLE_SAST, 304, "System Administrator Security Token", true},
		{CAD_ROLE_SAST, 1482, "System Administrator Security Token", false},
		{CAD_ROLE_CCM_TFTP, 2662, "CCM+TFTP", false},
		{CAD_ROLE_CAPF, 3721, "CAPF", false},
	};
	struct cad_list *list = load_list("lists/CTLFile.tlv");
	struct cad_record r = {0}, last;
	struct cad_iter it = {0};
	size_t i;

	for (i = 0; i < 4; i++) {
		assert_true(cad_list_next(list, &it, &r));
		assert_int_equal(r.number, i + 1);
		assert_int_equal(r.role, rows[i].role);
		assert_int_equal(r.at, rows[i].at);
		assert_string_equal(cad_role_name(r.role), rows[i].name);
		assert_int_equal(cad_list_is_signer(list, &r), rows[i].signer);
		assert_true(r.has & CAD_HAS(9));
		assert_true(r.certificate.len > 0);
	}
	last = r;
	assert_false(cad_list_next(list, &it, &r));
	assert_false(cad_list_next(list, &it, &r));
	assert_memory_equal(&r, &last, sizeof(r));
	assert_null(cad_role_name(99));
	cad_list_free(list);
}

static void a_handle_keeps_its_own_copy(void **state)
{
	struct cad_span file = load("lists/CTLFile.tlv");
	struct cad_list *list;

	assert_int_equal(cad_list_parse(&list, file.ptr, file.len, NULL), CAD_OK);
	memset((void *)(uintptr_t)file.ptr, 0, file.len);
	unload(file);
	assert_int_equal(cad_list_verify(list, NULL), CAD_OK);
	cad_list_free(list);
}

/* What `show ctl` printed, but for the line with the file's time, which is in local time. */
static void it_shows_the_lines_that_are_known(void **state)
{
	struct cad_list *list = load_list("lists/CTLFile.tlv");
	struct cad_span known = load("lists/show-ctl.txt");
	const char *date = "The CTL File was last modified on ";
	struct cad_bytes text;
	const char *a, *b;

	assert_int_equal(cad_list_show(list, MADE, &text, NULL), CAD_OK);
	assert_int_equal(strlen((char *)text.ptr), text.len);
	a = strstr((char *)text.ptr, date);
	b = memmem(known.ptr, known.len, date, strlen(date));
	assert_non_null(a);
	assert_non_null(b);
	assert_memory_equal(text.ptr, known.ptr, (size_t)((const uint8_t *)b - known.ptr));
	a = strchr(a, '\n');
	b = memchr(b, '\n', known.len);
	assert_int_equal(strlen(a), known.len - (size_t)((const uint8_t *)b - known.ptr));
	assert_memory_equal(a, b, strlen(a));
	cad_bytes_free(&text);
	assert_null(text.ptr);
	unload(known);
	cad_list_free(list);
}

static void every_shortened_list_is_refused_with_a_place(void **state)
{
	struct cad_span file = load("lists/CTLFile.tlv");
	struct cad_list *untouched = (struct cad_list *)&file, *list = untouched;
	struct cad_error e;
	size_t i, good = 0;

	for (i = 0; i < file.len; i++) {
		if (cad_list_parse(&list, file.ptr, i, &e) == CAD_OK) {
			/* The end of a record: only the signature tells. */
			assert_int_not_equal(cad_list_verify(list, NULL), CAD_OK);
			cad_list_free(list);
			list = untouched;
			good++;
			continue;
		}
		assert_ptr_equal(list, untouched);
		assert_true(e.code == CAD_ERR_SHORT || e.code == CAD_ERR_FORMAT);
		assert_true(e.offset <= i);
		assert_true(strlen(e.text) > 10);
	}
	assert_int_equal(good, 4);
	unload(file);
}

static void an_error_carries_the_place(void **state)
{
	struct cad_span file = load("phone/ctl-a-truncated.tlv");
	struct cad_list *list = NULL;
	struct cad_error e;

	assert_int_equal(cad_list_parse(&list, file.ptr, file.len, &e), CAD_ERR_SHORT);
	assert_int_equal(e.code, CAD_ERR_SHORT);
	assert_int_equal(e.offset, 4850);
	assert_non_null(strstr(e.text, "record 5"));
	assert_non_null(strstr(e.text, "byte 4850"));
	assert_string_equal(cad_error_name(e.code), "SHORT");
	unload(file);
	/* The same struct after success. */
	list = load_list("phone/ctl-a.tlv");
	assert_int_equal(cad_list_verify(list, &e), CAD_OK);
	assert_int_equal(e.code, CAD_OK);
	assert_int_equal(e.offset, CAD_NO_OFFSET);
	assert_string_equal(e.text, "");
	cad_list_free(list);
}

static void lists_verify_by_themselves(void **state)
{
	static const struct {
		const char *name;
		int code;
	} rows[] = {
		{"lists/CTLFile.tlv", CAD_OK},
		{"lists/certutils/ITLFile.tlv", CAD_OK},
		{"lists/certutils/ITLFile-sha512.tlv", CAD_OK},
		{"phone/ctl-a.tlv", CAD_OK},
		{"phone/ctl-stranger.tlv", CAD_OK},
		{"phone/ctl-a-bad-signature.tlv", CAD_ERR_VERIFY},
		{"phone/ctl-without-signer.tlv", CAD_ERR_TRUST},
		{"phone/ctl-signed-by-manager.tlv", CAD_ERR_TRUST},
	};
	struct cad_error e;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cad_list *list = load_list(rows[i].name);

		assert_int_equal(cad_list_verify(list, &e), rows[i].code);
		assert_int_equal(e.code, rows[i].code);
		cad_list_free(list);
	}
}

static void a_holder_takes_what_its_tokens_signed(void **state)
{
	static const struct {
		const char *name;
		int code;
	} rows[] = {
		{"phone/ctl-a.tlv", CAD_OK},
		{"phone/ctl-a2-signed-by-second.tlv", CAD_OK},
		{"phone/ctl-stranger.tlv", CAD_ERR_TRUST},
		{"phone/ctl-impostor.tlv", CAD_ERR_VERIFY},
		{"phone/ctl-signed-by-manager.tlv", CAD_ERR_TRUST},
		{"phone/ctl-a-bad-signature.tlv", CAD_ERR_VERIFY},
	};
	struct cad_list *held = load_list("phone/ctl-a.tlv");
	struct cad_bytes because;
	struct cad_error e;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cad_list *list = load_list(rows[i].name);

		assert_int_equal(cad_list_accepts(held, list, &because, &e), rows[i].code);
		assert_int_equal(e.code, rows[i].code);
		assert_true(because.len > 10);
		if (e.code != CAD_OK)
			assert_string_equal(e.text, (char *)because.ptr);
		cad_bytes_free(&because);
		assert_int_equal(cad_list_accepts(held, list, NULL, NULL), rows[i].code);
		cad_list_free(list);
	}
	cad_list_free(held);
}

struct findings {
	unsigned count;
	const char *code; /* of those to count */
	size_t record;    /* of the last */
	char place[96];
	enum cad_severity severity;
};

static void add_finding(void *ctx, const struct cad_finding *finding)
{
	struct findings *f = ctx;

	if (strcmp(finding->code, f->code) != 0)
		return;
	f->count++;
	f->record = finding->record;
	f->severity = finding->severity;
	snprintf(f->place, sizeof(f->place), "%s", finding->place);
	assert_true(strlen(finding->text) > 5);
}

static struct findings check(
	const char *name, int64_t now, const struct cad_real *real, size_t count, const char *code)
{
	struct cad_list *list = load_list(name);
	struct findings f = {.code = code};

	assert_int_equal(cad_list_check(list, now, real, count, add_finding, &f, NULL), CAD_OK);
	cad_list_free(list);
	return f;
}

static void what_is_odd_is_found(void **state)
{
	struct cad_cert *stranger = load_cert("phone/stranger.der");
	struct cad_real real = {stranger, "stranger.pem"};
	struct findings f;

	f = check("phone/ctl-contradictory.tlv", 1700000000, NULL, 0, "contradiction");
	assert_int_equal(f.count, 1);
	assert_int_equal(f.record, 1);
	assert_int_equal(f.severity, CAD_FAULT);
	assert_non_null(strstr(f.place, "record 1, PUBLICKEY at byte "));
	f = check("phone/ctl-a.tlv", 1700000000, NULL, 0, "contradiction");
	assert_int_equal(f.count, 0);
	/* The certificates of the list end in 2050, one in 2021. */
	f = check("phone/ctl-a.tlv", 1700000000, NULL, 0, "expired");
	assert_int_equal(f.count, 1);
	assert_int_equal(f.record, 5);
	f = check("phone/ctl-a.tlv", INT64_C(2600000000), NULL, 0, "expired");
	assert_int_equal(f.count, 5);
	/* The one certificate in use is in no record. */
	f = check("phone/ctl-a.tlv", 1700000000, &real, 1, "not-in-list");
	assert_int_equal(f.count, 1);
	cad_cert_free(stranger);
}

static struct cad_signed *load_signed(const char *name)
{
	struct cad_span file = load(name);
	struct cad_signed *s = NULL;

	assert_int_equal(cad_signed_parse(&s, file.ptr, file.len, NULL), CAD_OK);
	unload(file);
	return s;
}

static void signed_files_are_judged(void **state)
{
	static const struct {
		const char *name;
		int by_list, by_cert;
	} rows[] = {
		{"phone/config.sgn", CAD_OK, CAD_OK},
		{"phone/config-altered.sgn", CAD_ERR_VERIFY, CAD_ERR_VERIFY},
		{"phone/config-stranger.sgn", CAD_ERR_TRUST, CAD_ERR_TRUST},
		{"phone/config-signed-by-capf.sgn", CAD_ERR_TRUST, CAD_ERR_TRUST},
	};
	struct cad_list *list = load_list("phone/ctl-a.tlv");
	struct cad_cert *manager = load_cert("phone/manager.der");
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cad_signed *s = load_signed(rows[i].name);
		struct cad_error e;

		assert_int_equal(cad_signed_verify_list(s, list, &e), rows[i].by_list);
		assert_int_equal(cad_signed_verify_cert(s, manager, &e), rows[i].by_cert);
		if (e.code == CAD_ERR_VERIFY)
			assert_int_equal(e.offset, cad_signed_get_header(s).signature_at);
		cad_signed_free(s);
	}
	cad_cert_free(manager);
	cad_list_free(list);
}

static void stripping_gives_the_content(void **state)
{
	struct cad_signed *s = load_signed("phone/config.sgn");
	struct cad_span xml = load("phone/config.xml"), content = cad_signed_content(s);

	assert_int_equal(content.len, xml.len);
	assert_memory_equal(content.ptr, xml.ptr, xml.len);
	assert_true(says(cad_signed_get_header(s).filename, "SEP0011215A1AE3.cnf.xml.sgn"));
	unload(xml);
	cad_signed_free(s);
}

static int decrypt(const char *name, EVP_PKEY *key, struct cad_bytes *plain, struct cad_error *e)
{
	struct cad_span file = load(name);
	struct cad_encrypted *f = NULL;
	int code;

	assert_int_equal(cad_encrypted_parse(&f, file.ptr, file.len, NULL), CAD_OK);
	unload(file);
	code = cad_encrypted_decrypt(f, unwrap_with, key, plain, e);
	cad_encrypted_free(f);
	return code;
}

static void others_files_are_decrypted(void **state)
{
	static const struct {
		const char *file, *key, *plain;
	} rows[] = {
		{"phone/config.enc.sgn", "phone/lsc-key.der", "phone/config.xml"},
		{"lists/certutils/SEP001122334455.cnf.xml.enc.sgn", "lists/certutils/phone.key",
			"lists/certutils/SEP001122334455.cnf.xml"},
	};
	struct cad_bytes plain;
	struct cad_error e;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cad_span known = load(rows[i].plain);
		EVP_PKEY *key = load_key(rows[i].key);

		assert_int_equal(decrypt(rows[i].file, key, &plain, &e), CAD_OK);
		assert_int_equal(plain.len, known.len);
		assert_memory_equal(plain.ptr, known.ptr, known.len);
		cad_bytes_free(&plain);
		unload(known);
		EVP_PKEY_free(key);
	}
}

static int guess_key(void *ctx, struct cad_span sealed, uint8_t key[CAD_AES_KEY])
{
	memset(key, 0x5A, CAD_AES_KEY);
	return CAD_OK;
}

static int refuse_key(void *ctx, struct cad_span sealed, uint8_t key[CAD_AES_KEY])
{
	return -1234;
}

static void a_wrong_key_gives_nothing(void **state)
{
	struct cad_span file = load("phone/config.enc.sgn");
	EVP_PKEY *key = load_key("phone/lsc-key.der");
	struct cad_bytes plain = {0};
	struct cad_encrypted *f;
	struct cad_error e;

	assert_int_equal(
		decrypt("phone/config-wrong-hash.enc.sgn", key, &plain, &e), CAD_ERR_VERIFY);
	assert_int_equal(cad_encrypted_parse(&f, file.ptr, file.len, NULL), CAD_OK);
	assert_int_equal(cad_encrypted_decrypt(f, guess_key, NULL, &plain, &e), CAD_ERR_VERIFY);
	assert_int_equal(e.offset, cad_encrypted_get_header(f).length);
	/* The callback's own number comes back. */
	assert_int_equal(cad_encrypted_decrypt(f, refuse_key, NULL, &plain, &e), -1234);
	assert_null(plain.ptr);
	cad_encrypted_free(f);
	EVP_PKEY_free(key);
	unload(file);
}

static void the_cipher_is_that_of_the_file(void **state)
{
	struct cad_list *list = load_list("phone/ctl-a.tlv");
	struct cad_cert *manager = load_cert("phone/manager.der");
	struct cad_span file = load("phone/config.enc.sgn");
	struct cad_encrypted *f;
	struct cad_cipher c;

	assert_int_equal(cad_encrypted_parse(&f, file.ptr, file.len, NULL), CAD_OK);
	c = cad_encrypted_get_cipher(f);
	assert_int_equal(c.iv.len, 16);
	assert_int_equal(c.key_bits, 1024);
	assert_int_equal(c.wrapped_key.len, 128);
	assert_int_equal(c.ciphertext.len, file.len - cad_encrypted_get_header(f).length);
	assert_int_equal(c.content_digest, CAD_SHA1);
	assert_int_equal(c.content_hash.len, 20);
	assert_int_equal(cad_encrypted_verify_list(f, list, NULL), CAD_OK);
	assert_int_equal(cad_encrypted_verify_cert(f, manager, NULL), CAD_OK);
	cad_encrypted_free(f);
	/* Signed, not encrypted. */
	unload(file);
	file = load("phone/config.sgn");
	assert_int_equal(cad_encrypted_parse(&f, file.ptr, file.len, NULL), CAD_ERR_UNSUPPORTED);
	unload(file);
	cad_cert_free(manager);
	cad_list_free(list);
}

static void nothing_is_no_file(void **state)
{
	struct cad_encrypted *e = NULL;
	struct cad_signed *s = NULL;
	struct cad_cert *c = NULL;
	struct cad_list *l = NULL;

	assert_int_equal(cad_list_parse(&l, NULL, 0, NULL), CAD_ERR_SHORT);
	assert_int_equal(cad_signed_parse(&s, NULL, 0, NULL), CAD_ERR_SHORT);
	assert_int_equal(cad_encrypted_parse(&e, NULL, 0, NULL), CAD_ERR_SHORT);
	assert_int_equal(cad_cert_parse(&c, NULL, 0, NULL), CAD_ERR_FORMAT);
	assert_int_equal(cad_cert_parse(&c, "-----BEGIN CERT", 15, NULL), CAD_ERR_FORMAT);
	cad_list_free(l);
	cad_signed_free(s);
	cad_encrypted_free(e);
	cad_cert_free(c);
	cad_builder_free(NULL);
}

static void certificates_say_what_lists_hold(void **state)
{
	struct cad_cert *c = load_cert("lists/callmanager.der");
	static const uint8_t serial[] = {0x74, 0xae, 0x9e, 0x6b, 0xdb, 0xc2, 0xa5, 0x1d};
	char hash[33];

	assert_string_equal(cad_cert_subject(c),
		"CN=CUCM8-Publisher.bbbburns.lab;OU=AS;O=Cisco;L=RTP;ST=NC;C=US");
	assert_string_equal(cad_cert_issuer(c), cad_cert_subject(c));
	assert_int_equal(cad_cert_serial(c).len, sizeof(serial));
	assert_memory_equal(cad_cert_serial(c).ptr, serial, sizeof(serial));
	assert_true(cad_cert_not_before(c) < MADE && cad_cert_not_after(c) > MADE);
	assert_true(cad_cert_key_is_rsa(c));
	assert_true(cad_cert_key_bits(c) >= 1024);
	assert_true(cad_cert_der(c).len > 300);
	cad_cert_hash(c, hash);
	assert_int_equal(strspn(hash, "0123456789abcdef"), 32);
	cad_cert_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_header_is_that_of_the_file),
		cmocka_unit_test(records_come_in_order),
		cmocka_unit_test(a_handle_keeps_its_own_copy),
		cmocka_unit_test(it_shows_the_lines_that_are_known),
		cmocka_unit_test(every_shortened_list_is_refused_with_a_place),
		cmocka_unit_test(an_error_carries_the_place),
		cmocka_unit_test(lists_verify_by_themselves),
		cmocka_unit_test(a_holder_takes_what_its_tokens_signed),
		cmocka_unit_test(what_is_odd_is_found),
		cmocka_unit_test(signed_files_are_judged),
		cmocka_unit_test(stripping_gives_the_content),
		cmocka_unit_test(others_files_are_decrypted),
		cmocka_unit_test(a_wrong_key_gives_nothing),
		cmocka_unit_test(the_cipher_is_that_of_the_file),
		cmocka_unit_test(nothing_is_no_file),
		cmocka_unit_test(certificates_say_what_lists_hold),
	};

	return cmocka_run_group_tests_name("lib/reading", tests, NULL, NULL);
}
