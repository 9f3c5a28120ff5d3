/* SPDX-License-Identifier: BSD-2-Clause
 * Does the reader, writer and printer of declared messages obey the rows? */
#include "base/str.h"
#include "wire/fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define PARTS_MAX 3

struct part {
	uint8_t kind;
	uint16_t value;
};

struct sample {
	uint8_t small;
	uint16_t middle;
	uint32_t large;
	int32_t signed_one;
	uint16_t pair[2];
	uint8_t ip[4];
	struct field_address address;
	char text[4 + 1];
	char packed[6 + 1];
	uint8_t raw[2], key[2];
	uint32_t count;
	struct part parts[PARTS_MAX];
	struct part both[2];
	struct part block;
	uint32_t late;
};

static const struct field *part_rows(void)
{
	static const struct field rows[] = {
		{.name = "kind",
			.kind = FIELD_U8,
			.size = 1,
			.at = offsetof(struct part, kind),
			.until = FIELD_VERSION_ANY},
		{.name = "value",
			.kind = FIELD_U16,
			.size = 2,
			.at = offsetof(struct part, value),
			.until = FIELD_VERSION_ANY},
		{.kind = FIELD_END},
	};

	return rows;
}

#define ROW(field, knd, ...)                                                                       \
	{                                                                                          \
		.name = #field, .kind = knd, .at = offsetof(struct sample, field),                 \
		.until = FIELD_VERSION_ANY, __VA_ARGS__                                            \
	}

static const struct field sample_rows[] = {
	ROW(small, FIELD_U8, .size = 1),
	ROW(middle, FIELD_U16, .size = 2),
	ROW(large, FIELD_U32, .size = 4),
	ROW(signed_one, FIELD_I32, .size = 4),
	{.kind = FIELD_PAD, .name = "padding", .size = 1, .until = FIELD_VERSION_ANY},
	{.kind = FIELD_NEEDED, .until = FIELD_VERSION_ANY},
	ROW(pair, FIELD_U16S, .size = 2, .max = 2),
	ROW(ip, FIELD_IPV4, .size = 4),
	ROW(address, FIELD_ADDRESS, .wide_from = 5),
	ROW(text, FIELD_TEXT, .size = 4),
	ROW(packed, FIELD_STRZ, .size = 6),
	ROW(raw, FIELD_BYTES, .size = 2),
	ROW(key, FIELD_BYTES, .size = 2, .flags = FIELD_SECRET),
	ROW(count, FIELD_U32, .size = 4),
	ROW(parts, FIELD_ARRAY, .max = PARTS_MAX, .always = 2, .stride = sizeof(struct part),
		.count_at = offsetof(struct sample, count), .sub = part_rows),
	ROW(both, FIELD_TIMES, .max = 2, .stride = sizeof(struct part), .sub = part_rows),
	ROW(block, FIELD_BLOCK, .sub = part_rows),
	ROW(late, FIELD_U32, .size = 4, .since = 3),
	{.kind = FIELD_END},
};

/* Version 2, big-endian, one part of the two places; written by hand. */
static const uint8_t big[] = {
	0x01,                               /* small */
	0x02, 0x03,                         /* middle */
	0x04, 0x05, 0x06, 0x07,             /* large */
	0xFF, 0xFF, 0xFF, 0xFE,             /* signed_one */
	0x00,                               /* padding */
	0x00, 0x08, 0x01, 0x00,             /* pair */
	192, 0, 2, 1,                       /* ip */
	192, 0, 2, 2,                       /* address */
	'a', 'b', 'c', 'd',                 /* text, full */
	'x', 'y', 0,                        /* packed */
	0xDE, 0xAD,                         /* raw */
	0xBE, 0xEF,                         /* key */
	0x00, 0x00, 0x00, 0x01,             /* count */
	0x11, 0x12, 0x13,                   /* parts[0] */
	0x00, 0x00, 0x00,                   /* the unused place */
	0x21, 0x22, 0x23, 0x31, 0x32, 0x33, /* both */
	0x41, 0x42, 0x43,                   /* block */
};

static const struct fields_how big_strict = {.version = 2, .big_endian = true};
static const struct fields_how big_lenient = {.version = 2, .big_endian = true, .lenient = true};

