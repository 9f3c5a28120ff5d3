/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/fields.h"

#include "base/str.h"

#include <inttypes.h>
#include <stdio.h>

#define FIELD_PATH_MAX   128u /* characters of a printed name with its blocks and indices */
#define FIELD_IPV4_BYTES 4u
#define FIELD_ADDR_BYTES 16u

struct reader {
	struct cursor *c;
	const struct fields_how *how;
	const char *cut; /* the first field the body was too short for, NULL while it is complete */
};

struct printer {
	struct buf *out;
	const struct fields_how *how;
};

static bool present(const struct field *row, const struct fields_how *how)
{
	return how->version >= row->since && how->version <= row->until;
}

static uint32_t load_u32(const void *base, size_t at)
{
	uint32_t v;

	memcpy(&v, (const uint8_t *)base + at, sizeof v);
	return v;
}

/* The next `len` bytes, or what is left of them where a short body is allowed. */
static struct span take(struct reader *r, size_t len, const char *name)
{
	size_t left = cur_left(r->c);

	if (r->how->lenient && left < len) {
		if (!r->cut)
			r->cut = name;
		len = left;
	}
	return cur_take(r->c, len, name);
}

static uint32_t take_number(struct reader *r, size_t size, const char *name)
{
	struct span s = take(r, size, name);
	uint32_t v = 0;
	size_t i;

	for (i = 0; i < s.len; i++)
		v |= (uint32_t)s.ptr[i] << (8 * (r->how->big_endian ? size - 1 - i : i));
	return v;
}

static void store_number(void *to, size_t size, uint32_t v)
{
	uint8_t v8 = (uint8_t)v;
	uint16_t v16 = (uint16_t)v;

	if (size == sizeof v8)
		memcpy(to, &v8, sizeof v8);
	else if (size == sizeof v16)
		memcpy(to, &v16, sizeof v16);
	else
		memcpy(to, &v, sizeof v);
}

static void take_bytes(struct reader *r, void *to, size_t size, const char *name)
{
	struct span s = take(r, size, name);

	if (s.len)
		memcpy(to, s.ptr, s.len);
}

static void take_text(struct reader *r, char *to, const struct field *row)
{
	struct span s = take(r, row->size, row->name);
	/* What follows the terminator may be garbage and is not kept. */
	size_t len = s.len ? strnlen((const char *)s.ptr, s.len) : 0;

	if (len)
		memcpy(to, s.ptr, len);
	to[len] = '\0';
}

static void take_strz(struct reader *r, char *to, const struct field *row)
{
	size_t where = cur_where(r->c), left = cur_left(r->c), len;
	const uint8_t *start = left ? r->c->ptr + r->c->pos : NULL;
	const uint8_t *end = left ? memchr(start, 0, left) : NULL;

	if (!end && !r->how->lenient) {
		cur_fail(r->c, ERR_SHORT, row->name, "text without end");
		return;
	}
	if (!end && !r->cut)
		r->cut = row->name;
	len = end ? (size_t)(end - start) : left;
	if (len > row->size) {
		cur_fail_at(r->c, ERR_LIMIT, where, row->name, "text of %zu bytes, at most %zu",
			len, row->size);
		return;
	}
	take_bytes(r, to, len, row->name);
	to[len] = '\0';
	if (end)
		cur_skip(r->c, 1, row->name);
}

static void take_address(struct reader *r, struct field_address *to, const struct field *row)
{
	memset(to, 0, sizeof *to);
	if (r->how->version < row->wide_from) {
		take_bytes(r, to->bytes, FIELD_IPV4_BYTES, row->name);
		return;
	}
	to->type = take_number(r, sizeof to->type, row->name);
	take_bytes(r, to->bytes, sizeof to->bytes, row->name);
}

static void read_rows(struct reader *r, const struct field *rows, uint8_t *out);

static void read_array(struct reader *r, const struct field *row, uint8_t *base)
{
	size_t count = row->kind == FIELD_TIMES ? row->max : load_u32(base, row->count_at);
	bool counted = row->kind == FIELD_ARRAY;
	size_t i, limit;

	if (count > row->max) {
		cur_fail(r->c, ERR_LIMIT, row->name, "count %zu, at most %zu", count, row->max);
		return;
	}
	limit = counted && row->always > count ? row->always : count;
	for (i = 0; i < limit; i++) {
		/* A count that promises more than the body holds is a contradiction; unused
		 * elements after it may be missing. */
		if (counted && !cur_left(r->c)) {
			if (i < count)
				cur_fail(r->c, ERR_SHORT, row->name,
					"count %zu, but only %zu there", count, i);
			return;
		}
		read_rows(r, row->sub(), base + row->at + i * row->stride);
		if (counted && i < count && r->cut) {
			cur_fail(r->c, ERR_SHORT, r->cut, "element %zu of %zu is cut", i, count);
			return;
		}
	}
}

