/* SPDX-License-Identifier: BSD-2-Clause
 * Target functions: http_frame, http_decode, http_encode, http_path, http_basic, http_tag,
 * http_describe */
#include "target.h"

#include "wire/http/http.h"

/* A head that is cut out of a stream is one that the decoder takes whole, and the other way round:
 * nobody downstream sees another end of the message. */
static void frame_and_decode_agree(struct span in)
{
	struct http_request r;
	enum err err;
	size_t len = http_frame(in, &err, NULL);

	if (len && http_decode(&r, span_of(in.ptr, len), NULL) == ERR_SHORT)
		fuzz_fail("a whole head is short for the decoder");
	if (http_decode(&r, in, NULL) == ERR_OK && len != in.len)
		fuzz_fail("a head that decodes was not cut out");
	if (http_decode(&r, in, NULL) != ERR_OK && r.refusal < 400)
		fuzz_fail("refused without a status");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	frame_and_decode_agree(span_of(data, size));
	fuzz_format("http", 0, data, size);
	return 0;
}
