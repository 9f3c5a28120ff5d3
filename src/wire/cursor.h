/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRE_CURSOR_H
#define WIRE_CURSOR_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

/* Reads borrowed bytes front to back with a sticky error: after the first failure every read
 * yields zeros and moves nothing, so a decoder is a straight list of reads and one check at its
 * end. A length read after an error is 0; range-check lengths, counts and tags before use. */
struct cursor {
	const uint8_t *ptr; /* the bytes of this cursor */
	size_t len, pos;
	size_t origin; /* where ptr[0] stands in the whole input: error places are absolute */
	enum err err;
	struct fail *why; /* borrowed; may be NULL */
	const char *what; /* name used in errors, e.g. "record 3" */
};

void cur_init(struct cursor *c, struct span bytes, const char *what, struct fail *why);

static inline enum err MUST_USE cur_check(const struct cursor *c)
{
	return c->err;
}

/* Bytes not read yet; 0 after an error. */
static inline size_t cur_left(const struct cursor *c)
{
	return c->err ? 0 : c->len - c->pos;
}

/* Absolute position of the next byte. */
static inline size_t cur_where(const struct cursor *c)
{
	return c->origin + c->pos;
}

/* For cur_take: fewer than `len` bytes are left. */
void cur_short(struct cursor *c, size_t len, const char *field);

/* The next `len` bytes, borrowed from the input; an empty span after an error. Reading a file is
 * little else than this, so it and what stands on it are compiled into their callers. */
static inline struct span cur_take(struct cursor *c, size_t len, const char *field)
{
	struct span bytes = {0};

	if (c->err)
		return bytes;
	if (len > c->len - c->pos) {
		cur_short(c, len, field);
		return bytes;
	}
	if (len)
		bytes = span_of(c->ptr + c->pos, len);
	c->pos += len;
	return bytes;
}

static inline uint8_t cur_u8(struct cursor *c, const char *field)
{
	struct span b = cur_take(c, 1, field);

	return b.len ? b.ptr[0] : 0;
}

static inline uint16_t cur_be16(struct cursor *c, const char *field)
{
	struct span b = cur_take(c, 2, field);

	return b.len ? (uint16_t)(b.ptr[0] << 8 | b.ptr[1]) : 0;
}

uint32_t cur_be32(struct cursor *c, const char *field);
uint16_t cur_le16(struct cursor *c, const char *field);
uint32_t cur_le32(struct cursor *c, const char *field);

void cur_skip(struct cursor *c, size_t len, const char *field);

/* Sets *inner over the next `len` bytes (errors go to the same *why) and steps over them. An inner
 * error does not reach the outer cursor by itself: the decoder checks both. */
void cur_sub(struct cursor *c, struct cursor *inner, size_t len, const char *what);

/* Records the first failure at the present position: text is "<what>, <field> at byte <n>: …". */
enum err cur_fail(struct cursor *c, enum err code, const char *field, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
/* The same for a place that was passed already. */
enum err cur_fail_at(struct cursor *c, enum err code, size_t where, const char *field,
	const char *fmt, ...) PRINTF_LIKE(5, 6);

#endif
