/* SPDX-License-Identifier: BSD-2-Clause
 * CSV as RFC 4180 has it: comma, double quotes, CRLF or LF. spec: docs/formats/device-csv.md */
#ifndef WIRE_CSV_CSV_H
#define WIRE_CSV_CSV_H

#include "base/buf.h"

#include <stdbool.h>

#define CSV_FIELDS_MAX 64u   /* of a record */
#define CSV_RECORD_MAX 8192u /* bytes of a record's fields */

struct csv {
	struct span left;
	unsigned line;   /* where the present record begins, from 1 */
	unsigned lines;  /* read so far */
	size_t count;    /* fields of the present record */
	struct buf text; /* they, each with NUL */
	size_t at[CSV_FIELDS_MAX];
};

/* `text` is borrowed; a byte-order mark is passed over. */
void csv_init(struct csv *c, struct span text);
void csv_fini(struct csv *c);
/* The next record; empty lines are passed over. ERR_NOTFOUND at the end. ERR_FORMAT (a quote in a
 * bare field, text behind a closing one, none that closes, control characters) and ERR_LIMIT name
 * the line. */
enum err csv_next(struct csv *c, struct fail *why) MUST_USE;
/* Borrowed until the next record; "" past its end. */
const char *csv_field(const struct csv *c, size_t i);

/* Appends one field, quoted where it must be; `first` of a record or not. */
void csv_put(struct buf *out, const char *text, bool first);
void csv_end(struct buf *out);

#endif
