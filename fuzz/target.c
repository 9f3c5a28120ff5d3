/* SPDX-License-Identifier: BSD-2-Clause */
#include "target.h"

#include <stdio.h>
#include <stdlib.h>

const char *fuzz_input;

void fuzz_fail(const char *what)
{
	if (!fuzz_input) {
		fprintf(stderr, "%s\n", what);
		abort();
	}
	fprintf(stderr, "%s: %s\n", fuzz_input, what);
	exit(1);
}

void fuzz_format(const char *format, unsigned version, const uint8_t *data, size_t size)
{
	const struct wire_format *f = wire_format_find(format);
	struct buf dump = {0}, again = {0}, dump2 = {0}, again2 = {0};
	struct fail why = {0};

	if (!f)
		fuzz_fail("no format of this name");
	if (f->describe(span_of(data, size), version, &dump, &again, &why)) {
		if (!why.code || !why.text[0])
			fuzz_fail("refused without a text");
		goto end;
	}
	if (buf_check(&dump) || buf_check(&again))
		fuzz_fail("success, but a buffer failed");
	if (f->describe(buf_span(&again), version, &dump2, &again2, &why))
		fuzz_fail(why.text[0] ? why.text : "encoded again, it is refused");
	if (!span_eq(buf_span(&dump), buf_span(&dump2)))
		fuzz_fail("encoded again, it has another dump");
	if (!span_eq(buf_span(&again), buf_span(&again2)))
		fuzz_fail("encoding is not stable");
end:
	buf_fini(&dump);
	buf_fini(&again);
	buf_fini(&dump2);
	buf_fini(&again2);
}
