/* SPDX-License-Identifier: BSD-2-Clause
 * What the vectors in tests/vectors/capf cannot say: streams, and what may be written. */
#include "wire/capf/capf.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdint.h>
#include <stdlib.h>

/* AUTH_REQ of session 1, then the start of a REQ_IN_PROGRESS. */
static const uint8_t stream[] = {0x55, 0x01, 0, 0, 0, 1, 0, 4, 0x07, 0, 1, 3, 0x55, 0x11, 0};

static void frames_of_a_stream(void **state)
{
	struct fail why = {0};
	enum err err;
	size_t len;

	for (len = 0; len <= sizeof(stream); len++) {
		assert_int_equal(capf_frame(span_of(stream, len), &err, &why), len < 12 ? 0 : 12);
		assert_int_equal(err, ERR_OK);
	}
	assert_int_equal(capf_frame(span_of(stream + 12, 3), &err, &why), 0);
	assert_int_equal(err, ERR_OK);
}

static void frames_are_refused_early(void **state)
{
	static const uint8_t tls[] = {0x16};
	static const uint8_t huge[] = {0x55, 0x02, 0, 0, 0, 1, 0x40, 0x01};
	struct fail why = {0};
	enum err err;

	assert_int_equal(capf_frame(span_of(tls, 1), &err, &why), 0);
	assert_int_equal(err, ERR_PROTO);
	assert_non_null(strstr(why.text, "0x16"));
	fail_clear(&why);
	assert_int_equal(capf_frame(span_of(huge, sizeof(huge)), &err, &why), 0);
	assert_int_equal(err, ERR_LIMIT);
	assert_string_equal(why.text, "AUTH_RES, length at byte 6: 16385, at most 16384");
}

static void writes_only_what_is_there(void **state)
{
	struct capf_message m = {.type = CAPF_AUTH_REQ,
		.session = 1,
		.version = 3,
		.order = {CAPF_E_VERSION, CAPF_E_AUTH_TYPE}};
	struct buf out = {0};

	buf_u8(&out, 0xEE);
	m.has = CAPF_HAS(CAPF_E_VERSION);
	assert_int_equal(capf_encode(&out, &m), ERR_ARG);
	assert_int_equal(out.len, 1);
	m.order[1] = CAPF_E_VERSION;
	assert_int_equal(capf_encode(&out, &m), ERR_ARG);
	m.order[1] = 14;
	assert_int_equal(capf_encode(&out, &m), ERR_ARG);
	m.order[1] = 0;
	assert_int_equal(capf_encode(&out, &m), ERR_OK);
	assert_true(span_eq(span_of(out.data + 1, out.len - 1), span_of(stream, 12)));
	buf_fini(&out);
}

static void writes_only_what_fits(void **state)
{
	static const uint8_t bytes[9000];
	struct capf_message m = {.type = CAPF_STORE_CERT_REQ,
		.certificate_type = 1,
		.has = CAPF_HAS(CAPF_E_CERTIFICATE) | CAPF_HAS(CAPF_E_SUDI_DATA),
		.order = {CAPF_E_CERTIFICATE},
		.certificate = {bytes, sizeof(bytes)}};
	struct buf out = {0};

	assert_int_equal(capf_encode(&out, &m), ERR_LIMIT);
	m.certificate.len = 0;
	assert_int_equal(capf_encode(&out, &m), ERR_LIMIT);
	m.certificate.len = 8187;
	assert_int_equal(capf_encode(&out, &m), ERR_OK);
	assert_int_equal(out.len, CAPF_HEADER + 3 + 8192);
	buf_clear(&out);
	m.sudi_data = span_of(bytes, sizeof(bytes));
	m.order[1] = CAPF_E_SUDI_DATA;
	assert_int_equal(capf_encode(&out, &m), ERR_LIMIT);
	assert_int_equal(out.len, 0);
	buf_fini(&out);
}

static void out_of_memory(void **state)
{
	static const uint8_t bytes[5000];
	struct capf_message m = {.type = CAPF_KEY_GEN_RES,
		.certificate_type = 1,
		.has = CAPF_HAS(CAPF_E_CERTIFICATE),
		.order = {CAPF_E_CERTIFICATE},
		.certificate = {bytes, sizeof(bytes)}};
	enum err err = ERR_NOMEM;
	struct buf out = {0};
	size_t n;

	for (n = 1; err; n++) {
		buf_fini(&out);
		mem_fail_from(n);
		err = capf_encode(&out, &m);
		mem_fail_from(0);
		assert_true(err == ERR_NOMEM || err == ERR_OK);
		assert_true(!err || !out.len);
	}
	assert_true(n > 2);
	buf_fini(&out);
}

static void names(void **state)
{
	assert_string_equal(capf_type_name(CAPF_KEY_GEN_RES), "KEY_GEN_RES");
	assert_string_equal(capf_type_name(CAPF_REQ_IN_PROGRESS), "REQ_IN_PROGRESS");
	assert_string_equal(capf_type_name(0), "UNKNOWN");
	assert_string_equal(capf_type_name(24), "UNKNOWN");
	assert_string_equal(capf_element_name(CAPF_E_SHA2_SIGNED_DATA), "SHA2_SIGNED_DATA");
	assert_string_equal(capf_element_name(14), "UNKNOWN");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_of_a_stream),
		cmocka_unit_test(frames_are_refused_early),
		cmocka_unit_test(writes_only_what_is_there),
		cmocka_unit_test(writes_only_what_fits),
		cmocka_unit_test(out_of_memory),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests_name("wire/capf", tests, NULL, NULL);
}
