/* SPDX-License-Identifier: BSD-2-Clause
 * A list, a .sgn or an .enc.sgn file as fields that follow one another without a gap: for showing
 * every byte, also of files that the parsers refuse. spec: docs/formats/trust-list.md */
#ifndef WIRE_TLV_WALK_H
#define WIRE_TLV_WALK_H

#include "wire/tlv/tlv.h"

enum tlv_file { TLV_FILE_LIST, TLV_FILE_SIGNED, TLV_FILE_ENCRYPTED };

/* What a file is, told by its bytes: version 2 is encrypted; else the name in the header decides,
 * and without one what follows the header. A guess for files that are none of the three. */
enum tlv_file tlv_file_kind(struct span file);

enum tlv_part {
	TLV_PART_HEADER,
	TLV_PART_RECORD,
	TLV_PART_CONTENT, /* what a signed or encrypted file carries */
	TLV_PART_REST,    /* all from where the structure breaks */
};

#define TLV_DEPTH_MAX 3u /* containers around an item; the formats have two */

struct tlv_field {
	enum tlv_part part;
	size_t at, size;   /* the field's own bytes; of a container tag and length only */
	unsigned tag;      /* of header and record items */
	const char *name;  /* NULL for an unknown tag, content and rest */
	struct span value; /* of a container all that is in it; padding has none */
	bool container;    /* its items follow as fields of their own */
	size_t record;     /* number from 1; 0 outside records */
	unsigned depth;    /* containers around it … */
	unsigned parents[TLV_DEPTH_MAX]; /* … and their tags, outermost first */
};

struct tlv_walk {
	struct span file;
	enum tlv_file kind;
	size_t pos, header_end, record_end, record;
	unsigned depth, parents[TLV_DEPTH_MAX];
	size_t ends[TLV_DEPTH_MAX];
	bool has_length; /* tag 2 was read: header_end is final */
};

void tlv_walk_init(struct tlv_walk *w, struct span file, enum tlv_file kind);
/* False at the end of the file. Every field has at least one byte, starts where the one before it
 * ended, and the last one ends with the file. */
bool tlv_walk_next(struct tlv_walk *w, struct tlv_field *f);

#endif
