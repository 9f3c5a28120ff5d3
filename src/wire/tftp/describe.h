/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRE_TFTP_DESCRIBE_H
#define WIRE_TFTP_DESCRIBE_H

#include "base/buf.h"

/* A row of wire/format.h. */
enum err tftp_describe(struct span in, unsigned version, struct buf *dump, struct buf *again,
	struct fail *why) MUST_USE;

#endif
