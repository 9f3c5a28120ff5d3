/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRE_CAPF_DESCRIBE_H
#define WIRE_CAPF_DESCRIBE_H

#include "base/buf.h"

/* A row of wire/format.h. */
enum err capf_describe(struct span in, unsigned version, struct buf *dump, struct buf *again,
	struct fail *why) MUST_USE;

#endif
