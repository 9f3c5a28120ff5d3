/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRE_FORMAT_H
#define WIRE_FORMAT_H

#include "base/buf.h"

/* One row per wire format, so that vectors, fuzz targets and dumps reach every codec the same way.
 * `describe` decodes one whole message or file; on success it appends a one-value-per-line text
 * ("NAME = value\n") to `dump` and the message encoded again from the decoded struct to `again`
 * (bytes equal to the input for canonical input). `version` is the negotiated protocol version
 * where the format has one (SCCP), else 0. Pure. */
struct wire_format {
	const char *name;
	enum err (*describe)(struct span in, unsigned version, struct buf *dump, struct buf *again,
		struct fail *why);
};

/* Ends with a row whose name is NULL. */
extern const struct wire_format wire_formats[];

const struct wire_format *wire_format_find(const char *name);

#endif
