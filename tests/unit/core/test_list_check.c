/* SPDX-License-Identifier: BSD-2-Clause
 * Findings: the guide's list as it is, and with one thing changed each. */
#include "lists.h"
#include "core/list/check.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>

#define BEGINS   1289952000 /* 2010-11-17, first second of the guide's certificates */
#define ENDS     1605484800 /* 2020-11-16, the last */
#define STRANGER "1656dfbe56b7a827580386c968e6479609728043"
#define SEEN_MAX 16u

struct seen {
	size_t count;
	char codes[SEEN_MAX][32];
	size_t records[SEEN_MAX];
	enum list_severity severities[SEEN_MAX];
	char place[128], text[600]; /* of the last */
};

static void see(void *ctx, const struct list_finding *f)
{
	struct seen *s = ctx;

	assert_true(s->count < SEEN_MAX);
	snprintf(s->codes[s->count], sizeof(s->codes[0]), "%s", f->code);
	s->records[s->count] = f->record;
	s->severities[s->count++] = f->severity;
	snprintf(s->place, sizeof(s->place), "%s", f->place);
	snprintf(s->text, sizeof(s->text), "%s", f->text);
}

/* What is changed in a list that is written again; records are numbered from 1. */
struct change {
	void (*header)(struct tlv_header *h);
	bool (*record)(struct tlv_record *r, size_t number); /* false leaves it out */
	size_t times;                                        /* every record so often; 0 is once */
};

static struct buf rewrite(const struct buf *from, struct change change)
{
	struct tlv_list list = lists_parse(from);
	struct tlv_header h = list.header;
	struct buf out = {0};
	struct tlv_record r;
	struct tlv_iter it;
	size_t i;

	if (change.header)
		change.header(&h);
	assert_int_equal(tlv_write_header(&out, &h, span_of(NULL, 0), NULL), ERR_OK);
	tlv_iter_init(&it, &list);
	while (tlv_iter_next(&it, &r)) {
		if (change.record && !change.record(&r, it.number))
			continue;
		for (i = 0; i < (change.times ? change.times : 1); i++)
			assert_int_equal(tlv_write_record(&out, &r, NULL), ERR_OK);
	}
	return out;
}

static struct seen check_at(const struct buf *file, const struct list_check *how)
{
	struct tlv_list list = lists_parse(file);
	struct seen s = {0};

	assert_int_equal(list_check(&list, how, see, &s), ERR_OK);
	return s;
}

static struct seen check_changed(struct change change, const struct list_check *how)
{
	const struct list_check plain = {.kind = LIST_CTL, .now = MADE};
	struct buf file = rewrite(&guide, change);
	struct seen s = check_at(&file, how ? how : &plain);

	buf_fini(&file);
	return s;
}

static void assert_only(
	const struct seen *s, const char *code, enum list_severity severity, size_t record)
{
	if (s->count != 1 || strcmp(s->codes[0], code) != 0)
		fail_msg("%zu findings, the last \"%s: %s\", instead of %s alone", s->count,
			s->place, s->text, code);
	assert_int_equal(s->severities[0], severity);
	assert_int_equal(s->records[0], record);
}

static struct list_real guide_reals[4];

static struct list_check with_reals(size_t count)
{
	guide_reals[0] = (struct list_real){token1, "a.pem"};
	guide_reals[1] = (struct list_real){token2, "b.pem"};
	guide_reals[2] = (struct list_real){callmanager, "CallManager.pem"};
	guide_reals[3] = (struct list_real){capf, "CAPF.pem"};
	return (struct list_check){
		.kind = LIST_CTL, .now = MADE, .real = guide_reals, .real_count = count};
}

/* Names cut and quoted, blanks in them, serials backwards: nothing of it is odd. */
static void test_guide_is_clean(void **state)
{
	struct list_check how = with_reals(4);
	struct seen s = check_at(&guide, &how);

	if (s.count)
		fail_msg("%s: %s", s.place, s.text);
}

static void test_dates(void **state)
{
	struct list_check how = {.kind = LIST_CTL, .now = ENDS};
	const struct {
		int64_t now;
		const char *code;
	} cases[] = {
		{ENDS + 1, "expired"},
		{ENDS, "expires-soon"},
		{ENDS - LIST_SOON, "expires-soon"},
		{ENDS - LIST_SOON - 1, NULL},
		{BEGINS, NULL},
		{BEGINS - 1, "not-yet-valid"},
	};
	size_t i, j;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		how.now = cases[i].now;
		struct seen s = check_at(&guide, &how);

		assert_int_equal(s.count, cases[i].code ? 4 : 0);
		for (j = 0; j < s.count; j++) {
			assert_string_equal(s.codes[j], cases[i].code);
			assert_int_equal(s.records[j], j + 1);
		}
	}
}

