/* SPDX-License-Identifier: BSD-2-Clause
 * Target functions: capf_decode, capf_encode, capf_describe */
#include "target.h"

FUZZ_FORMAT("capf", 0)
