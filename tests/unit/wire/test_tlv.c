/* SPDX-License-Identifier: BSD-2-Clause
 * What the vectors of tests/vectors/tlv do not reach: limits, refusals of the writer, names. */
#include "base/mem.h"
#include "wire/tlv/tlv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>

static struct tlv_header header(void)
{
	return (struct tlv_header){
		.major = 1,
		.minor = 2,
		.signer_name =
			span_str("cn=\"SAST-ADN4e31f914        \";ou=IPCBU;o=\"Cisco Systems"),
		.serial = span_str("0123456789"),
		.issuer_name = span_str("cn=Cisco Manufacturing CA;o=Cisco Systems"),
		.digest = TLV_SHA1,
		.modulus = 1,
		.filename = span_str("CTLFile.tlv"),
		.has_timestamp = true,
	};
}

static struct tlv_record record(void)
{
	return (struct tlv_record){
		.has = TLV_HAS(4) | TLV_HAS(6), .role = TLV_ROLE_CAPF, .serial = span_str("1")};
}

/* The guide prints 304, an article on another list 296, a public one 336 and 464.
 * spec: docs/formats/trust-list.md#sizes */
static void header_sizes(void **state)
{
	static char names[200];
	static const struct {
		size_t signer, serial, issuer;
		uint8_t modulus;
		uint16_t length;
		uint8_t padding;
	} rows[] = {
		{55, 10, 41, 1, 304, 3},
		{75, 10, 14, 1, 296, 2},
		{54, 8, 54, 1, 312, 1},
		{61, 16, 61, 1, 336, 3},
		{61, 16, 61, 2, 464, 3},
	};
	struct tlv_header h = header(), read;
	struct buf out = {0};
	size_t i;

	memset(names, 'n', sizeof(names));
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		h.signer_name = span_of(names, rows[i].signer);
		h.serial = span_of(names, rows[i].serial);
		h.issuer_name = span_of(names, rows[i].issuer);
		h.modulus = rows[i].modulus;
		buf_clear(&out);
		assert_int_equal(tlv_write_header(&out, &h, (struct span){0}, NULL), ERR_OK);
		assert_int_equal(out.len, rows[i].length);
		assert_int_equal(tlv_parse_header(&read, buf_span(&out), NULL), ERR_OK);
		assert_int_equal(read.length, rows[i].length);
		assert_int_equal(read.padding, rows[i].padding);
	}
	buf_fini(&out);
}

/* 5 + 3 + 13 + 5 + 7: a server entry that a return to non-secure mode emptied. */
static void record_sizes(void **state)
{
	struct tlv_record r = {.has = TLV_HAS(2) | TLV_HAS(4) | TLV_HAS(10),
		.dns = span_str("172.18.0.101"),
		.address = span_of("\0\0\0\0", 4)};
	struct buf out = {0};

	assert_int_equal(tlv_write_record(&out, &r, NULL), ERR_OK);
	assert_int_equal(out.len, 33);
	buf_fini(&out);
}

static void a_second_nul_of_a_host_name(void **state)
{
	static const uint8_t tail[] = {1, 0, 2, 0, 15, 2, 0, 2, 0, 0, 4, 0, 2, 0, 3};
	struct tlv_header h = header();
	struct tlv_record r;
	struct tlv_list list;
	struct tlv_iter it;
	struct buf out = {0};

	assert_int_equal(tlv_write_header(&out, &h, (struct span){0}, NULL), ERR_OK);
	buf_put(&out, span_of(tail, sizeof(tail)));
	assert_int_equal(tlv_parse(&list, buf_span(&out), NULL), ERR_OK);
	tlv_iter_init(&it, &list);
	assert_true(tlv_iter_next(&it, &r));
	assert_int_equal(r.dns.len, 0);
	assert_int_equal(r.dns_length, 2);
	assert_false(tlv_iter_next(&it, &r));
	buf_fini(&out);
}

