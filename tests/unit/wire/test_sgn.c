/* SPDX-License-Identifier: BSD-2-Clause
 * What the vectors of tests/vectors/sgn do not reach. */
#include "base/mem.h"
#include "wire/sgn/sgn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>

static char name91[256];

static struct tlv_header header(void)
{
	memset(name91, 'n', sizeof(name91));
	return (struct tlv_header){
		.signer_name = span_of(name91, 38),
		.serial = span_of(name91, 8),
		.issuer_name = span_of(name91, 34),
		.digest = TLV_SHA1,
		.modulus = 2,
		.filename = span_str("term41.default.loads"),
	};
}

/* A header that the vendor signed: 10 + (3 + 91) + 18 + (3 + 256) + (3 + 21) = 405, 3 to align. */
static void header_of_the_vendor(void **state)
{
	struct tlv_header h = header();
	struct sgn_file f;
	struct buf out = {0};

	assert_int_equal(sgn_write(&out, &h, span_str("text"), NULL), ERR_OK);
	assert_int_equal(out.len, 408 + 4);
	assert_int_equal(sgn_parse(&f, buf_span(&out), NULL), ERR_OK);
	assert_int_equal(f.header.length, 408);
	assert_int_equal(f.header.signer_id_length, 91);
	assert_int_equal(f.header.padding, 3);
	assert_false(f.header.has_timestamp);
	assert_true(span_eq(f.content, span_str("text")));
	/* The vendor's own say 1.1. */
	out.data[4] = 1;
	assert_int_equal(sgn_parse(&f, buf_span(&out), NULL), ERR_OK);
	buf_fini(&out);
}

static void version_is_always_ours(void **state)
{
	struct tlv_header h = header();
	struct sgn_file f;
	struct buf out = {0};

	h.major = 2;
	h.minor = 9;
	h.has_signer_version = true;
	assert_int_equal(sgn_write(&out, &h, (struct span){0}, NULL), ERR_OK);
	assert_int_equal(sgn_parse(&f, buf_span(&out), NULL), ERR_OK);
	assert_int_equal(f.header.major, 1);
	assert_int_equal(f.header.minor, 0);
	assert_false(f.header.has_signer_version);
	assert_int_equal(f.content.len, 0);
	buf_fini(&out);
}

static void without_memory(void **state)
{
	struct tlv_header h = header();
	enum err err = ERR_NOMEM;
	struct fail why;
	size_t n;

	for (n = 1; err; n++) {
		struct buf out = {0};

		fail_clear(&why);
		mem_fail_from(n);
		err = sgn_write(&out, &h, span_of(name91, sizeof(name91)), &why);
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
		cmocka_unit_test(header_of_the_vendor),
		cmocka_unit_test(version_is_always_ours),
		cmocka_unit_test(without_memory),
	};

	return cmocka_run_group_tests_name("wire/sgn", tests, NULL, NULL);
}
