/* SPDX-License-Identifier: BSD-2-Clause
 * The guide's list against itself with one thing changed each. */
#include "lists.h"
#include "core/list/diff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>

#define SEEN_MAX 32u

struct seen {
	size_t count;
	char lines[SEEN_MAX][400]; /* "changed 3 3 role: CCM+TFTP (2) -> TFTP (3)" */
};

static void see(void *ctx, const struct list_change *c)
{
	struct seen *s = ctx;

	assert_true(s->count < SEEN_MAX);
	snprintf(s->lines[s->count++], sizeof(s->lines[0]), "%s %zu %zu %s: %s -> %s",
		list_difference_name(c->what), c->old_record, c->new_record, c->field, c->before,
		c->after);
	assert_int_equal(*c->record != 0, c->what >= LIST_DIFF_ADDED);
}

static struct seen diff(const struct buf *before, const struct buf *after)
{
	struct tlv_list a = lists_parse(before), b = lists_parse(after);
	struct seen s = {0};

	assert_int_equal(list_diff(&a, &b, see, &s), ERR_OK);
	return s;
}

static void assert_line(const struct seen *s, size_t i, const char *wanted)
{
	if (i >= s->count || strcmp(s->lines[i], wanted) != 0)
		fail_msg("\"%s\" instead of \"%s\"", i < s->count ? s->lines[i] : "(nothing)",
			wanted);
}

static void assert_only(const struct seen *s, const char *wanted)
{
	assert_line(s, 0, wanted);
	assert_int_equal(s->count, 1);
}

struct change {
	void (*header)(struct tlv_header *h);
	bool (*record)(struct tlv_record *r, size_t number); /* false leaves it out */
	size_t times;                                        /* the last record so often */
};

static struct buf rewrite(struct change change)
{
	struct tlv_list list = lists_parse(&guide);
	struct tlv_header h = list.header;
	struct buf out = {0};
	struct tlv_record r;
	struct tlv_iter it;

	if (change.header)
		change.header(&h);
	assert_int_equal(tlv_write_header(&out, &h, (struct span){0}, NULL), ERR_OK);
	tlv_iter_init(&it, &list);
	while (tlv_iter_next(&it, &r)) {
		size_t times = it.number == 4 && change.times ? change.times : 1;

		if (change.record && !change.record(&r, it.number))
			continue;
		while (times--)
			assert_int_equal(tlv_write_record(&out, &r, NULL), ERR_OK);
	}
	/* Signatures are no difference, and tlv_write_header leaves zeros for it. */
	return out;
}

static struct seen changed(struct change change)
{
	struct buf file = rewrite(change);
	struct seen s = diff(&guide, &file);

	buf_fini(&file);
	return s;
}

static void test_same(void **state)
{
	struct seen s = changed((struct change){0});

	assert_int_equal(s.count, 0);
}

static void other_header(struct tlv_header *h)
{
	h->timestamp++;
	h->digest = TLV_SHA512;
	h->has_signer_version = true;
	h->signer_major = h->signer_minor = 1;
	h->filename = span_str("ITLFile.tlv");
	h->serial = span_of("\x01\x02", 2);
}

static void test_header(void **state)
{
	struct seen s = changed((struct change){.header = other_header});

	assert_int_equal(s.count, 5);
	assert_line(&s, 0, "header 0 0 file name: CTLFile.tlv -> ITLFile.tlv");
	assert_line(&s, 1, "header 0 0 timestamp: 2011-08-31T17:28:03Z -> 2011-08-31T17:28:04Z");
	assert_line(&s, 2, "header 0 0 digest: SHA-1 -> SHA-512");
	assert_line(&s, 3, "header 0 0 signer version:  -> 1.1");
	assert_line(&s, 4, "signer 0 0 serial number: BD:A3:02:00:00:00:D8:88:64:1F -> 01:02");
}

static bool without_capf(struct tlv_record *r, size_t number)
{
	return number != 4;
}

