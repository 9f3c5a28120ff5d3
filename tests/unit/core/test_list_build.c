/* SPDX-License-Identifier: BSD-2-Clause */
#include "lists.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>

static const uint8_t address[] = {14, 48, 44, 80};

#define ENTRIES 4

/* CAPF first: the order of a request does not matter. */
static struct list_request request(struct list_entry entries[ENTRIES])
{
	struct span ip = span_of(address, sizeof(address));

	entries[0] = (struct list_entry){TLV_ROLE_CAPF, capf, "14.48.44.80", ip};
	entries[1] = (struct list_entry){TLV_ROLE_CCM_TFTP, callmanager, "14.48.44.80", ip};
	entries[2] = (struct list_entry){TLV_ROLE_SAST, token1, NULL, {0}};
	entries[3] = (struct list_entry){TLV_ROLE_SAST, token2, NULL, {0}};
	return (struct list_request){
		.kind = LIST_CTL,
		.entries = entries,
		.count = ENTRIES,
		.signer = token1,
		.digest = DIGEST_SHA1,
		.timestamp = MADE,
		.now = MADE,
	};
}

static enum err build_and_sign(struct buf *file, const struct list_request *r, struct fail *why)
{
	struct buf signature = {0};
	struct span pieces[2];
	enum err err = list_build(file, r, pieces, why);

	if (!err)
		err = key_sign(token1_key, r->digest, pieces, 2, &signature);
	if (!err)
		err = list_finish(file, buf_span(&signature), why);
	buf_fini(&signature);
	return err;
}

static void built_lists_verify(void **state)
{
	static const uint16_t roles[] = {
		TLV_ROLE_SAST, TLV_ROLE_SAST, TLV_ROLE_CCM_TFTP, TLV_ROLE_CAPF};
	static const uint32_t tags = TLV_HAS(1) | TLV_HAS(2) | TLV_HAS(3) | TLV_HAS(4) |
				     TLV_HAS(5) | TLV_HAS(6) | TLV_HAS(7) | TLV_HAS(9) |
				     TLV_HAS(10);
	static const size_t certificates[] = {894, 895, 738, 674};
	struct list_entry entries[ENTRIES];
	struct list_request r = request(entries);
	enum digest_alg digests[] = {DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA512};
	struct tlv_record record;
	struct fail why = {0};
	struct tlv_list list;
	struct tlv_iter it;
	size_t i;

	for (i = 0; i < 3; i++) {
		struct buf file = {0};

		r.digest = digests[i];
		assert_int_equal(build_and_sign(&file, &r, &why), ERR_OK);
		list = lists_parse(&file);
		assert_int_equal(list.count, ENTRIES);
		assert_int_equal(list.header.major, 1);
		assert_int_equal(list.header.minor, 2);
		assert_int_equal(list.header.digest, digests[i]);
		assert_int_equal(list.header.timestamp, MADE);
		assert_true(span_eq(list.header.filename, span_str("CTLFile.tlv")));
		assert_int_equal(lists_check(&file, LIST_CTL).count, 0);
		tlv_iter_init(&it, &list);
		while (tlv_iter_next(&it, &record)) {
			assert_int_equal(record.role, roles[it.number - 1]);
			assert_int_equal(record.has, tags);
			assert_int_equal(record.certificate.len, certificates[it.number - 1]);
			assert_int_equal(record.address.len, 4);
		}
		buf_fini(&file);
	}
}

