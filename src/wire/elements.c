/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/elements.h"
#include "base/str.h"

/* Before the DER of ELEMENT_CERTIFICATE: 01 | length of the rest u16 | 00 | type u8 */
#define CERTIFICATE_COUNTED 2u /* bytes of the prefix that its length counts */

const struct element_row *elements_row(const struct element_format *f, unsigned tag)
{
	size_t i;

	for (i = 0; i < f->count; i++)
		if (f->rows[i].tag == tag)
			return &f->rows[i];
	return NULL;
}

static uint32_t get_has(const struct element_format *f, const void *message)
{
	uint32_t has;

	memcpy(&has, (const char *)message + f->has, sizeof(has));
	return has;
}

static const uint8_t *get_order(const struct element_format *f, const void *message)
{
	return (const uint8_t *)message + f->order;
}

static struct span read_text(struct cursor *value, const char *name)
{
	size_t where = cur_where(value);
	struct span text = cur_take(value, cur_left(value), name);
	const uint8_t *nul = text.len ? memchr(text.ptr, 0, text.len) : NULL;
	size_t len = nul ? (size_t)(nul - text.ptr) : text.len;

	/* Some clients leave the NUL away; one with bytes after it could mean two names. */
	if (nul && len + 1 != text.len)
		cur_fail_at(value, ERR_FORMAT, where + len, name, "bytes after the NUL");
	text.len = len;
	return text;
}

static struct span read_certificate(struct cursor *value, uint8_t *type, const char *name)
{
	size_t where = cur_where(value), length;
	uint8_t kind = cur_u8(value, name), zero;

	length = cur_be16(value, name);
	zero = cur_u8(value, name);
	*type = cur_u8(value, name);
	if (kind != 1 || zero != 0)
		cur_fail_at(value, ERR_FORMAT, where, name, "the certificate's prefix is wrong");
	if (length != cur_left(value) + CERTIFICATE_COUNTED)
		cur_fail_at(value, ERR_FORMAT, where + 1, name,
			"inner length %zu, the element has room for %zu", length,
			cur_left(value) + CERTIFICATE_COUNTED);
	return cur_take(value, cur_left(value), name);
}

static struct span read_name(struct cursor *value, const char *name)
{
	size_t where = cur_where(value);
	uint8_t kind = cur_u8(value, name);
	struct span text = cur_take(value, cur_left(value), name);

	if (kind != 1)
		cur_fail_at(value, ERR_FORMAT, where, name, "kind %u, only 1 is known", kind);
	return text;
}

static void read_value(void *message, const struct element_row *row, struct cursor *value)
{
	char *at = (char *)message + row->member;
	struct span bytes;
	uint16_t wide;
	uint32_t widest;

	switch (row->kind) {
	case ELEMENT_U8: *(uint8_t *)at = cur_u8(value, row->name); return;
	case ELEMENT_U16:
		wide = cur_be16(value, row->name);
		memcpy(at, &wide, sizeof(wide));
		return;
	case ELEMENT_U32:
		widest = cur_be32(value, row->name);
		memcpy(at, &widest, sizeof(widest));
		return;
	case ELEMENT_TEXT:
	case ELEMENT_SECRET: bytes = read_text(value, row->name); break;
	case ELEMENT_CERTIFICATE:
		bytes = read_certificate(value, (uint8_t *)message + row->beside, row->name);
		break;
	case ELEMENT_NAME: bytes = read_name(value, row->name); break;
	case ELEMENT_BYTES:
	default: bytes = cur_take(value, cur_left(value), row->name); break;
	}
	memcpy(at, &bytes, sizeof(bytes));
}

static void read_element(
	const struct element_format *f, void *message, struct cursor *c, size_t *known)
{
	uint32_t has = get_has(f, message);
	size_t where = cur_where(c);
	uint8_t tag = cur_u8(c, "element");
	const struct element_row *row = elements_row(f, tag);
	const char *name = row ? row->name : "element";
	uint16_t length = cur_be16(c, name);
	struct cursor value;

	cur_sub(c, &value, length, name);
	if (cur_check(c) || !row)
		return;
	if (has & ELEMENT_BIT(tag)) {
		cur_fail_at(c, ERR_FORMAT, where, name, "appears twice");
		return;
	}
	if (length < row->min || length > row->max) {
		cur_fail_at(c, length < row->min ? ERR_FORMAT : ERR_LIMIT, where + 1, name,
			"length %u, must be %u to %u", length, row->min, row->max);
		return;
	}
	value.what = c->what;
	read_value(message, row, &value);
	c->err = cur_check(&value);
	has |= ELEMENT_BIT(tag);
	memcpy((char *)message + f->has, &has, sizeof(has));
	((uint8_t *)message + f->order)[(*known)++] = tag;
}

