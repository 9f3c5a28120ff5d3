/* SPDX-License-Identifier: BSD-2-Clause
 * Target functions: bundle_read, bundle_base64 */
#include "target.h"

#include "crypto/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bundle b;
	struct buf bytes = {0};
	struct fail why = {0};
	enum err err = bundle_read(&b, span_of(data, size), &why);

	if (err == ERR_OK && (b.count == 0 || b.count > BUNDLE_CERTS))
		fuzz_fail("a file without certificates was taken");
	if (err != ERR_OK && (b.count != 0 || !why.text[0]))
		fuzz_fail("a failure leaves certificates, or no word");
	if (err == ERR_OK)
		bundle_fini(&b);
	fail_clear(&why);
	if (bundle_base64(&bytes, span_of(data, size), &why) == ERR_OK && bytes.len > size)
		fuzz_fail("base 64 grew");
	buf_fini(&bytes);
	return 0;
}
