/* SPDX-License-Identifier: BSD-2-Clause
 * Target functions: tftp_decode, tftp_encode, tftp_describe */
#include "target.h"

FUZZ_FORMAT("tftp", 0)
