/* SPDX-License-Identifier: BSD-2-Clause
 * Target functions: tvs_decode, tvs_encode, tvs_describe */
#include "target.h"

FUZZ_FORMAT("tvs", 0)
