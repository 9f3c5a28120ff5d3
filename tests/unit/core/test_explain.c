/* SPDX-License-Identifier: BSD-2-Clause
 * Fields follow one another without a gap, whatever the file; the offsets in the guide's header are
 * those of docs/formats/trust-list.md. */
#include "lists.h"
#include "core/list/explain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>

struct seen {
	size_t pos, count, wanted;
	bool unreadable;
	char name[128], value[256]; /* of the field that holds byte `wanted` */
};

static void follow(void *ctx, const struct list_field *f)
{
	struct seen *s = ctx;

	assert_int_equal(f->at, s->pos);
	assert_true(f->size > 0);
	assert_true(*f->name && *f->value);
	s->pos += f->size;
	s->count++;
	s->unreadable = strcmp(f->name, "unreadable") == 0;
	if (s->wanted >= f->at && s->wanted < s->pos) {
		snprintf(s->name, sizeof(s->name), "%s", f->name);
		snprintf(s->value, sizeof(s->value), "%s", f->value);
	}
}

static struct seen walk(struct span file, size_t wanted, enum err expected)
{
	struct seen s = {.wanted = wanted};
	struct fail why = {0};
	enum err err = list_explain(file, tlv_file_kind(file), follow, &s, &why);

	if (err != expected)
		fail_msg("%s, expected %s: %s", err_name(err), err_name(expected), why.text);
	assert_int_equal(s.pos, file.len);
	return s;
}

static void fields_tile_every_file(void **state)
{
	static const struct {
		const char *name;
		enum tlv_file kind;
	} rows[] = {
		{"CTLFile.tlv", TLV_FILE_LIST},
		{"certutils/ITLFile.tlv", TLV_FILE_LIST},
		{"certutils/ITLFile-sha512.tlv", TLV_FILE_LIST},
		{"certutils/ring.xml.sgn", TLV_FILE_SIGNED},
		{"certutils/SEP001122334455.cnf.xml.sgn", TLV_FILE_SIGNED},
		{"certutils/SEP001122334455.cnf.xml.enc.sgn", TLV_FILE_ENCRYPTED},
	};
	struct buf file = {0};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_clear(&file);
		lists_load(rows[i].name, &file);
		assert_int_equal(tlv_file_kind(buf_span(&file)), rows[i].kind);
		assert_false(walk(buf_span(&file), 0, ERR_OK).unreadable);
	}
	buf_fini(&file);
}

static void guide_offsets(void **state)
{
	static const struct {
		size_t at;
		const char *name, *value;
	} rows[] = {
		{0, "header > VERSION", "1.2"},
		{5, "header > HEADERLENGTH", "304 bytes, this field and padding included"},
		{10, "header > SIGNERID", "holds 117 bytes"},
		{72, "header > SIGNERID > SERIALNUMBER", NULL},
		{84, "header > SIGNERID > SERIALNUMBER", NULL},
		{85, "header > SIGNERID > CANAME", NULL},
		{133, "header > SIGNATUREINFO > DIGESTALGORTITHM", "SHA-1 (1)"},
		{148, "header > SIGNATURE", "128 bytes; the field itself is not signed"},
		{278, "header > SIGNATURE", NULL},
		{279, "header > FILENAME", "CTLFile.tlv"},
		{294, "header > TIMESTAMP", "2011-08-31T17:28:03Z"},
		{301, "header > PADDING", "3 bytes of 0D"},
		{304, "record 1 > RECORDLENGTH", "1178 bytes, this field included"},
		{1482, "record 2 > RECORDLENGTH", "1180 bytes, this field included"},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct seen s = walk(buf_span(&guide), rows[i].at, ERR_OK);

		assert_string_equal(s.name, rows[i].name);
		if (rows[i].value)
			assert_string_equal(s.value, rows[i].value);
	}
}

/* Cut anywhere, and with any byte of header and first items changed: still no gap. */
static void broken_files_tile(void **state)
{
	struct buf copy = lists_copy(&guide);
	struct seen s = {0};
	size_t i;

	for (i = 0; i < guide.len; i++) {
		struct span cut = span_of(guide.data, i);

		s = (struct seen){.wanted = SIZE_MAX};
		(void)!list_explain(cut, tlv_file_kind(cut), follow, &s, NULL);
		assert_int_equal(s.pos, i);
	}
	for (i = 0; i < 600; i++) {
		copy.data[i] ^= 0xFF;
		s = (struct seen){.wanted = SIZE_MAX};
		if (list_explain(buf_span(&copy), TLV_FILE_LIST, follow, &s, NULL) == ERR_OK)
			assert_false(s.unreadable);
		assert_int_equal(s.pos, copy.len);
		copy.data[i] ^= 0xFF;
	}
	buf_fini(&copy);
}