static void signed_day_before(struct tlv_header *h)
{
	h->timestamp = BEGINS - LIST_CLOCK_OFF;
}

static void signed_earlier(struct tlv_header *h)
{
	h->timestamp = BEGINS - LIST_CLOCK_OFF - 1;
}

static void without_time(struct tlv_header *h)
{
	h->has_timestamp = false;
}

static void test_age(void **state)
{
	struct seen s = check_changed((struct change){.header = signed_day_before}, NULL);

	assert_int_equal(s.count, 0);
	s = check_changed((struct change){.header = without_time}, NULL);
	assert_int_equal(s.count, 0);
	s = check_changed((struct change){.header = signed_earlier}, NULL);
	assert_int_equal(s.count, 4);
	assert_string_equal(s.codes[3], "older-than-certificate");
	assert_non_null(strstr(s.text, "2010-11-15T23:59:59Z"));
	assert_non_null(strstr(s.text, "2010-11-17T00:00:00Z"));
}

static void sha256(struct tlv_header *h)
{
	h->digest = TLV_SHA256;
}

static void sha512(struct tlv_header *h)
{
	h->digest = TLV_SHA512;
}

static void rsa4096(struct tlv_header *h)
{
	h->modulus = 3;
}

static void rsa2048(struct tlv_header *h)
{
	h->modulus = 2;
}

static void named_itl(struct tlv_header *h)
{
	h->filename = span_str("ITLFile.tlv");
}

static void test_header(void **state)
{
	struct seen s = check_changed((struct change){.header = sha256}, NULL);

	assert_only(&s, "digest", LIST_WARNING, 0);
	assert_string_equal(s.place, "header, DIGESTALGORTITHM");
	s = check_changed((struct change){.header = sha512}, NULL);
	assert_only(&s, "digest", LIST_WARNING, 0);
	assert_non_null(strstr(s.text, "79xx"));
	s = check_changed((struct change){.header = rsa4096}, NULL);
	assert_only(&s, "modulus", LIST_WARNING, 0);
	s = check_changed((struct change){.header = rsa2048}, NULL);
	assert_int_equal(s.count, 0);
	s = check_changed((struct change){.header = named_itl}, NULL);
	assert_only(&s, "file-name", LIST_FAULT, 0);
}

static bool without_second(struct tlv_record *r, size_t number)
{
	return number != 2;
}

static bool same_token_twice(struct tlv_record *r, size_t number)
{
	static struct tlv_record first;

	if (number == 1)
		first = *r;
	else if (number == 2)
		*r = first;
	return true;
}

static void test_tokens(void **state)
{
	struct list_check as_itl = {.kind = LIST_ITL, .now = MADE};
	struct seen s = check_changed((struct change){.record = without_second}, NULL);

	assert_only(&s, "few-tokens", LIST_WARNING, 0);
	s = check_changed((struct change){.record = same_token_twice}, NULL);
	assert_only(&s, "few-tokens", LIST_WARNING, 0);
	s = check_changed((struct change){.header = named_itl, .record = without_second}, &as_itl);
	assert_int_equal(s.count, 0);
}

static size_t sizes;

static bool sized(struct tlv_record *r, size_t number)
{
	static uint8_t filler[TLV_HEADER_MAX];

	/* One server's name is as long as it takes; nobody compares it with anything. */
	if (number != 3)
		return true;
	memset(filler, 'a', sizes);
	r->dns = span_of(filler, sizes);
	r->dns_length = (uint16_t)(sizes + 1);
	return true;
}

static void test_size(void **state)
{
	struct buf file = {0};
	struct seen s;

	sizes = 1;
	file = rewrite(&guide, (struct change){.record = sized});
	sizes += LIST_LOAD_MAX - file.len;
	buf_fini(&file);
	s = check_changed((struct change){.record = sized}, NULL);
	assert_int_equal(s.count, 0);
	sizes++;
	s = check_changed((struct change){.record = sized}, NULL);
	assert_only(&s, "too-large", LIST_FAULT, 0);
	assert_non_null(strstr(s.text, "65537 bytes"));
}

static struct buf stranger_hash;