static void refused(const struct list_request *r, enum err code, const char *part)
{
	struct fail why = {0};
	struct span pieces[2];
	struct buf file = {0};

	assert_int_equal(list_build(&file, r, pieces, &why), code);
	assert_int_equal(why.code, code);
	if (!strstr(why.text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, why.text);
	buf_fini(&file);
}

static void lists_that_lock_out_are_refused(void **state)
{
	struct list_entry entries[ENTRIES];
	struct list_request r = request(entries);

	r.count = 3;
	refused(&r, ERR_ARG, "at least 2 security tokens");
	r.count = ENTRIES;
	entries[3].cert = token1;
	refused(&r, ERR_ARG, "at least 2 security tokens");
	request(entries);
	r.signer = callmanager;
	refused(&r, ERR_TRUST, "CUCM8-Publisher.bbbburns.lab is not among the security tokens");
	r = request(entries);
	r.now = 1700000000;
	refused(&r, ERR_EXPIRED, "has expired");
	r.now = 1200000000;
	refused(&r, ERR_EXPIRED, "is not valid yet");
	r = request(entries);
	entries[0] = entries[1];
	refused(&r, ERR_EXISTS, "twice with the same role and address");
	entries[0].role = TLV_ROLE_CAPF;
	refused(&(struct list_request){.count = 0, .signer = token1}, ERR_ARG, "security tokens");
}

static void keys_that_no_header_can_tell(void **state)
{
	struct list_entry entries[ENTRIES];
	struct list_request r = request(entries);

	r.signer = entries[2].cert = rsa3072;
	r.now = 1300000000;
	refused(&r, ERR_UNSUPPORTED, "3072 bits");
	r.signer = entries[2].cert = ec256;
	refused(&r, ERR_UNSUPPORTED, "not RSA");
	r = request(entries);
	r.digest = DIGEST_MD5;
	refused(&r, ERR_UNSUPPORTED, "digest");
}

static void a_list_above_64_kib_is_refused(void **state)
{
	static struct list_entry many[80];
	static uint8_t addresses[80][4];
	struct list_entry entries[ENTRIES];
	struct list_request r = request(entries);
	size_t i;

	for (i = 0; i < 80; i++) {
		addresses[i][3] = (uint8_t)(i + 1);
		many[i] = entries[i < ENTRIES ? i : 1];
		many[i].address = span_of(addresses[i], 4);
	}
	r.entries = many;
	r.count = 80;
	refused(&r, ERR_LIMIT, "phones take at most 65536");
}

#define WHOLE                                                                                      \
	(TLV_HAS(1) | TLV_HAS(3) | TLV_HAS(4) | TLV_HAS(5) | TLV_HAS(6) | TLV_HAS(7) |             \
		TLV_HAS(8) | TLV_HAS(9))

/* The tags of docs/formats/trust-list.md#records, in order of the records. */
static void each_style_has_its_tags(void **state)
{
	static const uint32_t hash = (WHOLE & ~TLV_HAS(9)) | TLV_HAS(2) | TLV_HAS(11) | TLV_HAS(12);
	static const struct {
		enum list_kind kind;
		enum list_style style;
		uint32_t first, last; /* SAST and server; CAPF */
	} rows[] = {
		{LIST_CTL, LIST_STYLE_SIGNATURES, WHOLE | TLV_HAS(2) | TLV_HAS(10),
			WHOLE | TLV_HAS(2) | TLV_HAS(10)},
		{LIST_CTL, LIST_STYLE_COMPAT, WHOLE, WHOLE},
		{LIST_ITL, LIST_STYLE_VENDOR, WHOLE | TLV_HAS(2), hash},
		{LIST_ITL, LIST_STYLE_COMPAT, WHOLE, WHOLE},
	};
	struct list_entry entries[ENTRIES];
	struct list_request r = request(entries);
	struct tlv_record record;
	struct fail why = {0};
	struct tlv_list list;
	struct tlv_iter it;
	uint8_t sha1[DIGEST_MAX];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool compat = rows[i].style == LIST_STYLE_COMPAT;
		struct buf file = {0};

		r.kind = rows[i].kind;
		r.style = rows[i].style;
		r.has_signer_version = compat;
		r.signer_major = r.signer_minor = 1;
		assert_int_equal(build_and_sign(&file, &r, &why), ERR_OK);
		list = lists_parse(&file);
		assert_true(list.header.serial_last == compat);
		assert_true(list.header.has_signer_version == compat);
		tlv_iter_init(&it, &list);
		while (tlv_iter_next(&it, &record)) {
			assert_int_equal(record.has, it.number < 4 ? rows[i].first : rows[i].last);
			assert_true(record.role_last == compat);
		}
		if (record.has & TLV_HAS(11)) {
			assert_int_equal(digest_one(DIGEST_SHA1, cert_der(capf), sha1), 20);
			assert_true(span_eq(record.cert_hash, span_of(sha1, 20)));
		}
		buf_fini(&file);
	}
}

/* A phone may look its signer up by the bytes that certutils has written. */
static void compat_gives_the_bytes_of_certutils(void **state)
{
	struct tlv_list theirs = lists_parse(&itl512), ours;
	struct list_entry entries[ENTRIES];
	struct cert *certs[ENTRIES] = {NULL};
	struct list_request r = {.kind = LIST_ITL,
		.entries = entries,
		.digest = DIGEST_SHA512,
		.timestamp = theirs.header.timestamp,
		.now = theirs.header.timestamp,
		.style = LIST_STYLE_COMPAT,
		.has_signer_version = true,
		.signer_major = theirs.header.signer_major,
		.signer_minor = theirs.header.signer_minor};
	struct span pieces[2];
	struct tlv_record record;
	struct fail why = {0};
	struct buf file = {0};
	struct tlv_iter it;

	tlv_iter_init(&it, &theirs);
	while (tlv_iter_next(&it, &record)) {
		assert_in_range(it.number, 1, ENTRIES);
		assert_int_equal(cert_from_der(&certs[r.count], record.certificate, &why), ERR_OK);
		entries[r.count] = (struct list_entry){record.role, certs[r.count], NULL, {0}};
		r.count++;
	}
	r.signer = certs[0];
	assert_int_equal(list_build(&file, &r, pieces, &why), ERR_OK);
	assert_int_equal(tlv_set_signature(&file, theirs.header.signature, &why), ERR_OK);
	assert_true(span_eq(buf_span(&file), buf_span(&itl512)));
	ours = lists_parse(&file);
	assert_int_equal(list_verify(&ours, &why), ERR_OK);
	while (r.count)
		cert_free(certs[--r.count]);
	buf_fini(&file);
}

