/* SPDX-License-Identifier: BSD-2-Clause
 * Hostile lists that are too large for tests/vectors/tlv/hostile.txt, or that are one lie told in
 * every place where it can be told. Each has a name and the words of its refusal. */
#include "wire/tlv/describe.h"
#include "wire/tlv/tlv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define SMALLEST 136u /* bytes of the header below */

static uint8_t filler[65536];

static void item(struct buf *out, uint8_t tag, size_t told, const void *value, size_t len)
{
	buf_u8(out, tag);
	buf_be16(out, (uint16_t)told);
	buf_put(out, span_of(value, len));
}

static void id(struct buf *out)
{
	item(out, 4, 2, "s", 2);
	item(out, 5, 1, "\1", 1);
	item(out, 6, 2, "i", 2);
}

static void info(struct buf *out)
{
	item(out, 8, 1, "\1", 1);
	item(out, 9, 8, "\12\0\1\0\13\0\1\0", 8);
}

static void start(struct buf *out)
{
	item(out, 1, 2, "\1\2", 2);
	item(out, 2, 2, "\0\0", 2);
}

static void end(struct buf *out)
{
	item(out, 12, 64, filler, 64);
	item(out, 14, 12, "CTLFile.tlv", 12);
	item(out, 15, 4, "\0\0\0\1", 4);
	while (out->len % 4)
		buf_u8(out, 13);
	buf_set_be16(out, 8, (uint16_t)out->len);
}

static void header(struct buf *out)
{
	start(out);
	buf_u8(out, 3);
	buf_be16(out, 14);
	id(out);
	buf_u8(out, 7);
	buf_be16(out, 15);
	info(out);
	end(out);
	assert_int_equal(out->len, SMALLEST);
}

static void name_told_longer_than_its_record(struct buf *out)
{
	header(out);
	item(out, 1, 2, "\377\377", 2);
	item(out, 4, 2, "\0\4", 2);
	item(out, 3, 65535, filler, 65535 - 5 - 5 - 3);
}

static void name_told_longer_than_the_header(struct buf *out)
{
	start(out);
	item(out, 3, 65535, filler, 65000);
	buf_set_be16(out, 8, (uint16_t)out->len);
}

static void name_that_fills_a_record(struct buf *out)
{
	header(out);
	item(out, 1, 2, "\377\377", 2);
	item(out, 4, 2, "\0\4", 2);
	item(out, 3, 65535 - 5 - 5 - 3, filler, 65535 - 5 - 5 - 3);
	out->data[out->len - 1] = '\0';
}

static void header_of_65535_bytes(struct buf *out)
{
	header(out);
	item(out, 99, 65535 - SMALLEST - 3, filler, 65535 - SMALLEST - 3);
	buf_set_be16(out, 8, (uint16_t)out->len);
	assert_int_equal(out->len, 65535);
}

/* SIGNERID in SIGNERID in … */
static void containers_nested_deep(struct buf *out)
{
	size_t left = 60000;

	start(out);
	for (; left >= 3; left -= 3)
		item(out, 3, left - 3, NULL, 0);
	buf_set_be16(out, 8, (uint16_t)out->len);
}

static void unknown_inside_unknown(struct buf *out)
{
	header(out);
	out->len -= 2;
	for (size_t left = 3000; left >= 3; left -= 3)
		item(out, 100, left - 3, NULL, 0);
	buf_set_be16(out, 8, (uint16_t)out->len);
}

static void container_swallows_its_neighbour(struct buf *out)
{
	start(out);
	buf_u8(out, 3);
	buf_be16(out, 14 + 18);
	id(out);
	buf_u8(out, 7);
	buf_be16(out, 15);
	info(out);
	end(out);
}

static void container_ends_inside_its_child(struct buf *out)
{
	start(out);
	buf_u8(out, 3);
	buf_be16(out, 14);
	id(out);
	buf_u8(out, 7);
	buf_be16(out, 14);
	info(out);
	end(out);
}

static void signature_in_its_own_description(struct buf *out)
{
	start(out);
	buf_u8(out, 3);
	buf_be16(out, 14);
	id(out);
	buf_u8(out, 7);
	buf_be16(out, 15 + 67);
	info(out);
	item(out, 12, 64, filler, 64);
	end(out);
}

static void signature_twice(struct buf *out)
{
	header(out);
	out->len -= 2;
	item(out, 12, 64, filler, 64);
	buf_set_be16(out, 8, (uint16_t)out->len);
}

static void padding_between_items(struct buf *out)
{
	start(out);
	buf_u8(out, 13);
	buf_u8(out, 3);
	buf_be16(out, 14);
	id(out);
	buf_fill(out, 13, 3);
	buf_u8(out, 7);
	buf_be16(out, 15);
	info(out);
	end(out);
}