static void read_row(struct reader *r, const struct field *row, uint8_t *base)
{
	uint8_t *to = base + row->at;
	size_t i;

	switch (row->kind) {
	case FIELD_U8:
	case FIELD_U16:
	case FIELD_U32:
	case FIELD_I32: store_number(to, row->size, take_number(r, row->size, row->name)); break;
	case FIELD_U16S:
		for (i = 0; i < row->max; i++)
			store_number(to + i * row->size, row->size,
				take_number(r, row->size, row->name));
		break;
	case FIELD_IPV4:
	case FIELD_BYTES: take_bytes(r, to, row->size, row->name); break;
	case FIELD_ADDRESS: take_address(r, (struct field_address *)(void *)to, row); break;
	case FIELD_TEXT: take_text(r, (char *)to, row); break;
	case FIELD_STRZ: take_strz(r, (char *)to, row); break;
	case FIELD_ARRAY:
	case FIELD_TIMES: read_array(r, row, base); break;
	case FIELD_BLOCK: read_rows(r, row->sub(), to); break;
	case FIELD_PAD: take(r, row->size, row->name); break;
	case FIELD_NEEDED:
		if (r->cut)
			cur_fail(r->c, ERR_SHORT, r->cut, "the body ends before it is complete");
		break;
	case FIELD_END: break;
	}
}

static void read_rows(struct reader *r, const struct field *rows, uint8_t *out)
{
	for (; rows->kind != FIELD_END; rows++)
		if (present(rows, r->how))
			read_row(r, rows, out);
}

enum err fields_read(
	const struct field *rows, void *out, struct cursor *c, const struct fields_how *how)
{
	struct reader r = {.c = c, .how = how};

	read_rows(&r, rows, out);
	return cur_check(c);
}

static uint32_t load_number(const void *from, size_t size)
{
	uint16_t v16;

	if (size == sizeof(uint8_t))
		return *(const uint8_t *)from;
	if (size == sizeof v16) {
		memcpy(&v16, from, sizeof v16);
		return v16;
	}
	return load_u32(from, 0);
}

static void put_number(struct buf *buf, size_t size, uint32_t v, const struct fields_how *how)
{
	if (size == sizeof(uint8_t))
		buf_u8(buf, (uint8_t)v);
	else if (size == sizeof(uint16_t))
		(how->big_endian ? buf_be16 : buf_le16)(buf, (uint16_t)v);
	else
		(how->big_endian ? buf_be32 : buf_le32)(buf, v);
}

static enum err put_text(struct buf *buf, const char *text, const struct field *row)
{
	size_t len = strnlen(text, row->size + 1);

	if (len > row->size)
		return ERR_LIMIT;
	buf_put(buf, span_of(text, len));
	buf_fill(buf, 0, row->kind == FIELD_STRZ ? 1 : row->size - len);
	return ERR_OK;
}

static void put_address(struct buf *buf, const struct field_address *a, const struct field *row,
	const struct fields_how *how)
{
	if (how->version < row->wide_from) {
		buf_put(buf, span_of(a->bytes, FIELD_IPV4_BYTES));
		return;
	}
	put_number(buf, sizeof a->type, a->type, how);
	buf_put(buf, span_of(a->bytes, sizeof a->bytes));
}

static enum err write_array(
	struct buf *buf, const struct field *row, const uint8_t *base, const struct fields_how *how)
{
	size_t count = row->kind == FIELD_TIMES ? row->max : load_u32(base, row->count_at);
	enum err err = ERR_OK;
	size_t i;

	if (count > row->max)
		return ERR_LIMIT;
	if (row->always > count)
		count = row->always;
	for (i = 0; i < count && !err; i++)
		err = fields_write(buf, row->sub(), base + row->at + i * row->stride, how);
	return err;
}

static enum err write_row(
	struct buf *buf, const struct field *row, const uint8_t *base, const struct fields_how *how)
{
	const uint8_t *from = base + row->at;
	size_t i;

