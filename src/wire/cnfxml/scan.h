/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRE_CNFXML_SCAN_H
#define WIRE_CNFXML_SCAN_H

#include "wire/cnfxml/cnfxml.h"

/* Between reduce.c and scan.c: well-formed XML without any other library, told element by element.
 * Stricter than XML is: names are ASCII, no document type, UTF-8 (or ASCII under another name). */

struct scan_element {
	struct span name;
	struct span whole; /* from < to the end of its end tag */
	struct span inner; /* what is between its tags, as it stands in the file */
	unsigned depth;    /* 1: the root */
};
typedef void scan_ended(void *ctx, const struct scan_element *element);

/* Calls `ended` for each element when it has been read to its end. ERR_FORMAT, ERR_LIMIT (nested
 * deeper than CNFXML_DEPTH_MAX, more than SCAN_ATTRIBUTES_MAX attributes) with line and byte. */
#define SCAN_ATTRIBUTES_MAX 32u
enum err cnfxml_scan(struct span xml, scan_ended *ended, void *ctx, struct fail *why) MUST_USE;

#endif
