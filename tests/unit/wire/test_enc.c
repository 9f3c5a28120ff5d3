/* SPDX-License-Identifier: BSD-2-Clause
 * What the vectors of tests/vectors/enc do not reach. */
#include "base/mem.h"
#include "wire/enc/enc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>

static uint8_t zeros[2048];

static void example(struct tlv_header *h, struct enc_file *f)
{
	*h = (struct tlv_header){
		.signer_name = span_str("CN=publisher.lab"),
		.serial = span_of(zeros, 20),
		.issuer_name = span_str("CN=publisher.lab"),
		.digest = TLV_SHA1,
		.modulus = 2,
		.filename = span_str("SEP001122334455.cnf.xml.enc.sgn"),
		.has_timestamp = true,
		.content_digest = TLV_SHA1,
		.content_hash = span_of(zeros, 20),
	};
	*f = (struct enc_file){
		.iv = span_of(zeros, 16),
		.padding = 6,
		.key_bits = 2048,
		.wrapped_key = span_of(zeros, 256),
		.ciphertext = span_of(zeros, 1392),
	};
}

/* 10 + 66 + 18 + 259 + 35 + 7 + 309 + 4 + 23 = 731, 1 to align; 1386 bytes of text.
 * spec: docs/formats/encrypted-file.md#example */
static void the_worked_example(void **state)
{
	struct tlv_header h;
	struct enc_file f, read;
	struct buf out = {0};

	example(&h, &f);
	assert_int_equal(enc_write(&out, &h, &f, NULL), ERR_OK);
	assert_int_equal(out.len, 732 + 1392);
	assert_int_equal(enc_parse(&read, buf_span(&out), NULL), ERR_OK);
	assert_int_equal(read.header.length, 732);
	assert_int_equal(read.header.major, 2);
	assert_int_equal(read.header.encryption.len, 306);
	assert_int_equal(read.padding, 6);
	assert_int_equal(read.key_bits, 2048);
	assert_int_equal(read.ciphertext.len, 1392);
	buf_clear(&out);
	f.key_bits = 1024;
	f.wrapped_key.len = 128;
	assert_int_equal(enc_write(&out, &h, &f, NULL), ERR_OK);
	assert_int_equal(enc_parse(&read, buf_span(&out), NULL), ERR_OK);
	assert_int_equal(read.header.encryption.len, 178);
	buf_fini(&out);
}

static void padding_is_never_nothing(void **state)
{
	struct buf plain = {0};
	size_t len;

	for (len = 0; len <= 48; len++) {
		uint16_t count;

		buf_clear(&plain);
		buf_fill(&plain, 'x', len);
		count = enc_pad(&plain);
		assert_int_equal(count, 16 - len % 16);
		assert_int_equal(plain.len, len + count);
		assert_int_equal(plain.data[plain.len - 1], 0x0D);
		assert_int_equal(plain.data[len], 0x0D);
	}
	buf_fini(&plain);
}

static void sizes_that_do_not_fit(void **state)
{
	struct tlv_header h;
	struct enc_file f;
	struct buf out = {0};
	unsigned i;

	for (i = 0; i < 9; i++) {
		example(&h, &f);
		switch (i) {
		case 0: f.iv.len = 15; break;
		case 1: f.padding = 0; break;
		case 2: f.padding = 17; break;
		case 3: f.key_bits = 2047; break;
		case 4: f.wrapped_key.len = f.key_bits = 0; break;
		case 5: f.ciphertext.len = 0; break;
		case 6: f.ciphertext.len = 1391; break;
		case 7: h.content_digest = 4; break;
		default: h.content_hash.len = 19;
		}
		assert_int_equal(enc_write(&out, &h, &f, NULL), ERR_ARG);
		assert_int_equal(out.len, 0);
	}
}

static void without_memory(void **state)
{
	struct tlv_header h;
	struct enc_file f;
	enum err err = ERR_NOMEM;
	struct fail why;
	size_t n;

	example(&h, &f);
	for (n = 1; err; n++) {
		struct buf out = {0};

		fail_clear(&why);
		mem_fail_from(n);
		err = enc_write(&out, &h, &f, &why);
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
		cmocka_unit_test(the_worked_example),
		cmocka_unit_test(padding_is_never_nothing),
		cmocka_unit_test(sizes_that_do_not_fit),
		cmocka_unit_test(without_memory),
	};

	return cmocka_run_group_tests_name("wire/enc", tests, NULL, NULL);
}
