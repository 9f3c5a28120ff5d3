/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRE_TLV_DESCRIBE_H
#define WIRE_TLV_DESCRIBE_H

#include "wire/tlv/tlv.h"

/* A row of wire/format.h: trust lists as text and back. */
enum err tlv_describe(struct span in, unsigned version, struct buf *dump, struct buf *again,
	struct fail *why) MUST_USE;

/* The header alone, for the formats that share it; and one "NAME = value" line each. */
void tlv_describe_header(struct buf *dump, const struct tlv_header *h);
void tlv_describe_text(struct buf *dump, const char *name, struct span text);
void tlv_describe_hex(struct buf *dump, const char *name, struct span bytes);

#endif