/* Readers that flatten containers accept this; so do we. */
static void containers_may_be_left_out(void **state)
{
	static const uint8_t start[] = {1, 0, 2, 1, 2, 2, 0, 2, 0, 0, 4, 0, 2, 's', 0, 5, 0, 1, 9,
		6, 0, 2, 'i', 0, 8, 0, 1, 1, 10, 0, 1, 0, 11, 0, 1, 0, 99, 0, 1, 7, 12, 0, 64};
	struct buf out = {0};
	struct tlv_header h;
	struct span pieces[2];

	buf_put(&out, span_of(start, sizeof(start)));
	buf_fill(&out, 0xAA, 64);
	buf_set_be16(&out, 8, (uint16_t)out.len);
	buf_str(&out, "content");
	assert_int_equal(tlv_parse_header(&h, buf_span(&out), NULL), ERR_OK);
	assert_int_equal(h.signer_id_length, 0);
	assert_true(span_eq(h.signer_name, span_str("s")));
	assert_int_equal(h.digest, TLV_SHA1);
	tlv_signed_pieces(buf_span(&out), &h, pieces);
	assert_int_equal(pieces[0].len, sizeof(start) - 3);
	assert_true(span_eq(pieces[1], span_str("content")));
	buf_fini(&out);
}

static void too_many_records(void **state)
{
	static const uint8_t smallest[] = {1, 0, 2, 0, 10, 4, 0, 2, 0, 4};
	struct tlv_header h = header();
	struct fail why = {0};
	struct tlv_list list;
	struct buf out = {0};
	size_t i;

	assert_int_equal(tlv_write_header(&out, &h, (struct span){0}, NULL), ERR_OK);
	for (i = 0; i < TLV_RECORDS_MAX; i++)
		buf_put(&out, span_of(smallest, sizeof(smallest)));
	assert_int_equal(tlv_parse(&list, buf_span(&out), NULL), ERR_OK);
	assert_int_equal(list.count, TLV_RECORDS_MAX);
	buf_put(&out, span_of(smallest, sizeof(smallest)));
	assert_int_equal(tlv_parse(&list, buf_span(&out), &why), ERR_LIMIT);
	assert_string_equal(
		why.text, "record 10001, RECORDLENGTH at byte 100304: more than 10000 records");
	buf_fini(&out);
	fail_clear(&why);
	assert_int_equal(tlv_parse(&list, span_of("", TLV_FILE_MAX + 1), &why), ERR_LIMIT);
}

static void header_refusals(void **state)
{
	static uint8_t big[65536];
	struct tlv_header h = header();
	struct fail why = {0};
	struct buf out = {0};

	h.modulus = 4;
	assert_int_equal(tlv_write_header(&out, &h, (struct span){0}, &why), ERR_UNSUPPORTED);
	h = header();
	h.serial.len = 0;
	assert_int_equal(tlv_write_header(&out, &h, (struct span){0}, NULL), ERR_ARG);
	h = header();
	h.issuer_name = span_of("a\0b", 3);
	assert_int_equal(tlv_write_header(&out, &h, (struct span){0}, NULL), ERR_ARG);
	h = header();
	memset(big, 'x', sizeof(big));
	h.signer_name = span_of(big, 65535);
	assert_int_equal(tlv_write_header(&out, &h, (struct span){0}, NULL), ERR_LIMIT);
	buf_clear(&out);
	h = header();
	assert_int_equal(tlv_write_header(&out, &h, span_of(big, 65400), NULL), ERR_LIMIT);
	buf_clear(&out);
	buf_u8(&out, 1);
	assert_int_equal(tlv_write_header(&out, &h, (struct span){0}, NULL), ERR_ARG);
	buf_fini(&out);
}

