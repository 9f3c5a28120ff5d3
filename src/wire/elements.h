/* SPDX-License-Identifier: BSD-2-Clause
 * Messages made of elements, tag u8 | length u16 | value: CAPF and TVS. A table of rows says what
 * an element holds and where that lies in the C struct; one reader, one writer and one printer
 * serve all tables. Unknown elements are skipped, each known one may come once, in any order. */
#ifndef WIRE_ELEMENTS_H
#define WIRE_ELEMENTS_H

#include "wire/cursor.h"

#include <stdbool.h>

#define ELEMENTS_MAX 16u /* in one message, unknown ones too */

enum element_kind {
	ELEMENT_U8,     /* uint8_t */
	ELEMENT_U16,    /* uint16_t */
	ELEMENT_U32,    /* uint32_t */
	ELEMENT_BYTES,  /* struct span */
	ELEMENT_TEXT,   /* struct span without the NUL that ends it; read without one too */
	ELEMENT_SECRET, /* as TEXT; a dump tells only its length */
	/* struct span of DER, after 01 | length of the rest u16 | 00 | type u8; the type is the
	 * uint8_t at `beside` */
	ELEMENT_CERTIFICATE,
	ELEMENT_NAME, /* struct span, after 01, without NUL */
};

struct element_row {
	uint8_t tag; /* below 32 */
	const char *name;
	uint16_t min, max; /* bytes of the value on the wire */
	enum element_kind kind;
	size_t member; /* offset in the message */
	size_t beside; /* ELEMENT_CERTIFICATE */
};

/* A message struct says which elements are there in `uint32_t has` (ELEMENT_BIT each) and
 * `uint8_t order[ELEMENTS_MAX]`: as read, or to be written in this order; 0 ends. */
#define ELEMENT_BIT(tag) (UINT32_C(1) << (tag))

struct element_format {
	const struct element_row *rows;
	size_t count;
	size_t has, order; /* offsets in the message */
};

/* NULL for an element that is not known. */
const struct element_row *elements_row(const struct element_format *f, unsigned tag);

/* Reads to the cursor's end; *message is zeroed by the caller, spans borrow. The cursor's error. */
enum err elements_read(const struct element_format *f, void *message, struct cursor *c) MUST_USE;

/* Appends the elements of `order`, which must all be in `has`, else ERR_ARG; ERR_LIMIT. */
enum err elements_write(
	struct buf *out, const struct element_format *f, const void *message) MUST_USE;

/* Appends one line "NAME = value" per element. */
void elements_print(struct buf *out, const struct element_format *f, const void *message);

#endif
