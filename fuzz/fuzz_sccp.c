/* SPDX-License-Identifier: BSD-2-Clause
 * Target functions: sccp_decode, sccp_encode, sccp_describe, at every version whose layouts differ
 */
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned versions[] = {0, 5, 11, 16, 17, 20, 22};
	size_t i;

	for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		fuzz_format("sccp", versions[i], data, size);
	return 0;
}
