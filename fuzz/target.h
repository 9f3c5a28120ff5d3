/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include "wire/format.h"

/* What libFuzzer calls, and the replay driver for each file of a corpus. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program: a property of the target does not hold for this input. */
_Noreturn void fuzz_fail(const char *what);

/* The input under replay, for messages; NULL under libFuzzer. */
extern const char *fuzz_input;

/* The property of every wire format: describing does not crash; a failure has a text; what was
 * encoded again is described with the same dump and is encoded to the same bytes. */
void fuzz_format(const char *format, unsigned version, const uint8_t *data, size_t size);

/* The whole target of a format; `version` as struct wire_format says. */
#define FUZZ_FORMAT(format, version)                                                               \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)                               \
	{                                                                                          \
		fuzz_format(format, version, data, size);                                          \
		return 0;                                                                          \
	}

#endif