static bool known_by_hash(struct tlv_record *r, size_t number)
{
	if (number != 2)
		return true;
	r->has = (r->has & ~TLV_HAS(9)) | TLV_HAS(11) | TLV_HAS(12);
	r->cert_hash = buf_span(&stranger_hash);
	r->hash_algorithm = TLV_SHA1;
	return true;
}

static bool server_by_hash(struct tlv_record *r, size_t number)
{
	known_by_hash(r, number);
	if (number == 2)
		r->role = TLV_ROLE_TVS;
	return true;
}

static void test_known_signer(void **state)
{
	struct list_check as_itl = {.kind = LIST_ITL, .now = MADE};
	struct seen s;

	assert_int_equal(str_unhex(&stranger_hash, STRANGER), ERR_OK);
	s = check_changed((struct change){.record = known_by_hash}, NULL);
	assert_int_equal(s.count, 2);
	assert_string_equal(s.codes[0], "known-signer");
	assert_int_equal(s.severities[0], LIST_FAULT);
	assert_int_equal(s.records[0], 2);
	assert_string_equal(s.codes[1], "hash-only-token");
	/* It is the right to sign lists that makes a stranger's key dangerous. */
	s = check_changed((struct change){.header = named_itl, .record = server_by_hash}, &as_itl);
	assert_int_equal(s.count, 0);
	buf_fini(&stranger_hash);
}

static bool other_name(struct tlv_record *r, size_t number)
{
	if (number == 3)
		r->subject = span_str("CN=other");
	return true;
}

static void test_contradiction(void **state)
{
	struct seen s = check_changed((struct change){.record = other_name}, NULL);

	assert_only(&s, "contradiction", LIST_FAULT, 3);
	assert_true(strncmp(s.place, "record 3, SUBJECTNAME at byte ", 30) == 0);
	assert_string_equal(s.text, "differs from the certificate in the record");
}

/* --- beside the certificates in use --- */

static bool by_hash(struct tlv_record *r, size_t number)
{
	static uint8_t hash[DIGEST_MAX];
	size_t len;

	if (number != 4)
		return true;
	len = digest_one(DIGEST_SHA1, r->certificate, hash);
	r->has = (r->has & ~TLV_HAS(9)) | TLV_HAS(11) | TLV_HAS(12);
	r->cert_hash = span_of(hash, len);
	r->hash_algorithm = TLV_SHA1;
	return true;
}

static bool by_wrong_hash(struct tlv_record *r, size_t number)
{
	static const uint8_t wrong[20] = {1};

	by_hash(r, number);
	if (number == 4)
		r->cert_hash = span_of(wrong, sizeof(wrong));
	return true;
}

static bool bare_serial(struct tlv_record *r, size_t number)
{
	static const uint8_t serial[] = {0xaa, 0xbb};

	if (number == 3) {
		r->has &= ~TLV_HAS(9);
		r->serial = span_of(serial, sizeof(serial));
	}
	return true;
}

static bool bare_serial_and_key(struct tlv_record *r, size_t number)
{
	static struct span token_key;

	if (number == 1)
		token_key = r->public_key;
	else if (number == 3)
		r->public_key = token_key;
	return bare_serial(r, number);
}

static bool bare_key(struct tlv_record *r, size_t number)
{
	static struct span token_key;

	if (number == 1)
		token_key = r->public_key;
	if (number == 3) {
		r->has &= ~TLV_HAS(9);
		r->public_key = token_key;
	}
	return true;
}

static bool bare_name(struct tlv_record *r, size_t number)
{
	if (number == 3) {
		r->has &= ~TLV_HAS(9);
		r->subject = span_str("CN=other");
	}
	return true;
}

static bool bare_issuer(struct tlv_record *r, size_t number)
{
	if (number == 3) {
		r->has &= ~TLV_HAS(9);
		r->issuer = span_str("CN=other");
	}
	return true;
}

static bool emptied(struct tlv_record *r, size_t number)
{
	if (number == 3)
		r->has &= TLV_HAS(2) | TLV_HAS(4) | TLV_HAS(10);
	return true;
}

