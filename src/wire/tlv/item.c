/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/tlv/item.h"

#include <stdarg.h>
#include <stdio.h>

bool tlv_item_tag(struct cursor *c, struct tlv_item *it, const char *(*names)(unsigned tag))
{
	if (cur_left(c) == 0)
		return false;
	it->at = cur_where(c);
	it->value = (struct span){0};
	it->tag = cur_u8(c, "tag");
	it->name = names(it->tag);
	if (!it->name) {
		snprintf(it->spare, sizeof(it->spare), "tag %u", it->tag);
		it->name = it->spare;
	}
	return true;
}

void tlv_item_value(struct cursor *c, struct tlv_item *it, const char *inside)
{
	uint16_t len = cur_be16(c, it->name);

	if (cur_check(c))
		return;
	if (len > cur_left(c)) {
		tlv_item_fail(c, it, ERR_FORMAT, "length %u runs past %s", len, inside);
		return;
	}
	it->value = cur_take(c, len, it->name);
}

enum err tlv_item_fail(
	struct cursor *c, const struct tlv_item *it, enum err code, const char *fmt, ...)
{
	char text[128];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return cur_fail_at(c, code, it->at, it->name, "%s", text);
}

void tlv_item_size(struct cursor *c, const struct tlv_item *it, size_t size)
{
	if (!cur_check(c) && it->value.len != size)
		tlv_item_fail(c, it, ERR_FORMAT, "length %zu, must be %zu", it->value.len, size);
}

uint8_t tlv_item_u8(struct cursor *c, const struct tlv_item *it)
{
	tlv_item_size(c, it, 1);
	return cur_check(c) ? 0 : it->value.ptr[0];
}

uint16_t tlv_item_be16(struct cursor *c, const struct tlv_item *it)
{
	const uint8_t *p = it->value.ptr;

	tlv_item_size(c, it, 2);
	return cur_check(c) ? 0 : (uint16_t)(p[0] << 8 | p[1]);
}

uint32_t tlv_item_be32(struct cursor *c, const struct tlv_item *it)
{
	const uint8_t *p = it->value.ptr;

	tlv_item_size(c, it, 4);
	if (cur_check(c))
		return 0;
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

struct span tlv_item_bytes(struct cursor *c, const struct tlv_item *it)
{
	if (!cur_check(c) && it->value.len == 0)
		tlv_item_fail(c, it, ERR_FORMAT, "is empty");
	return cur_check(c) ? (struct span){0} : it->value;
}

struct span tlv_item_text(struct cursor *c, const struct tlv_item *it)
{
	struct span text = {0};

	if (cur_check(c))
		return text;
	if (it->value.len == 0 || it->value.ptr[it->value.len - 1] != '\0') {
		tlv_item_fail(c, it, ERR_FORMAT, "text does not end in NUL");
		return text;
	}
	/* A NUL inside would make a name look shorter to one reader than to another. */
	if (memchr(it->value.ptr, '\0', it->value.len - 1)) {
		tlv_item_fail(c, it, ERR_FORMAT, "text holds a NUL");
		return text;
	}
	return span_of(it->value.ptr, it->value.len - 1);
}

void tlv_item_once(struct cursor *c, const struct tlv_item *it, uint32_t *seen)
{
	uint32_t bit = it->tag < 32 ? UINT32_C(1) << it->tag : 0;

	if (*seen & bit)
		tlv_item_fail(c, it, ERR_FORMAT, "appears twice");
	*seen |= bit;
}

void tlv_item_put(struct buf *out, uint8_t tag, struct span value)
{
	size_t at;

	buf_u8(out, tag);
	at = buf_reserve_be16(out);
	buf_put(out, value);
	buf_patch_be16(out, at);
}

void tlv_item_put_u8(struct buf *out, uint8_t tag, uint8_t v)
{
	tlv_item_put(out, tag, span_of(&v, 1));
}