static enum err read_bytes(struct sample *s, const uint8_t *bytes, size_t len,
	const struct fields_how *how, struct fail *why)
{
	struct cursor c;

	memset(s, 0, sizeof *s);
	fail_clear(why);
	cur_init(&c, span_of(bytes, len), "Sample", why);
	return fields_read(sample_rows, s, &c, how);
}

static void reads_every_kind_big_endian(void **state)
{
	struct sample s;
	struct fail why = {0};

	assert_int_equal(read_bytes(&s, big, sizeof big, &big_strict, &why), ERR_OK);
	assert_int_equal(s.small, 1);
	assert_int_equal(s.middle, 0x0203);
	assert_int_equal(s.large, 0x04050607);
	assert_int_equal(s.signed_one, -2);
	assert_int_equal(s.pair[0], 8);
	assert_int_equal(s.pair[1], 256);
	assert_memory_equal(s.ip, ((uint8_t[]){192, 0, 2, 1}), 4);
	assert_int_equal(s.address.type, FIELD_ADDRESS_IPV4);
	assert_memory_equal(s.address.bytes, ((uint8_t[]){192, 0, 2, 2, 0}), 5);
	assert_string_equal(s.text, "abcd");
	assert_string_equal(s.packed, "xy");
	assert_memory_equal(s.raw, "\xDE\xAD", 2);
	assert_memory_equal(s.key, "\xBE\xEF", 2);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.parts[0].kind, 0x11);
	assert_int_equal(s.parts[0].value, 0x1213);
	assert_int_equal(s.both[1].value, 0x3233);
	assert_int_equal(s.block.kind, 0x41);
	assert_int_equal(s.late, 0);
}

static void writes_what_it_read(void **state)
{
	struct sample s;
	struct fail why = {0};
	struct buf out = {0};

	assert_int_equal(read_bytes(&s, big, sizeof big, &big_strict, &why), ERR_OK);
	assert_int_equal(fields_write(&out, sample_rows, &s, &big_strict), ERR_OK);
	assert_int_equal(out.len, sizeof big);
	assert_memory_equal(out.data, big, sizeof big);
	buf_fini(&out);
}

static void reads_little_endian_and_wide_address(void **state)
{
	static const uint8_t little[] = {0x01, 0x03, 0x02, 0x07, 0x06, 0x05, 0x04, 0xFE, 0xFF, 0xFF,
		0xFF, 0x00,                           /* to padding */
		0x08, 0x00, 0x00, 0x01, 192, 0, 2, 1, /* to ip */
		0x01, 0x00, 0x00, 0x00, 0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9,
		'a', 0, 'z', 'z', 0, 0xDE, 0xAD, 0xBE, 0xEF, /* to key */
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0,                /* count and two unused places */
		0x21, 0x23, 0x22, 0x31, 0x33, 0x32, 0x41, 0x43, 0x42, 0x78, 0x56, 0x34, 0x12};
	const struct fields_how how = {.version = 5};
	struct sample s;
	struct fail why = {0};

	assert_int_equal(read_bytes(&s, little, sizeof little, &how, &why), ERR_OK);
	assert_int_equal(s.middle, 0x0203);
	assert_int_equal(s.large, 0x04050607);
	assert_int_equal(s.signed_one, -2);
	assert_int_equal(s.address.type, FIELD_ADDRESS_IPV6);
	assert_int_equal(s.address.bytes[15], 9);
	assert_string_equal(s.text, "a");
	assert_string_equal(s.packed, "");
	assert_int_equal(s.block.value, 0x4243);
	assert_int_equal(s.late, 0x12345678);
}

static void every_cut_is_told_when_strict(void **state)
{
	struct sample s;
	struct fail why = {0};
	size_t len;

	for (len = 0; len < sizeof big; len++) {
		assert_int_equal(read_bytes(&s, big, len, &big_strict, &why), ERR_SHORT);
		assert_non_null(strstr(why.text, "Sample, "));
	}
}