static void test_beside_real(void **state)
{
	struct list_check all = with_reals(4);
	const struct {
		bool (*change)(struct tlv_record *r, size_t number);
		const char *code, *part;
		size_t record;
	} cases[] = {
		{by_hash, NULL, NULL, 0},
		{by_wrong_hash, "different-certificate", "CAPF.pem", 4},
		{bare_serial, "different-serial",
			"is AA:BB, but CallManager.pem has 74:AE:9E:6B:DB:C2:A5:1D", 3},
		{bare_serial_and_key, "different-serial", "and another key", 3},
		{bare_key, "different-key", "CallManager.pem", 3},
		{bare_name, "different-subject", "CallManager.pem", 3},
		{bare_issuer, "different-issuer", "CallManager.pem", 3},
		{emptied, "not-in-list", "CallManager.pem", 0},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct seen s = check_changed((struct change){.record = cases[i].change}, &all);

		if (!cases[i].code) {
			assert_int_equal(s.count, 0);
			continue;
		}
		assert_only(&s, cases[i].code, cases[i].record ? LIST_FAULT : LIST_WARNING,
			cases[i].record);
		if (!strstr(s.text, cases[i].part))
			fail_msg("%s: \"%s\" is not in \"%s\"", cases[i].code, cases[i].part,
				s.text);
	}
}

static void test_missing_and_unlisted(void **state)
{
	struct list_check three = with_reals(3);
	struct list_real reals[5];
	struct list_check five = with_reals(4);
	struct seen s = check_at(&guide, &three);

	assert_only(&s, "missing", LIST_WARNING, 4);
	memcpy(reals, guide_reals, sizeof(guide_reals));
	five.real = reals;
	five.real_count = 5;
	reals[4] = (struct list_real){rsa3072, "some.der"};
	s = check_at(&guide, &five);
	assert_only(&s, "not-in-list", LIST_NOTE, 0);
	reals[4].name = "CallManager-sub2.pem";
	s = check_at(&guide, &five);
	assert_only(&s, "not-in-list", LIST_WARNING, 0);
	reals[4].name = "TVS.pem";
	s = check_at(&guide, &five);
	assert_int_equal(s.count, 0);
}

/* CallManager and TVS of a node have the same name: a TVS certificate takes no CCM's place. */
static void test_roles(void **state)
{
	struct list_real reals[] = {
		{token1, "1"}, {token2, "2"}, {callmanager, "TVS.pem"}, {capf, "CAPF.pem"}};
	struct list_check how = {.kind = LIST_CTL, .now = MADE, .real = reals, .real_count = 4};
	struct seen s = check_changed((struct change){.record = bare_serial}, &how);

	assert_only(&s, "missing", LIST_WARNING, 3);
	reals[2].name = "cm.pem";
	s = check_changed((struct change){.record = bare_serial}, &how);
	assert_only(&s, "different-serial", LIST_FAULT, 3);
}

static void test_signed_files(void **state)
{
	struct tlv_header h;
	struct seen s = {0};
	struct fail why = {0};

	assert_int_equal(tlv_parse_header(&h, buf_span(&ring), NULL), ERR_OK);
	list_check_signed(&h, "ring.xml.sgn", NULL, see, &s);
	assert_int_equal(s.count, 0);
	list_check_signed(&h, "other.xml.sgn", NULL, see, &s);
	assert_only(&s, "file-name", LIST_WARNING, 0);
	h.filename = span_str("New_Zealand/ring.xml.sgn");
	s.count = 0;
	list_check_signed(&h, "ring.xml.sgn", NULL, see, &s);
	assert_int_equal(s.count, 0);
	assert_int_equal(tlv_parse_header(&h, buf_span(&ring), NULL), ERR_OK);
	assert_int_equal(list_signed_by_cert(buf_span(&ring), &h, capf, &why), ERR_TRUST);
	assert_int_equal(tlv_parse_header(&h, buf_span(&guide), NULL), ERR_OK);
	assert_int_equal(list_signed_by_cert(buf_span(&guide), &h, token1, NULL), ERR_OK);
	assert_int_equal(list_signed_by_cert(buf_span(&guide), &h, token2, NULL), ERR_TRUST);
	s.count = 0;
	list_check_signed(&h, NULL, token1, see, &s);
	assert_int_equal(s.count, 0);
	list_check_signed(&h, NULL, token2, see, &s);
	assert_only(&s, "signer-name", LIST_WARNING, 0);
	guide.data[guide.len - 1] ^= 1;
	assert_int_equal(list_signed_by_cert(buf_span(&guide), &h, token1, NULL), ERR_VERIFY);
	guide.data[guide.len - 1] ^= 1;
}

static void accepts(
	const struct buf *held, const struct buf *offered, enum err expected, const char *clause)
{
	struct tlv_list a = lists_parse(held), b = lists_parse(offered);
	struct buf because = {0};

	assert_int_equal(list_accepts(&a, &b, LIST_FOR_UNKNOWN, &because), expected);
	buf_u8(&because, '\0');
	if (!strstr((char *)because.data, clause))
		fail_msg("\"%s\" is not in \"%s\"", clause, (char *)because.data);
	buf_fini(&because);
}

