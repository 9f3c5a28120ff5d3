/* SPDX-License-Identifier: BSD-2-Clause
 * What the vectors in tests/vectors/tftp cannot say: options as numbers, names, what may be
 * written. */
#include "wire/tftp/tftp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdint.h>
#include <stdlib.h>

static void options_as_numbers(void **state)
{
	static const char rrq[] =
		"\0\1f\0octet\0BlkSize\0001432\0tsize\0000\0timeout\000255x\0a\0-5\0"
		"b\0001234567890123456789\0c\0";
	struct tftp_packet p;

	assert_int_equal(tftp_decode(&p, span_of(rrq, sizeof(rrq)), NULL), ERR_OK);
	assert_int_equal(p.options_count, 6);
	assert_int_equal(tftp_option_number(&p, "blksize", 8, 65464), 1432);
	assert_int_equal(tftp_option_number(&p, "blksize", 8, 1431), -1);
	assert_int_equal(tftp_option_number(&p, "blksize", 1433, 65464), -1);
	assert_int_equal(tftp_option_number(&p, "tsize", 0, 1), 0);
	assert_int_equal(tftp_option_number(&p, "timeout", 1, 255), -1);
	assert_int_equal(tftp_option_number(&p, "a", -10, 10), -1);
	assert_int_equal(tftp_option_number(&p, "b", 0, INT64_MAX), -1);
	assert_int_equal(tftp_option_number(&p, "c", 0, 10), -1);
	assert_int_equal(tftp_option_number(&p, "windowsize", 1, 65535), -1);
}

static void writes_only_what_fits(void **state)
{
	static const uint8_t bytes[65465];
	struct tftp_packet p = {.opcode = TFTP_DATA, .block = 1, .data = {bytes, 65464}};
	struct buf out = {0};
	char name[130];

	assert_int_equal(tftp_encode(&out, &p), ERR_OK);
	assert_int_equal(out.len, 65468);
	buf_clear(&out);
	p.data.len = 65465;
	assert_int_equal(tftp_encode(&out, &p), ERR_LIMIT);
	assert_int_equal(out.len, 0);
	memset(name, 'a', sizeof(name));
	p = (struct tftp_packet){.opcode = TFTP_RRQ, .mode = span_str("octet")};
	p.name = span_of(name, TFTP_NAME_MAX);
	assert_int_equal(tftp_encode(&out, &p), ERR_OK);
	buf_clear(&out);
	p.name.len++;
	assert_int_equal(tftp_encode(&out, &p), ERR_LIMIT);
	p.name = span_of("a\0b", 3);
	assert_int_equal(tftp_encode(&out, &p), ERR_ARG);
	p.name = span_str("a");
	p.options_count = 5;
	p.options[0] = p.options[1] = p.options[2] = p.options[3] = p.options[4] =
		(struct tftp_option){span_str("x"), span_of(name, 100)};
	assert_int_equal(tftp_encode(&out, &p), ERR_LIMIT);
	p.options_count = 1;
	p.options[0].name.len = 0;
	assert_int_equal(tftp_encode(&out, &p), ERR_ARG);
	p.opcode = (enum tftp_opcode)7;
	assert_int_equal(tftp_encode(&out, &p), ERR_ARG);
	assert_int_equal(out.len, 0);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_as_numbers),
		cmocka_unit_test(writes_only_what_fits),
	};

	return cmocka_run_group_tests_name("wire/tftp", tests, NULL, NULL);
}