static void a_break_is_the_last_field(void **state)
{
	struct seen s = walk(span_of(guide.data, 2000), 1999, ERR_SHORT);

	/* Cut before its name: what is left of the header is no content. */
	assert_int_equal(tlv_file_kind(span_of(guide.data, 200)), TLV_FILE_LIST);
	assert_true(s.unreadable);
	assert_string_equal(s.name, "unreadable");
	s = walk(span_of(guide.data, 2000), 1481, ERR_SHORT);
	assert_memory_equal(s.name, "record 1 > ", 11);
}

/* Items that are whole but say what no reader takes: the items after them still have their names.
 */
static void what_follows_a_bad_value_has_its_name(void **state)
{
	static const struct {
		size_t at; /* of the byte that is changed, to this */
		uint8_t to;
	} rows[] = {
		{3, 3},           /* version 3.2 */
		{304 + 5, 3},     /* record 1: DNSNAME is a second SUBJECTNAME */
		{1482 + 68, 200}, /* record 2: FUNCTION is an unknown item, and none is left */
	};
	struct buf copy = lists_copy(&guide);
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t was = copy.data[rows[i].at];
		struct seen s = {.wanted = 4711};

		copy.data[rows[i].at] = rows[i].to;
		assert_int_not_equal(
			list_explain(buf_span(&copy), TLV_FILE_LIST, follow, &s, NULL), ERR_OK);
		assert_int_equal(s.pos, copy.len);
		assert_string_equal(s.name, "record 4 > IPADDRESS");
		copy.data[rows[i].at] = was;
	}
	buf_fini(&copy);
}

static void a_bad_value_is_marked(void **state)
{
	struct buf copy = lists_copy(&guide);
	struct seen s;

	copy.data[3] = 3;
	s = walk(buf_span(&copy), 0, ERR_UNSUPPORTED);
	assert_string_equal(s.name, "header > VERSION");
	assert_string_equal(s.value, "3.2; here the file breaks");
	buf_fini(&copy);
}

/* Lists and signed files carry no encryption: readers step over its tag, whatever is in it. */
static void encryption_in_a_list_is_no_container(void **state)
{
	static const uint8_t extra[] = {16, 0, 4, 0x6A, 0xB1, 0x3B, 0x80, 17, 0, 1, 0xFF};
	struct tlv_list list = lists_parse(&guide);
	struct buf file = {0};
	struct seen s;

	assert_int_equal(
		tlv_write_header(&file, &list.header, span_of(extra, sizeof(extra)), NULL), ERR_OK);
	s = walk(buf_span(&file), file.len - 1, ERR_OK);
	assert_false(s.unreadable);
	s = walk(buf_span(&file), 301 + 3, ERR_OK);
	assert_string_equal(s.name, "header > ENCRYPTIONINFO");
	assert_string_equal(s.value, "6A B1 3B 80");
	buf_fini(&file);
}

static void key_sizes(void **state)
{
	bool rsa;

	assert_int_equal(list_key_bits(cert_list_key(token1), &rsa), cert_key_bits(token1));
	assert_true(rsa);
	assert_int_equal(list_key_bits(cert_list_key(rsa3072), &rsa), 3072);
	assert_int_equal(list_key_bits(cert_list_key(ec256), &rsa), 256);
	assert_false(rsa);
	assert_int_equal(list_key_bits(span_of("\x30\x82", 2), &rsa), 0);
	assert_int_equal(list_key_bits((struct span){0}, &rsa), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_tile_every_file),
		cmocka_unit_test(guide_offsets),
		cmocka_unit_test(broken_files_tile),
		cmocka_unit_test(a_break_is_the_last_field),
		cmocka_unit_test(what_follows_a_bad_value_has_its_name),
		cmocka_unit_test(a_bad_value_is_marked),
		cmocka_unit_test(encryption_in_a_list_is_no_container),
		cmocka_unit_test(key_sizes),
	};

	return cmocka_run_group_tests_name("core/explain", tests, lists_setup, lists_teardown);
}
