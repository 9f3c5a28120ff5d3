/* SPDX-License-Identifier: BSD-2-Clause
 * Target functions: tls_hello_read
 * Input: length of the bytes to the server u16 | these | the bytes to the client */
#include "target.h"
#include "wire/capture/tls_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fail why = {0};
	struct tls_hello h;
	size_t split;

	if (size < 2)
		return 0;
	split = (size_t)data[0] << 8 | data[1];
	data += 2;
	size -= 2;
	split = split > size ? size : split;
	if (tls_hello_read(&h, span_of(data, split), span_of(data + split, size - split), &why) &&
		!why.text[0])
		fuzz_fail("refused without a text");
	if (h.completed && (!h.version || !h.secured[0] || !h.secured[1]))
		fuzz_fail("completed without a handshake");
	tls_hello_fini(&h);
	return 0;
}
