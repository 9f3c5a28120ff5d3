/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRE_HTTP_DESCRIBE_H
#define WIRE_HTTP_DESCRIBE_H

#include "base/buf.h"

/* A row of wire/format.h: heads of requests. */
enum err http_describe(struct span in, unsigned version, struct buf *dump, struct buf *again,
	struct fail *why) MUST_USE;

#endif
