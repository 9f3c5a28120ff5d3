/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRE_SCCP_DESCRIBE_H
#define WIRE_SCCP_DESCRIBE_H

#include "base/buf.h"

/* The row of wire_formats (wire/format.h): one whole message with the layout of `version`. */
enum err sccp_describe(struct span in, unsigned version, struct buf *dump, struct buf *again,
	struct fail *why) MUST_USE;

#endif
