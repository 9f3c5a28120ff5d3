/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/buf.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>

#define FIRST_CAP 64

void buf_init(struct buf *b)
{
	memset(b, 0, sizeof(*b));
}

void buf_fini(struct buf *b)
{
	mem_free(b->data);
	buf_init(b);
}

void buf_wipe(struct buf *b)
{
	mem_wipe(b->data, b->cap);
	buf_fini(b);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->err = ERR_OK;
}

enum err buf_check(const struct buf *b)
{
	return b->err;
}

struct span buf_span(const struct buf *b)
{
	return span_of(b->data, b->len);
}

static bool reserve(struct buf *b, size_t len)
{
	size_t cap = b->cap ? b->cap : FIRST_CAP;
	uint8_t *data;

	if (b->err)
		return false;
	if (b->data && len <= b->cap - b->len)
		return true;
	if (len > SIZE_MAX / 4 || b->len > SIZE_MAX / 4) {
		b->err = ERR_NOMEM;
		return false;
	}
	while (cap < b->len + len)
		cap *= 2;
	/* Not mem_resize: that would leave an unwiped copy of a secret behind. */
	data = mem_new(cap);
	if (!data) {
		b->err = ERR_NOMEM;
		return false;
	}
	if (b->len)
		memcpy(data, b->data, b->len);
	mem_wipe(b->data, b->cap);
	mem_free(b->data);
	b->data = data;
	b->cap = cap;
	return true;
}

uint8_t *buf_grow(struct buf *b, size_t len)
{
	uint8_t *at;

	if (!reserve(b, len))
		return NULL;
	at = b->data + b->len;
	b->len += len;
	return at;
}

void buf_put(struct buf *b, struct span bytes)
{
	uint8_t *at;

	if (!bytes.len)
		return;
	at = buf_grow(b, bytes.len);
	if (at)
		memcpy(at, bytes.ptr, bytes.len);
}

void buf_str(struct buf *b, const char *text)
{
	buf_put(b, span_str(text));
}

void buf_strz(struct buf *b, const char *text)
{
	buf_put(b, span_str(text));
	buf_u8(b, 0);
}

void buf_fill(struct buf *b, uint8_t byte, size_t count)
{
	uint8_t *at;

	if (!count)
		return;
	at = buf_grow(b, count);
	if (at)
		memset(at, byte, count);
}

void buf_u8(struct buf *b, uint8_t v)
{
	buf_put(b, span_of(&v, 1));
}

void buf_be16(struct buf *b, uint16_t v)
{
	uint8_t bytes[2] = {(uint8_t)(v >> 8), (uint8_t)v};

	buf_put(b, span_of(bytes, sizeof(bytes)));
}

void buf_be32(struct buf *b, uint32_t v)
{
	uint8_t bytes[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};

	buf_put(b, span_of(bytes, sizeof(bytes)));
}

void buf_le16(struct buf *b, uint16_t v)
{
	uint8_t bytes[2] = {(uint8_t)v, (uint8_t)(v >> 8)};

	buf_put(b, span_of(bytes, sizeof(bytes)));
}

void buf_le32(struct buf *b, uint32_t v)
{
	uint8_t bytes[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};

	buf_put(b, span_of(bytes, sizeof(bytes)));
}

void buf_vprintf(struct buf *b, const char *fmt, va_list args)
{
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, args);
	if (len < 0 && !b->err)
		b->err = ERR_FORMAT;
	/* One byte more for vsnprintf's NUL, which is not content. */
	if (len > 0 && reserve(b, (size_t)len + 1)) {
		vsnprintf((char *)b->data + b->len, (size_t)len + 1, fmt, again);
		b->len += (size_t)len;
	}
	va_end(again);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	buf_vprintf(b, fmt, args);
	va_end(args);
}

void buf_drop(struct buf *b, size_t len)
{
	if (len >= b->len) {
		b->len = 0;
		return;
	}
	b->len -= len;
	memmove(b->data, b->data + len, b->len);
}

size_t buf_reserve_be16(struct buf *b)
{
	size_t pos = b->len;

	buf_be16(b, 0);
	return pos;
}

void buf_set_be16(struct buf *b, size_t pos, uint16_t v)
{
	if (b->err)
		return;
	if (b->len < 2 || pos > b->len - 2) {
		b->err = ERR_ARG;
		return;
	}
	b->data[pos] = (uint8_t)(v >> 8);
	b->data[pos + 1] = (uint8_t)v;
}

void buf_patch_be16(struct buf *b, size_t pos)
{
	if (b->err)
		return;
	if (b->len >= 2 && pos <= b->len - 2 && b->len - 2 - pos > UINT16_MAX) {
		b->err = ERR_LIMIT;
		return;
	}
	buf_set_be16(b, pos, (uint16_t)(b->len - 2 - pos));
}
