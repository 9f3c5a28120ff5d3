/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRE_SGN_DESCRIBE_H
#define WIRE_SGN_DESCRIBE_H

#include "wire/sgn/sgn.h"

/* A row of wire/format.h. */
enum err sgn_describe(struct span in, unsigned version, struct buf *dump, struct buf *again,
	struct fail *why) MUST_USE;

#endif