	switch (row->kind) {
	case FIELD_U8:
	case FIELD_U16:
	case FIELD_U32:
	case FIELD_I32: put_number(buf, row->size, load_number(from, row->size), how); break;
	case FIELD_U16S:
		for (i = 0; i < row->max; i++)
			put_number(
				buf, row->size, load_number(from + i * row->size, row->size), how);
		break;
	case FIELD_IPV4:
	case FIELD_BYTES: buf_put(buf, span_of(from, row->size)); break;
	case FIELD_ADDRESS:
		put_address(buf, (const struct field_address *)(const void *)from, row, how);
		break;
	case FIELD_TEXT:
	case FIELD_STRZ: return put_text(buf, (const char *)from, row);
	case FIELD_ARRAY:
	case FIELD_TIMES: return write_array(buf, row, base, how);
	case FIELD_BLOCK: return fields_write(buf, row->sub(), from, how);
	case FIELD_PAD: buf_fill(buf, 0, row->size); break;
	case FIELD_NEEDED:
	case FIELD_END: break;
	}
	return ERR_OK;
}

enum err fields_write(
	struct buf *buf, const struct field *rows, const void *in, const struct fields_how *how)
{
	enum err err = ERR_OK;

	for (; rows->kind != FIELD_END && !err; rows++)
		if (present(rows, how))
			err = write_row(buf, rows, in, how);
	return err ? err : buf_check(buf);
}

static void print_text(struct buf *out, const char *text)
{
	buf_u8(out, '"');
	str_printable(out, span_str(text));
	buf_u8(out, '"');
}

static void print_ipv4(struct buf *out, const uint8_t *b)
{
	buf_printf(out, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
}

static void print_address(struct buf *out, const struct field_address *a)
{
	size_t i;

	if (a->type == FIELD_ADDRESS_IPV4) {
		print_ipv4(out, a->bytes);
		return;
	}
	buf_printf(out, "type %" PRIu32 " ", a->type);
	for (i = 0; i < FIELD_ADDR_BYTES; i += 2)
		buf_printf(out, "%s%02x%02x", i ? ":" : "", a->bytes[i], a->bytes[i + 1]);
}

static void print_value(struct buf *out, const struct field *row, const uint8_t *from)
{
	size_t i;

	if (row->flags & FIELD_SECRET) {
		buf_printf(out, "<%zu bytes>", row->size);
		return;
	}
	switch (row->kind) {
	case FIELD_I32: buf_printf(out, "%" PRId32, (int32_t)load_u32(from, 0)); break;
	case FIELD_U16S:
		for (i = 0; i < row->max; i++)
			buf_printf(out, "%s%" PRIu32, i ? " " : "",
				load_number(from + i * row->size, row->size));
		break;
	case FIELD_IPV4: print_ipv4(out, from); break;
	case FIELD_ADDRESS:
		print_address(out, (const struct field_address *)(const void *)from);
		break;
	case FIELD_TEXT:
	case FIELD_STRZ: print_text(out, (const char *)from); break;
	case FIELD_BYTES: str_hex(out, span_of(from, row->size), STR_LOWER); break;
	default: buf_printf(out, "%" PRIu32, load_number(from, row->size)); break;
	}
}

static void print_rows(
	struct printer *p, const char *prefix, const struct field *rows, const uint8_t *base);

static void print_elements(
	struct printer *p, const char *prefix, const struct field *row, const uint8_t *base)
{
	size_t count = row->kind == FIELD_ARRAY ? load_u32(base, row->count_at) : row->max;
	char path[FIELD_PATH_MAX];
	size_t i;

	for (i = 0; i < count && i < row->max; i++) {
		snprintf(path, sizeof path, "%s%s[%zu].", prefix, row->name, i);
		print_rows(p, path, row->sub(), base + row->at + i * row->stride);
	}
}

static void print_rows(
	struct printer *p, const char *prefix, const struct field *rows, const uint8_t *base)
{
	char path[FIELD_PATH_MAX];

	for (; rows->kind != FIELD_END; rows++) {
		if (!present(rows, p->how) || rows->kind == FIELD_PAD || rows->kind == FIELD_NEEDED)
			continue;
		if (rows->kind == FIELD_ARRAY || rows->kind == FIELD_TIMES) {
			print_elements(p, prefix, rows, base);
		} else if (rows->kind == FIELD_BLOCK) {
			snprintf(path, sizeof path, "%s%s.", prefix, rows->name);
			print_rows(p, path, rows->sub(), base + rows->at);
		} else {
			buf_printf(p->out, "%s%s = ", prefix, rows->name);
			print_value(p->out, rows, base + rows->at);
			buf_u8(p->out, '\n');
		}
	}
}

void fields_print(
	struct buf *out, const struct field *rows, const void *in, const struct fields_how *how)
{
	struct printer p = {.out = out, .how = how};

	print_rows(&p, "", rows, in);
}
