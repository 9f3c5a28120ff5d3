/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/err.h"
#include "base/span.h"

#include <stdarg.h>

/* Growing bytes with a sticky error: after the first failure every write does nothing and
 * buf_check() tells. A zeroed struct is an empty buffer. The owner calls buf_fini. */
struct buf {
	uint8_t *data;
	size_t len, cap;
	enum err err;
};

void buf_init(struct buf *b);
void buf_fini(struct buf *b);

/* As buf_fini, but overwrites the content first. For secrets. Growing also wipes what it leaves. */
void buf_wipe(struct buf *b);

/* Forgets the content, keeps the memory and clears the error. */
void buf_clear(struct buf *b);

/* ERR_OK, or the first failure since init or clear. */
enum err buf_check(const struct buf *b) MUST_USE;

/* The content, valid until the next write or fini. */
struct span buf_span(const struct buf *b);

void buf_put(struct buf *b, struct span bytes);
void buf_str(struct buf *b, const char *text);  /* without the NUL */
void buf_strz(struct buf *b, const char *text); /* with the NUL */
void buf_fill(struct buf *b, uint8_t byte, size_t count);
void buf_u8(struct buf *b, uint8_t v);
void buf_be16(struct buf *b, uint16_t v);
void buf_be32(struct buf *b, uint32_t v);
void buf_le16(struct buf *b, uint16_t v);
void buf_le32(struct buf *b, uint32_t v);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_vprintf(struct buf *b, const char *fmt, va_list args) PRINTF_LIKE(2, 0);

/* Makes room for `len` bytes and returns where to write them, or NULL (sticky error set). */
uint8_t *buf_grow(struct buf *b, size_t len);

/* Drops the first `len` bytes (all, if there are fewer). */
void buf_drop(struct buf *b, size_t len);

/* A 16-bit length whose value is known only when its content is written: reserve returns the
 * position, patch writes the count of bytes after the field; ERR_LIMIT (sticky) above 65,535. */
size_t buf_reserve_be16(struct buf *b);
void buf_patch_be16(struct buf *b, size_t pos);
/* Overwrites the two bytes at `pos` with a given value. */
void buf_set_be16(struct buf *b, size_t pos, uint16_t v);

#endif
