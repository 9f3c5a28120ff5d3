/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/cnfxml/put.h"

#include <stdio.h>

static const char *entity(char c)
{
	switch (c) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '"': return "&quot;";
	case '\'': return "&apos;";
	case '\t': return "&#9;";
	case '\n': return "&#10;";
	case '\r': return "&#13;";
	default: return NULL;
	}
}

void xml_escaped(struct buf *out, const char *text)
{
	const char *at = text, *other;

	for (; *text; text++) {
		other = entity(*text);
		if (!other && (unsigned char)*text < 0x20 && !out->err)
			out->err = ERR_FORMAT;
		if (!other)
			continue;
		buf_put(out, span_of(at, (size_t)(text - at)));
		buf_str(out, other);
		at = text + 1;
	}
	buf_put(out, span_of(at, (size_t)(text - at)));
}

static void open_element(struct buf *out, unsigned indent, const char *name)
{
	buf_fill(out, ' ', indent);
	buf_u8(out, '<');
	buf_str(out, name);
	buf_u8(out, '>');
}

static void close_element(struct buf *out, const char *name)
{
	buf_str(out, "</");
	buf_str(out, name);
	buf_str(out, ">\n");
}

void xml_text(struct buf *out, unsigned indent, const char *name, const char *text)
{
	open_element(out, indent, name);
	xml_escaped(out, text);
	close_element(out, name);
}

void xml_number(struct buf *out, unsigned indent, const char *name, int v)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", v);
	xml_text(out, indent, name, text);
}

void xml_bool(struct buf *out, unsigned indent, const char *name, bool v)
{
	xml_text(out, indent, name, v ? "true" : "false");
}
