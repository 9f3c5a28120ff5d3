/* SPDX-License-Identifier: BSD-2-Clause
 * Elements of XML for phones; what XML cannot carry at all sets the buffer's ERR_FORMAT. */
#ifndef WIRE_CNFXML_PUT_H
#define WIRE_CNFXML_PUT_H

#include "base/buf.h"

#include <stdbool.h>

#define CNFXML_DECLARATION "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

void xml_escaped(struct buf *out, const char *text);
/* One element on a line of its own, behind `indent` blanks. */
void xml_text(struct buf *out, unsigned indent, const char *name, const char *text);
void xml_number(struct buf *out, unsigned indent, const char *name, int v);
void xml_bool(struct buf *out, unsigned indent, const char *name, bool v);

#endif