static void what_must_be_told(void **state)
{
	struct list_entry entries[ENTRIES];
	struct list_request r = request(entries);
	struct fail why = {0};
	struct buf file = {0};

	r.count = 3;
	r.one_token = true;
	assert_int_equal(build_and_sign(&file, &r, &why), ERR_OK);
	buf_clear(&file);
	r.one_token = false;
	r.kind = LIST_ITL;
	assert_int_equal(build_and_sign(&file, &r, &why), ERR_OK);
	buf_fini(&file);
	r.count = 2;
	refused(&r, ERR_ARG, "at least 1 security token (SAST)");
	r = request(entries);
	r.digest = DIGEST_SHA512;
	r.family = LIST_FOR_ALL;
	refused(&r, ERR_UNSUPPORTED, "SHA-1 signatures alone, not SHA-512");
	r.family = LIST_FOR_NEWER;
	assert_int_equal(build_and_sign(&file, &r, &why), ERR_OK);
	buf_fini(&file);
}

static void only_the_signer_finishes(void **state)
{
	struct list_entry entries[ENTRIES];
	struct list_request r = request(entries);
	struct buf file = {0}, signature = {0};
	struct fail why = {0};
	struct span pieces[2];

	r.signer = token2;
	assert_int_equal(list_build(&file, &r, pieces, &why), ERR_OK);
	assert_int_equal(key_sign(token1_key, r.digest, pieces, 2, &signature), ERR_OK);
	assert_int_equal(list_finish(&file, buf_span(&signature), &why), ERR_VERIFY);
	fail_clear(&why);
	assert_int_equal(list_finish(&file, span_of(signature.data, 64), &why), ERR_ARG);
	buf_fini(&file);
	buf_fini(&signature);
}

static void signed_files_verify(void **state)
{
	const struct signed_as as = {
		"SEP001122334455.cnf.xml.sgn", token1, DIGEST_SHA1, MADE, false};
	struct list_entry entries[ENTRIES];
	struct list_request r = request(entries);
	struct buf ctl = {0}, file = {0}, signature = {0};
	struct span content = span_str("<device/>"), pieces[2];
	struct fail why = {0};
	struct tlv_list list;
	struct sgn_file f;

	/* The token's key stands in for the node's: one certificate, two roles. */
	entries[1].cert = token1;
	assert_int_equal(build_and_sign(&ctl, &r, &why), ERR_OK);
	list = lists_parse(&ctl);
	assert_int_equal(signed_prepare(&file, content, &as, pieces, &why), ERR_OK);
	assert_int_equal(key_sign(token1_key, DIGEST_SHA1, pieces, 2, &signature), ERR_OK);
	assert_int_equal(tlv_set_signature(&file, buf_span(&signature), &why), ERR_OK);
	assert_int_equal(sgn_parse(&f, buf_span(&file), &why), ERR_OK);
	assert_int_equal(f.header.major, 1);
	assert_int_equal(f.header.minor, 0);
	assert_true(span_eq(f.content, content));
	assert_int_equal(signed_verify(buf_span(&file), &f.header, &list, &why), ERR_OK);
	buf_fini(&ctl);
	buf_fini(&file);
	buf_fini(&signature);
}

static void without_memory(void **state)
{
	const struct signed_as as = {"x.sgn", token1, DIGEST_SHA1, MADE, true};
	struct list_entry entries[ENTRIES];
	struct list_request r = request(entries);
	struct fail why = {0};
	struct span pieces[2];
	enum err err;
	size_t n;

	for (n = 1, err = ERR_NOMEM; err; n++) {
		struct buf file = {0};

		fail_clear(&why);
		mem_fail_from(n);
		r.style = LIST_STYLE_COMPAT;
		err = build_and_sign(&file, &r, &why);
		mem_fail_from(0);
		assert_true(err == ERR_OK || err == ERR_NOMEM);
		buf_fini(&file);
	}
	for (n = 1, err = ERR_NOMEM; err; n++) {
		struct buf file = {0};

		mem_fail_from(n);
		err = signed_prepare(&file, span_str("x"), &as, pieces, NULL);
		mem_fail_from(0);
		assert_true(err == ERR_OK || err == ERR_NOMEM);
		buf_fini(&file);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(built_lists_verify),
		cmocka_unit_test(lists_that_lock_out_are_refused),
		cmocka_unit_test(keys_that_no_header_can_tell),
		cmocka_unit_test(a_list_above_64_kib_is_refused),
		cmocka_unit_test(each_style_has_its_tags),
		cmocka_unit_test(compat_gives_the_bytes_of_certutils),
		cmocka_unit_test(what_must_be_told),
		cmocka_unit_test(only_the_signer_finishes),
		cmocka_unit_test(signed_files_verify),
		cmocka_unit_test(without_memory),
	};

	return cmocka_run_group_tests_name("core/list_build", tests, lists_setup, lists_teardown);
}
