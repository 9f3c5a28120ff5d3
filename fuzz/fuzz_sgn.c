/* SPDX-License-Identifier: BSD-2-Clause
 * Target functions: sgn_parse, sgn_describe (the writer). */
#include "target.h"
#include "wire/sgn/describe.h"
#include "wire/sgn/sgn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf dump = {0}, again = {0}, again2 = {0};
	struct span in = span_of(data, size);
	struct fail why = {0};
	struct sgn_file f;

	if (sgn_parse(&f, in, &why)) {
		if (!why.code || !why.text[0])
			fuzz_fail("refused without a text");
		return 0;
	}
	/* As for lists: what is written again is such a file too, and stays as it is. */
	if (tlv_modulus_bytes(f.header.modulus) &&
		sgn_describe(in, 0, &dump, &again, &why) != ERR_LIMIT) {
		fail_clear(&why);
		if (sgn_describe(buf_span(&again), 0, &dump, &again2, &why))
			fuzz_fail(why.text);
		if (!span_eq(buf_span(&again), buf_span(&again2)))
			fuzz_fail("encoding is not stable");
	}
	buf_fini(&dump);
	buf_fini(&again);
	buf_fini(&again2);
	return 0;
}
