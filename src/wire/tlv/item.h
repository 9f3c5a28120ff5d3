/* SPDX-License-Identifier: BSD-2-Clause
 * One tag-length-value of a trust list or of a signed or encrypted file. Internal to wire.
 * spec: docs/formats/trust-list.md#encoding */
#ifndef WIRE_TLV_ITEM_H
#define WIRE_TLV_ITEM_H

#include "wire/cursor.h"

struct tlv_item {
	unsigned tag;
	size_t at; /* where the tag stands in the file */
	struct span value;
	const char *name; /* into a table or into `spare` */
	char spare[16];
};

/* Reads a tag, names it with `names` ("tag 99" when that gives NULL). False at the end of the bytes
 * or after an error. The value is not read: padding has none. */
bool tlv_item_tag(struct cursor *c, struct tlv_item *it, const char *(*names)(unsigned tag));

/* Reads length and value; a length beyond c's bytes "runs past <inside>". */
void tlv_item_value(struct cursor *c, struct tlv_item *it, const char *inside);

/* Reports the item as the place of a failure. */
enum err tlv_item_fail(struct cursor *c, const struct tlv_item *it, enum err code, const char *fmt,
	...) PRINTF_LIKE(4, 5);

/* What the value must be; zeros and empty spans after an error. */
void tlv_item_size(struct cursor *c, const struct tlv_item *it, size_t size);
uint8_t tlv_item_u8(struct cursor *c, const struct tlv_item *it);
uint16_t tlv_item_be16(struct cursor *c, const struct tlv_item *it);
uint32_t tlv_item_be32(struct cursor *c, const struct tlv_item *it);
struct span tlv_item_bytes(struct cursor *c, const struct tlv_item *it); /* at least one byte */
struct span tlv_item_text(struct cursor *c, const struct tlv_item *it);  /* the NUL left out */

/* ERR_FORMAT when `it` was seen before; known tags above 31 do not exist. */
void tlv_item_once(struct cursor *c, const struct tlv_item *it, uint32_t *seen);

/* Appends one item. */
void tlv_item_put(struct buf *out, uint8_t tag, struct span value);
void tlv_item_put_u8(struct buf *out, uint8_t tag, uint8_t v);

#endif