static void a_short_body_reads_as_zero_when_lenient(void **state)
{
	const size_t needed = 12, parts_at = 12 + 4 + 4 + 4 + 4 + 3 + 2 + 2 + 4;
	struct sample s;
	struct fail why = {0};
	enum err err;
	size_t len;

	for (len = 0; len < sizeof big; len++) {
		err = read_bytes(&s, big, len, &big_lenient, &why);
		if (len < needed)
			assert_int_equal(err, ERR_SHORT);
		/* The count may be there while the part it counts is not. */
		else if (len >= parts_at && len < parts_at + 3)
			assert_int_equal(err, ERR_SHORT);
		else
			assert_int_equal(err, ERR_OK);
	}
	assert_int_equal(read_bytes(&s, big, needed + 3, &big_lenient, &why), ERR_OK);
	assert_int_equal(s.pair[0], 8);
	assert_int_equal(s.pair[1], 0x0100);
	assert_string_equal(s.text, "");
	assert_int_equal(s.count, 0);
}

static void errors_name_the_place(void **state)
{
	uint8_t bytes[sizeof big];
	struct sample s;
	struct fail why = {0};

	assert_int_equal(read_bytes(&s, big, 5, &big_lenient, &why), ERR_SHORT);
	assert_string_equal(
		why.text, "Sample, large at byte 5: the body ends before it is complete");

	memcpy(bytes, big, sizeof big);
	bytes[38] = 4; /* count */
	assert_int_equal(read_bytes(&s, bytes, sizeof bytes, &big_strict, &why), ERR_LIMIT);
	assert_string_equal(why.text, "Sample, parts at byte 39: count 4, at most 3");

	memcpy(bytes, big, sizeof big);
	memset(bytes + 28, 'x', 7); /* packed and what follows it */
	assert_int_equal(read_bytes(&s, bytes, sizeof bytes, &big_strict, &why), ERR_LIMIT);
	assert_string_equal(why.text, "Sample, packed at byte 28: text of 7 bytes, at most 6");
}

static void what_does_not_fit_is_not_written(void **state)
{
	struct sample s = {0};
	struct buf out = {0};

	memset(s.text, 'x', sizeof s.text);
	assert_int_equal(fields_write(&out, sample_rows, &s, &big_strict), ERR_LIMIT);
	memset(&s, 0, sizeof s);
	memset(s.packed, 'x', sizeof s.packed);
	assert_int_equal(fields_write(&out, sample_rows, &s, &big_strict), ERR_LIMIT);
	memset(&s, 0, sizeof s);
	s.count = PARTS_MAX + 1;
	assert_int_equal(fields_write(&out, sample_rows, &s, &big_strict), ERR_LIMIT);
	buf_fini(&out);
}

static void prints_every_field_and_no_secret(void **state)
{
	static const char want[] = "small = 1\n"
				   "middle = 515\n"
				   "large = 67438087\n"
				   "signed_one = -2\n"
				   "pair = 8 256\n"
				   "ip = 192.0.2.1\n"
				   "address = 192.0.2.2\n"
				   "text = \"abcd\"\n"
				   "packed = \"xy\"\n"
				   "raw = dead\n"
				   "key = <2 bytes>\n"
				   "count = 1\n"
				   "parts[0].kind = 17\n"
				   "parts[0].value = 4627\n"
				   "both[0].kind = 33\n"
				   "both[0].value = 8739\n"
				   "both[1].kind = 49\n"
				   "both[1].value = 12851\n"
				   "block.kind = 65\n"
				   "block.value = 16963\n";
	struct sample s;
	struct fail why = {0};
	struct buf out = {0};

	assert_int_equal(read_bytes(&s, big, sizeof big, &big_strict, &why), ERR_OK);
	fields_print(&out, sample_rows, &s, &big_strict);
	assert_int_equal(buf_check(&out), ERR_OK);
	buf_u8(&out, 0);
	assert_string_equal((char *)out.data, want);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_kind_big_endian),
		cmocka_unit_test(writes_what_it_read),
		cmocka_unit_test(reads_little_endian_and_wide_address),
		cmocka_unit_test(every_cut_is_told_when_strict),
		cmocka_unit_test(a_short_body_reads_as_zero_when_lenient),
		cmocka_unit_test(errors_name_the_place),
		cmocka_unit_test(what_does_not_fit_is_not_written),
		cmocka_unit_test(prints_every_field_and_no_secret),
	};

	return cmocka_run_group_tests_name("wire/fields", tests, NULL, NULL);
}