enum err elements_read(const struct element_format *f, void *message, struct cursor *c)
{
	size_t elements, known = 0;

	for (elements = 0; cur_left(c); elements++) {
		if (elements == ELEMENTS_MAX)
			cur_fail(c, ERR_LIMIT, "element", "more than %u elements", ELEMENTS_MAX);
		else
			read_element(f, message, c, &known);
	}
	return cur_check(c);
}

static struct span get_span(const void *message, const struct element_row *row)
{
	struct span value;

	memcpy(&value, (const char *)message + row->member, sizeof(value));
	return value;
}

static uint32_t get_number(const void *message, const struct element_row *row)
{
	const char *at = (const char *)message + row->member;
	uint16_t wide;
	uint32_t widest;

	if (row->kind == ELEMENT_U8)
		return *(const uint8_t *)at;
	if (row->kind == ELEMENT_U16) {
		memcpy(&wide, at, sizeof(wide));
		return wide;
	}
	memcpy(&widest, at, sizeof(widest));
	return widest;
}

static enum err write_element(struct buf *out, const void *message, const struct element_row *row)
{
	size_t at, length;

	buf_u8(out, row->tag);
	at = buf_reserve_be16(out);
	switch (row->kind) {
	case ELEMENT_U8: buf_u8(out, (uint8_t)get_number(message, row)); break;
	case ELEMENT_U16: buf_be16(out, (uint16_t)get_number(message, row)); break;
	case ELEMENT_U32: buf_be32(out, get_number(message, row)); break;
	case ELEMENT_TEXT:
	case ELEMENT_SECRET:
		buf_put(out, get_span(message, row));
		buf_u8(out, 0);
		break;
	case ELEMENT_CERTIFICATE:
		buf_u8(out, 1);
		length = get_span(message, row).len + CERTIFICATE_COUNTED;
		buf_be16(out, length > UINT16_MAX ? 0 : (uint16_t)length);
		buf_u8(out, 0);
		buf_u8(out, *((const uint8_t *)message + row->beside));
		buf_put(out, get_span(message, row));
		break;
	case ELEMENT_NAME:
		buf_u8(out, 1);
		buf_put(out, get_span(message, row));
		break;
	case ELEMENT_BYTES:
	default: buf_put(out, get_span(message, row)); break;
	}
	if (buf_check(out))
		return buf_check(out);
	length = out->len - at - 2;
	if (length < row->min || length > row->max)
		return ERR_LIMIT;
	buf_patch_be16(out, at);
	return buf_check(out);
}

enum err elements_write(struct buf *out, const struct element_format *f, const void *message)
{
	const uint8_t *order = get_order(f, message);
	uint32_t has = get_has(f, message), written = 0;
	enum err err = ERR_OK;
	size_t i;

	for (i = 0; i < ELEMENTS_MAX && order[i] && !err; i++) {
		const struct element_row *row = elements_row(f, order[i]);

		if (!row || !(has & ELEMENT_BIT(row->tag)) || (written & ELEMENT_BIT(row->tag)))
			return ERR_ARG;
		err = write_element(out, message, row);
		written |= ELEMENT_BIT(row->tag);
	}
	return err;
}

static void print_row(struct buf *out, const void *message, const struct element_row *row)
{
	if (row->kind == ELEMENT_CERTIFICATE)
		buf_printf(out, "%s.type = %u\n", row->name,
			*((const uint8_t *)message + row->beside));
	buf_printf(out, "%s = ", row->name);
	switch (row->kind) {
	case ELEMENT_U8:
	case ELEMENT_U16:
	case ELEMENT_U32: buf_printf(out, "%u", get_number(message, row)); break;
	case ELEMENT_TEXT:
	case ELEMENT_NAME: str_printable(out, get_span(message, row)); break;
	case ELEMENT_SECRET: buf_printf(out, "(%zu characters)", get_span(message, row).len); break;
	case ELEMENT_BYTES:
	case ELEMENT_CERTIFICATE:
	default: str_hex(out, get_span(message, row), STR_LOWER); break;
	}
	buf_u8(out, '\n');
}

void elements_print(struct buf *out, const struct element_format *f, const void *message)
{
	const uint8_t *order = get_order(f, message);
	size_t i;

	for (i = 0; i < ELEMENTS_MAX && order[i]; i++)
		print_row(out, message, elements_row(f, order[i]));
}