static void test_accepts(void **state)
{
	struct buf bad = lists_copy(&guide), large;

	accepts(&guide, &guide, ERR_OK, "the very list");
	accepts(&itl, &guide, ERR_TRUST, "no SAST of that list: cn=");
	accepts(&guide, &itl, ERR_TRUST, "no SAST of that list");
	bad.data[bad.len - 1] ^= 1;
	accepts(&guide, &bad, ERR_VERIFY, "signature");
	/* A phone judges by the keys that it holds. */
	accepts(&bad, &guide, ERR_OK, "SAST record 1 of that list");
	large = rewrite(&guide, (struct change){.times = 20});
	accepts(&guide, &large, ERR_LIMIT, "65536");
	buf_fini(&bad);
	buf_fini(&large);
}

static void in_words(enum list_family family, const struct tlv_list *held,
	const struct tlv_list *offered, enum err *err, struct buf *because)
{
	buf_clear(because);
	*err = list_accepts(held, offered, family, because);
}

/* Want of memory is never told as a damaged list or as a stranger's. */
static void test_accepts_out_of_memory(void **state)
{
	static const char *const names[] = {"ctl-a2-signed-by-second.tlv", "ctl-impostor.tlv",
		"ctl-stranger.tlv", "ctl-a-bad-signature.tlv", "ctl-signed-by-manager.tlv"};
	struct buf held = {0}, file = {0}, wanted = {0}, because = {0};
	struct tlv_list a, b;
	enum err err, expected;
	char path[64];
	size_t i, n;

	lists_load("../phone/ctl-a.tlv", &held);
	a = lists_parse(&held);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "../phone/%s", names[i]);
		buf_clear(&file);
		lists_load(path, &file);
		b = lists_parse(&file);
		in_words(LIST_FOR_UNKNOWN, &a, &b, &expected, &wanted);
		for (n = 1, err = ERR_NOMEM; err == ERR_NOMEM; n++) {
			buf_fini(&because);
			mem_fail_from(n);
			in_words(LIST_FOR_UNKNOWN, &a, &b, &err, &because);
			mem_fail_from(0);
		}
		assert_true(n > 2);
		assert_int_equal(err, expected);
		assert_true(span_eq(buf_span(&because), buf_span(&wanted)));
	}
	buf_fini(&held);
	buf_fini(&file);
	buf_fini(&wanted);
	buf_fini(&because);
}

static void test_accepts_for_a_family(void **state)
{
	struct buf newer = rewrite(&guide, (struct change){.header = sha512});
	struct tlv_list a = lists_parse(&guide), b = lists_parse(&newer);
	struct buf because = {0};
	enum err err;

	in_words(LIST_FOR_79XX, &a, &b, &err, &because);
	assert_int_equal(err, ERR_UNSUPPORTED);
	in_words(LIST_FOR_ALL, &a, &b, &err, &because);
	assert_int_equal(err, ERR_UNSUPPORTED);
	/* These look at its signature, which is not there. */
	in_words(LIST_FOR_NEWER, &a, &b, &err, &because);
	assert_int_equal(err, ERR_VERIFY);
	in_words(LIST_FOR_UNKNOWN, &a, &b, &err, &because);
	assert_int_equal(err, ERR_VERIFY);
	buf_fini(&newer);
	buf_fini(&because);
}

static void count_only(void *ctx, const struct list_finding *f)
{
	++*(unsigned *)ctx;
}

static void test_out_of_memory(void **state)
{
	struct list_check how = with_reals(4);
	struct tlv_list list = lists_parse(&guide);
	unsigned count = 0;
	enum err err = ERR_NOMEM;

	for (size_t n = 1; err == ERR_NOMEM; n++) {
		count = 0;
		mem_fail_from(n);
		err = list_check(&list, &how, count_only, &count);
		mem_fail_from(0);
	}
	assert_int_equal(err, ERR_OK);
	/* No false finding for want of memory. */
	assert_int_equal(count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guide_is_clean),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_age),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_known_signer),
		cmocka_unit_test(test_contradiction),
		cmocka_unit_test(test_beside_real),
		cmocka_unit_test(test_missing_and_unlisted),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_signed_files),
		cmocka_unit_test(test_accepts),
		cmocka_unit_test(test_accepts_for_a_family),
		cmocka_unit_test(test_accepts_out_of_memory),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests_name("core/list_check", tests, lists_setup, lists_teardown);
}