static void test_added_and_removed(void **state)
{
	struct buf file = rewrite((struct change){.record = without_capf});
	struct seen s = diff(&guide, &file);

	assert_only(&s, "removed 4 0 : 0A:DC:6E:77:42:91:4A:53 -> ");
	s = diff(&file, &guide);
	assert_only(&s, "added 0 4 :  -> 0A:DC:6E:77:42:91:4A:53");
	buf_fini(&file);
}

static bool as_tftp(struct tlv_record *r, size_t number)
{
	if (number == 3)
		r->role = TLV_ROLE_TFTP;
	return true;
}

static bool renewed(struct tlv_record *r, size_t number)
{
	if (number == 3) {
		r->serial = span_of("\x77", 1);
		r->certificate = cert_der(rsa3072);
		r->public_key = cert_list_key(rsa3072);
	}
	return true;
}

static bool moved(struct tlv_record *r, size_t number)
{
	if (number == 3) {
		r->dns = span_str("node");
		r->dns_length = 5;
		r->address = span_of("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	}
	return true;
}

static void test_changed(void **state)
{
	struct seen s = changed((struct change){.record = as_tftp});

	assert_only(&s, "changed 3 3 role: CCM+TFTP (2) -> TFTP (3)");
	s = changed((struct change){.record = renewed});
	assert_int_equal(s.count, 3);
	assert_line(&s, 0, "changed 3 3 serial number: 74:AE:9E:6B:DB:C2:A5:1D -> 77");
	assert_non_null(strstr(s.lines[1], "public key: RSA 1024 bits, SHA-1 "));
	assert_non_null(strstr(s.lines[2], "certificate: SHA-1 "));
	s = changed((struct change){.record = moved});
	assert_int_equal(s.count, 2);
	assert_line(&s, 0, "changed 3 3 address: 14.48.44.80 -> 2001:db8:0:0:0:0:0:1");
	assert_line(&s, 1, "changed 3 3 host name: 14.48.44.80 -> node");
}

static bool with_hash(struct tlv_record *r, size_t number)
{
	if (number == 3) {
		r->has |= TLV_HAS(8) | TLV_HAS(11) | TLV_HAS(12);
		r->signature = span_of("\x01\x02\x03", 3);
		r->cert_hash = span_of("01234567890123456789", 20);
		r->hash_algorithm = TLV_SHA1;
	}
	return true;
}

static bool with_other_hash(struct tlv_record *r, size_t number)
{
	with_hash(r, number);
	if (number == 3) {
		r->signature = span_of("\x01\x02\x04", 3);
		r->hash_algorithm = TLV_SHA256;
	}
	return true;
}

/* Every item of a record is named when it differs. */
static void test_items_that_few_records_have(void **state)
{
	struct buf file = rewrite((struct change){.record = with_hash});
	struct buf other = rewrite((struct change){.record = with_other_hash});
	struct seen s = diff(&file, &other);

	assert_int_equal(s.count, 2);
	assert_line(&s, 0, "changed 3 3 certificate's signature: 01:02:03 -> 01:02:04");
	assert_line(&s, 1, "changed 3 3 hash algorithm: SHA-1 -> SHA-256");
	s = diff(&guide, &file);
	assert_int_equal(s.count, 3);
	assert_line(&s, 0, "changed 3 3 certificate's signature:  -> 01:02:03");
	assert_non_null(strstr(s.lines[1], "certificate hash:  -> 30:31:"));
	assert_line(&s, 2, "changed 3 3 hash algorithm:  -> SHA-1");
	buf_fini(&file);
	buf_fini(&other);
}

static bool emptied(struct tlv_record *r, size_t number)
{
	if (number == 3) {
		r->has = TLV_HAS(1) | TLV_HAS(2) | TLV_HAS(4) | TLV_HAS(10);
		r->subject = r->issuer = r->serial = r->public_key = r->certificate =
			(struct span){0};
	}
	return true;
}

/* A return to non-secure mode empties the entries of servers; mixed mode fills them again. */
static void test_emptied_entries(void **state)
{
	struct buf file = rewrite((struct change){.record = emptied});
	struct seen s = diff(&guide, &file);

	assert_int_equal(s.count, 5);
	assert_line(&s, 2, "changed 3 3 serial number: 74:AE:9E:6B:DB:C2:A5:1D -> ");
	s = diff(&file, &guide);
	assert_int_equal(s.count, 5);
	assert_line(&s, 2, "changed 3 3 serial number:  -> 74:AE:9E:6B:DB:C2:A5:1D");
	buf_fini(&file);
}

static bool as_other_token(struct tlv_record *r, size_t number)
{
	if (number == 2) {
		r->subject = span_str("cn=\"SAST-ADN00000000        \"");
		r->serial = span_of("\x99", 1);
	}
	return true;
}

static void test_another_token_is_another_record(void **state)
{
	struct seen s = changed((struct change){.record = as_other_token});

	assert_int_equal(s.count, 2);
	assert_line(&s, 0, "removed 2 0 : AA:C9:20:00:00:00:78:C4:2E:22 -> ");
	assert_line(&s, 1, "added 0 2 :  -> 99");
}

static bool in_commas(struct tlv_record *r, size_t number)
{
	if (number == 1)
		r->subject = span_str("CN=SAST-ADN4e31f914,OU=IPCBU,O=Cisco Systems\\, Inc.");
	if (number == 3)
		r->address = span_of("\x01\x02\x03\x04", 4);
	return true;
}

/* One list made by two tools: a certificate is the same under both writings of its name. */
static void test_one_certificate_is_one_record(void **state)
{
	struct seen s = changed((struct change){.record = in_commas});

	assert_int_equal(s.count, 2);
	assert_line(&s, 0,
		"changed 1 1 subject: cn=\"SAST-ADN4e31f914        \";ou=IPCBU;o=\"Cisco Systems -> "
		"CN=SAST-ADN4e31f914,OU=IPCBU,O=Cisco Systems\\, Inc.");
	assert_line(&s, 1, "changed 3 3 address: 14.48.44.80 -> 1.2.3.4");
}

static void count_changes(void *ctx, const struct list_change *c)
{
	++*(size_t *)ctx;
}

static bool capf_elsewhere(struct tlv_record *r, size_t number)
{
	if (number == 4)
		r->address = span_of("\x01\x02\x03\x04", 4);
	return true;
}

/* Records that are alike pair off with one another, once each. */
static void test_copies(void **state)
{
	struct buf many = rewrite((struct change){.times = 300});
	struct buf moved_away = rewrite((struct change){.times = 299, .record = capf_elsewhere});
	struct tlv_list a = lists_parse(&many), b = lists_parse(&moved_away);
	size_t count = 0;

	assert_int_equal(list_diff(&a, &b, count_changes, &count), ERR_OK);
	assert_int_equal(count, 300);
	buf_fini(&many);
	buf_fini(&moved_away);
}

static void test_out_of_memory(void **state)
{
	struct buf file = rewrite((struct change){.record = renewed, .header = other_header});
	struct tlv_list a = lists_parse(&guide), b = lists_parse(&file);
	enum err err = ERR_NOMEM;
	size_t n;

	for (n = 1; err == ERR_NOMEM; n++) {
		struct seen s = {0};

		mem_fail_from(n);
		err = list_diff(&a, &b, see, &s);
		mem_fail_from(0);
	}
	assert_int_equal(err, ERR_OK);
	assert_true(n > 4);
	buf_fini(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_added_and_removed),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_items_that_few_records_have),
		cmocka_unit_test(test_emptied_entries),
		cmocka_unit_test(test_another_token_is_another_record),
		cmocka_unit_test(test_one_certificate_is_one_record),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests_name("core/diff", tests, lists_setup, lists_teardown);
}
