/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRE_ENC_DESCRIBE_H
#define WIRE_ENC_DESCRIBE_H

#include "wire/enc/enc.h"

/* A row of wire/format.h. */
enum err enc_describe(struct span in, unsigned version, struct buf *dump, struct buf *again,
	struct fail *why) MUST_USE;

#endif
