/* SPDX-License-Identifier: BSD-2-Clause
 * Declared messages: a table of rows says where each field of a message lies on the wire and in the
 * C struct; one reader, one writer and one printer serve all tables. Tables are constant data of
 * ours, so their nesting is bounded by how they are written, never by a peer.
 * spec: docs/how-to/add-a-message.md */
#ifndef WIRE_FIELDS_H
#define WIRE_FIELDS_H

#include "wire/cursor.h"

#include <stdbool.h>

enum field_kind {
	FIELD_END,     /* last row of a table */
	FIELD_U8,      /* uint8_t */
	FIELD_U16,     /* uint16_t */
	FIELD_U32,     /* uint32_t */
	FIELD_I32,     /* int32_t */
	FIELD_U16S,    /* uint16_t[max] */
	FIELD_IPV4,    /* uint8_t[4], network order whatever the byte order of the rest */
	FIELD_ADDRESS, /* struct field_address: 4 bytes, or u32 type and 16 bytes from `wide_from`
			  on */
	FIELD_TEXT,  /* char[size + 1]: `size` bytes on the wire, zero padded, a full one has no NUL
		      */
	FIELD_STRZ,  /* char[size + 1]: up to `size` bytes and a NUL on the wire */
	FIELD_BYTES, /* uint8_t[size] */
	FIELD_ARRAY, /* struct[max] of `sub`; how many is in the uint32_t at `count_at` */
	FIELD_TIMES, /* struct[max] of `sub`, always all */
	FIELD_BLOCK, /* one struct of `sub` */
	FIELD_PAD,   /* `size` zero bytes, not in the struct */
	FIELD_NEEDED, /* nothing on the wire: a body that ends before this place is refused */
};

#define FIELD_VERSION_ANY 0xFFFFFFFFu /* `until` of a field that never went away */
#define FIELD_SECRET      1u          /* the printer shows only the size; keys and salts */

struct field {
	const char *name; /* as printed and as named in errors */
	enum field_kind kind;
	size_t size;        /* bytes or characters, see the kinds */
	size_t at;          /* offsetof in the struct */
	unsigned since;     /* first protocol version that has the field */
	unsigned until;     /* last one */
	unsigned flags;     /* FIELD_SECRET */
	unsigned wide_from; /* FIELD_ADDRESS only */
	size_t max;         /* elements of the C array */
	size_t always;   /* FIELD_ARRAY: elements on the wire whatever the count, 0 = count only */
	size_t stride;   /* sizeof one element of the C array */
	size_t count_at; /* FIELD_ARRAY: offsetof the count, which has a row of its own before */
	const struct field *(*sub)(void); /* rows of an element or block */
};

/* An address with its kind, as SCCP carries it from version 17 on. */
enum field_address_type { FIELD_ADDRESS_IPV4 = 0, FIELD_ADDRESS_IPV6 = 1 };
struct field_address {
	uint32_t type;     /* enum field_address_type, or a number of the peer's */
	uint8_t bytes[16]; /* network order; IPv4 in the first four */
};

/* How a format uses its tables. */
struct fields_how {
	unsigned version; /* chooses rows by since and until */
	bool big_endian;
	/* A body may end anywhere after the last FIELD_NEEDED row: what is missing reads as zero or
	 * empty. Where false, every field must be there. */
	bool lenient;
};

/* Reads the fields of *out (zeroed first by the caller) at the cursor. Bytes after the last row are
 * left unread. ERR_SHORT, ERR_LIMIT (count or text too large), with the place in the cursor's why.
 */
enum err fields_read(const struct field *rows, void *out, struct cursor *c,
	const struct fields_how *how) MUST_USE;

/* Appends the fields. ERR_LIMIT for a text or count that does not fit this version; what was
 * appended until then stays in `buf`. */
enum err fields_write(struct buf *buf, const struct field *rows, const void *in,
	const struct fields_how *how) MUST_USE;

/* Appends one line "name = value" per field; fields of blocks and elements are named
 * "block.name", "array[0].name". A peer's text comes out in quotes and printable. */
void fields_print(
	struct buf *out, const struct field *rows, const void *in, const struct fields_how *how);

#endif
