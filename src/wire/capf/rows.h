/* SPDX-License-Identifier: BSD-2-Clause
 * The declared form of CAPF: one row per message type, one per element. Decoder, encoder and dump
 * only walk these. spec: docs/formats/capf.md#elements */
#ifndef WIRE_CAPF_ROWS_H
#define WIRE_CAPF_ROWS_H

#include "wire/capf/capf.h"

enum capf_kind {
	CAPF_KIND_U8,
	CAPF_KIND_U16,
	CAPF_KIND_BYTES,
	CAPF_KIND_TEXT,   /* ends in NUL; the span leaves it out */
	CAPF_KIND_SECRET, /* as TEXT; a dump tells only its length */
	CAPF_KIND_CERTIFICATE,
};

struct capf_row {
	uint8_t tag;
	const char *name;
	uint16_t min, max; /* bytes of the value on the wire */
	enum capf_kind kind;
	size_t member; /* offset in struct capf_message */
};

extern const struct capf_row capf_rows[];
extern const size_t capf_rows_count;

/* NULL for an element that is not known. */
const struct capf_row *capf_row(unsigned tag);

struct span capf_get_span(const struct capf_message *m, const struct capf_row *row);
unsigned capf_get_number(const struct capf_message *m, const struct capf_row *row);

#endif
