/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/row.h"

#include <string.h>

static const void *member_of(const void *row, const struct row_column *c)
{
	return (const char *)row + c->at;
}

static struct span sealed_span(const struct store_sealed *s)
{
	return span_of(s->bytes, s->len);
}

static bool set_sealed(struct store_sealed *s, struct span bytes)
{
	if (bytes.len > STORE_SEALED_MOST)
		return false;
	memset(s, 0, sizeof(*s));
	s->len = (uint8_t)bytes.len;
	if (bytes.len)
		memcpy(s->bytes, bytes.ptr, bytes.len);
	return true;
}

void row_args(
	struct backend_arg *args, const struct row_column *columns, size_t count, const void *row)
{
	size_t i;

	for (i = 0; i < count; i++) {
		const void *member = member_of(row, &columns[i]);

		args[i].name = columns[i].name;
		args[i].type = columns[i].type;
		switch (columns[i].type) {
		case BACKEND_TEXT: args[i].text = member; break;
		case BACKEND_NUMBER: args[i].number = *(const int64_t *)member; break;
		case BACKEND_BYTES: args[i].bytes = sealed_span(member); break;
		}
	}
}

void row_read(
	struct query_row *r, int first, const struct row_column *columns, size_t count, void *row)
{
	size_t i;

	for (i = 0; i < count; i++) {
		void *member = (char *)row + columns[i].at;
		int column = first + (int)i;

		switch (columns[i].type) {
		case BACKEND_TEXT: query_row_text(r, column, member, columns[i].size); break;
		case BACKEND_NUMBER: *(int64_t *)member = query_row_number(r, column); break;
		case BACKEND_BYTES:
			if (!set_sealed(member, query_row_bytes(r, column)) && !r->err)
				r->err = fail_set(r->why, ERR_STORE,
					"%s of a stored row is longer than %d bytes",
					columns[i].name, STORE_SEALED_MOST);
			break;
		}
	}
}

/* Each column is: type, length of the name, name, two bytes of length, value. A number is its
 * eight bytes, most significant first. */
void row_pack(struct buf *out, const struct row_column *columns, size_t count, const void *row)
{
	size_t i;

	for (i = 0; i < count; i++) {
		const void *member = member_of(row, &columns[i]);
		struct span value = {0};
		uint8_t number[8];
		uint64_t n;
		int k;

		switch (columns[i].type) {
		case BACKEND_TEXT: value = span_of(member, strlen(member)); break;
		case BACKEND_NUMBER:
			n = (uint64_t) * (const int64_t *)member;
			for (k = 7; k >= 0; k--, n >>= 8)
				number[k] = (uint8_t)n;
			value = span_of(number, sizeof(number));
			break;
		case BACKEND_BYTES: value = sealed_span(member); break;
		}
		buf_u8(out, (uint8_t)columns[i].type);
		buf_u8(out, (uint8_t)strlen(columns[i].name));
		buf_str(out, columns[i].name);
		buf_be16(out, (uint16_t)value.len);
		buf_put(out, value);
	}
}

static bool set_member(const struct row_column *c, void *row, struct span value)
{
	void *member = (char *)row + c->at;
	uint64_t n = 0;
	size_t i;

	switch (c->type) {
	case BACKEND_TEXT:
		if (value.len >= c->size)
			return false;
		memset(member, 0, c->size);
		if (value.len)
			memcpy(member, value.ptr, value.len);
		return true;
	case BACKEND_NUMBER:
		if (value.len != 8)
			return false;
		for (i = 0; i < 8; i++)
			n = n << 8 | value.ptr[i];
		*(int64_t *)member = (int64_t)n;
		return true;
	case BACKEND_BYTES: return set_sealed(member, value);
	}
	return false;
}

static const struct row_column *column_of(
	const struct row_column *columns, size_t count, uint8_t type, struct span name)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (columns[i].type == type && strlen(columns[i].name) == name.len &&
			memcmp(columns[i].name, name.ptr, name.len) == 0)
			return &columns[i];
	return NULL;
}

/* The first `len` bytes of *rest, which lose them; false when there are fewer. */
static bool cut(struct span *rest, size_t len, struct span *out)
{
	if (rest->len < len)
		return false;
	*out = span_of(rest->ptr, len);
	*rest = span_of(rest->ptr + len, rest->len - len);
	return true;
}

enum err row_unpack(struct span packed, const struct row_column *columns, size_t count, void *row,
	struct fail *why)
{
	struct span head, name, length, value;
	const struct row_column *c;

	while (packed.len) {
		if (!cut(&packed, 2, &head) || !cut(&packed, head.ptr[1], &name) ||
			!cut(&packed, 2, &length) ||
			!cut(&packed, (size_t)length.ptr[0] << 8 | length.ptr[1], &value))
			return fail_set(why, ERR_STORE, "a kept row ends too early");
		c = column_of(columns, count, head.ptr[0], name);
		if (c && !set_member(c, row, value))
			return fail_set(why, ERR_STORE, "a kept row does not fit its %s", c->name);
	}
	return ERR_OK;
}
