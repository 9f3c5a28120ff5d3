/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRE_CNFXML_DESCRIBE_H
#define WIRE_CNFXML_DESCRIBE_H

#include "wire/cnfxml/cnfxml.h"

/* A row of wire/format.h. */
enum err cnfxml_describe(struct span in, unsigned version, struct buf *dump, struct buf *again,
	struct fail *why) MUST_USE;

#endif