static void record_refusals(void **state)
{
	static uint8_t big[65536];
	struct tlv_record r = record();
	struct fail why = {0};
	struct buf out = {0};

	r.has = TLV_HAS(6);
	assert_int_equal(tlv_write_record(&out, &r, &why), ERR_ARG);
	assert_string_equal(why.text, "record: FUNCTION is missing");
	r = record();
	r.serial.len = 0;
	assert_int_equal(tlv_write_record(&out, &r, NULL), ERR_ARG);
	r = record();
	r.has |= TLV_HAS(10);
	r.address = span_of("\1\2\3", 3);
	assert_int_equal(tlv_write_record(&out, &r, NULL), ERR_ARG);
	assert_int_equal(out.len, 0);
	r = record();
	r.has |= TLV_HAS(7) | TLV_HAS(9);
	r.public_key = r.certificate = span_of(big, 40000);
	assert_int_equal(tlv_write_record(&out, &r, NULL), ERR_LIMIT);
	buf_fini(&out);
}

static void signature_is_put_in_its_place(void **state)
{
	static uint8_t signature[128];
	struct tlv_header h = header(), read;
	struct fail why = {0};
	struct buf out = {0};

	memset(signature, 0x5A, sizeof(signature));
	assert_int_equal(tlv_write_header(&out, &h, (struct span){0}, NULL), ERR_OK);
	assert_int_equal(
		tlv_set_signature(&out, span_of(signature, sizeof(signature)), NULL), ERR_OK);
	assert_int_equal(tlv_parse_header(&read, buf_span(&out), NULL), ERR_OK);
	assert_true(span_eq(read.signature, span_of(signature, sizeof(signature))));
	assert_int_equal(tlv_set_signature(&out, span_of(signature, 64), &why), ERR_ARG);
	assert_string_equal(why.text, "signature of 64 bytes, the header has room for 128");
	buf_fini(&out);
}

static void modulus_codes(void **state)
{
	static const unsigned bits[] = {512, 1024, 2048, 4096};
	int code;

	for (code = 0; code < 4; code++) {
		assert_int_equal(tlv_modulus_code(bits[code]), code);
		assert_int_equal(tlv_modulus_bytes((uint8_t)code), bits[code] / 8);
	}
	assert_int_equal(tlv_modulus_code(3072), -1);
	assert_int_equal(tlv_modulus_bytes(4), 0);
}

static void names(void **state)
{
	assert_string_equal(tlv_header_tag_name(8), "DIGESTALGORTITHM");
	assert_string_equal(tlv_record_tag_name(12), "HASH ALGORITHM");
	assert_string_equal(tlv_role_name(TLV_ROLE_CCM_TFTP), "CCM+TFTP");
	assert_null(tlv_header_tag_name(0));
	assert_null(tlv_header_tag_name(29));
	assert_null(tlv_record_tag_name(13));
	assert_null(tlv_role_name(5));
}

static void without_memory(void **state)
{
	struct tlv_header h = header();
	struct tlv_record r = record();
	enum err err = ERR_NOMEM;
	struct fail why;
	size_t n;

	for (n = 1; err; n++) {
		struct buf out = {0};

		fail_clear(&why);
		mem_fail_from(n);
		err = tlv_write_header(&out, &h, (struct span){0}, &why);
		if (!err)
			err = tlv_write_record(&out, &r, &why);
		mem_fail_from(0);
		assert_true(err == ERR_OK || err == ERR_NOMEM);
		assert_int_equal(why.code, err);
		buf_fini(&out);
	}
	assert_true(n > 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_sizes),
		cmocka_unit_test(record_sizes),
		cmocka_unit_test(a_second_nul_of_a_host_name),
		cmocka_unit_test(containers_may_be_left_out),
		cmocka_unit_test(too_many_records),
		cmocka_unit_test(header_refusals),
		cmocka_unit_test(record_refusals),
		cmocka_unit_test(signature_is_put_in_its_place),
		cmocka_unit_test(modulus_codes),
		cmocka_unit_test(names),
		cmocka_unit_test(without_memory),
	};

	return cmocka_run_group_tests_name("wire/tlv", tests, NULL, NULL);
}