static void padding_inside_a_container(struct buf *out)
{
	start(out);
	buf_u8(out, 3);
	buf_be16(out, 15);
	id(out);
	buf_u8(out, 13);
	buf_u8(out, 7);
	buf_be16(out, 15);
	info(out);
	end(out);
}

static void padding_between_records(struct buf *out)
{
	header(out);
	item(out, 1, 2, "\0\12", 2);
	item(out, 4, 2, "\0\4", 2);
	buf_u8(out, 13);
	item(out, 1, 2, "\0\12", 2);
	item(out, 4, 2, "\0\4", 2);
}

static const struct {
	void (*make)(struct buf *out);
	enum err err;
	const char *text; /* of the refusal; NULL for what is odd but good */
} rows[] = {
	{name_told_longer_than_its_record, ERR_FORMAT,
		"record 1, SUBJECTNAME at byte 146: length 65535 runs past the record"},
	{name_told_longer_than_the_header, ERR_FORMAT,
		"header, SIGNERID at byte 10: length 65535 runs past the header"},
	{name_that_fills_a_record, ERR_OK, NULL},
	{header_of_65535_bytes, ERR_OK, NULL},
	{containers_nested_deep, ERR_FORMAT,
		"header, SIGNERID at byte 13: does not belong into SIGNERID"},
	{unknown_inside_unknown, ERR_OK, NULL},
	{container_swallows_its_neighbour, ERR_FORMAT,
		"header, SIGNATUREINFO at byte 27: does not belong into SIGNERID"},
	{container_ends_inside_its_child, ERR_FORMAT,
		"header, SIGNATUREALGOINFO at byte 34: length 8 runs past SIGNATUREINFO"},
	{signature_in_its_own_description, ERR_FORMAT,
		"header, SIGNATURE at byte 45: does not belong into SIGNATUREINFO"},
	{signature_twice, ERR_FORMAT, "header, SIGNATURE at byte 134: appears twice"},
	{padding_between_items, ERR_OK, NULL},
	{padding_inside_a_container, ERR_FORMAT,
		"header, PADDING at byte 27: does not belong into SIGNERID"},
	{padding_between_records, ERR_FORMAT,
		"record 2, RECORDLENGTH at byte 146: found tag 13 instead"},
};

static void make(size_t row, struct buf *out)
{
	buf_clear(out);
	rows[row].make(out);
	assert_int_equal(buf_check(out), ERR_OK);
}

static void refused_with_the_place(void **state)
{
	struct buf file = {0};
	struct tlv_list list;
	struct fail why;
	enum err err;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make(i, &file);
		fail_clear(&why);
		err = tlv_parse(&list, buf_span(&file), &why);
		if (err != rows[i].err || strcmp(why.text, rows[i].text ? rows[i].text : "") != 0)
			fail_msg("row %zu: %s \"%s\"", i, err_name(err), why.text);
	}
	buf_fini(&file);
}

/* What is good but odd is the same list when it was written again. */
static void odd_ones_survive(void **state)
{
	struct buf file = {0}, again = {0}, dump = {0}, twice = {0};
	struct tlv_list list;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].err)
			continue;
		make(i, &file);
		buf_clear(&again);
		buf_clear(&twice);
		assert_int_equal(tlv_describe(buf_span(&file), 0, &dump, &again, NULL), ERR_OK);
		assert_int_equal(tlv_describe(buf_span(&again), 0, &dump, &twice, NULL), ERR_OK);
		assert_true(span_eq(buf_span(&again), buf_span(&twice)));
		assert_int_equal(tlv_parse(&list, buf_span(&again), NULL), ERR_OK);
		assert_true(span_eq(list.header.signer_name, span_str("s")));
	}
	buf_fini(&file);
	buf_fini(&again);
	buf_fini(&dump);
	buf_fini(&twice);
}

/* Cut after each byte, each in memory of just that size: a sanitizer sees a read past the end. */
static void cut_after_each_byte(void **state)
{
	static const size_t step = 97; /* of the long ones; the short ones are cut everywhere */
	struct buf file = {0}, cut = {0};
	struct tlv_list list;
	struct fail why;
	size_t i, len;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make(i, &file);
		for (len = 0; len<file.len; len += file.len> 4000 && len > 400 ? step : 1) {
			buf_fini(&cut);
			buf_put(&cut, span_of(file.data, len));
			assert_int_equal(buf_check(&cut), ERR_OK);
			fail_clear(&why);
			if (tlv_parse(&list, buf_span(&cut), &why))
				assert_string_not_equal(why.text, "");
			else
				assert_true(len >= SMALLEST);
		}
	}
	buf_fini(&file);
	buf_fini(&cut);
}

static int fill(void **state)
{
	memset(filler, 'n', sizeof(filler));
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused_with_the_place),
		cmocka_unit_test(odd_ones_survive),
		cmocka_unit_test(cut_after_each_byte),
	};

	return cmocka_run_group_tests_name("wire/tlv_hostile", tests, fill, NULL);
}
