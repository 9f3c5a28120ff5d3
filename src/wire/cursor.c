/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/cursor.h"

#include <stdarg.h>
#include <stdio.h>

void cur_init(struct cursor *c, struct span bytes, const char *what, struct fail *why)
{
	*c = (struct cursor){.ptr = bytes.ptr, .len = bytes.len, .what = what, .why = why};
}

static enum err fail_va(struct cursor *c, enum err code, size_t where, const char *field,
	const char *fmt, va_list args) __attribute__((format(printf, 5, 0)));

static enum err fail_va(struct cursor *c, enum err code, size_t where, const char *field,
	const char *fmt, va_list args)
{
	char text[sizeof(((struct fail *)0)->text)];

	if (c->err)
		return c->err;
	c->err = code;
	vsnprintf(text, sizeof(text), fmt, args);
	fail_at(c->why, code, where, "%s%s%s at byte %zu: %s", c->what ? c->what : "",
		c->what ? ", " : "", field, where, text);
	return code;
}

enum err cur_fail(struct cursor *c, enum err code, const char *field, const char *fmt, ...)
{
	va_list args;
	enum err err;

	va_start(args, fmt);
	err = fail_va(c, code, cur_where(c), field, fmt, args);
	va_end(args);
	return err;
}

enum err cur_fail_at(
	struct cursor *c, enum err code, size_t where, const char *field, const char *fmt, ...)
{
	va_list args;
	enum err err;

	va_start(args, fmt);
	err = fail_va(c, code, where, field, fmt, args);
	va_end(args);
	return err;
}

void cur_short(struct cursor *c, size_t len, const char *field)
{
	cur_fail(c, ERR_SHORT, field, "needs %zu bytes, %zu are left", len, cur_left(c));
}

void cur_skip(struct cursor *c, size_t len, const char *field)
{
	cur_take(c, len, field);
}

void cur_sub(struct cursor *c, struct cursor *inner, size_t len, const char *what)
{
	size_t origin = cur_where(c);
	struct span bytes = cur_take(c, len, what);

	cur_init(inner, bytes, what, c->why);
	inner->origin = origin;
	inner->err = c->err;
}

uint32_t cur_be32(struct cursor *c, const char *field)
{
	struct span b = cur_take(c, 4, field);

	if (!b.len)
		return 0;
	return (uint32_t)b.ptr[0] << 24 | (uint32_t)b.ptr[1] << 16 | (uint32_t)b.ptr[2] << 8 |
	       b.ptr[3];
}

uint16_t cur_le16(struct cursor *c, const char *field)
{
	struct span b = cur_take(c, 2, field);

	return b.len ? (uint16_t)(b.ptr[1] << 8 | b.ptr[0]) : 0;
}

uint32_t cur_le32(struct cursor *c, const char *field)
{
	struct span b = cur_take(c, 4, field);

	if (!b.len)
		return 0;
	return (uint32_t)b.ptr[3] << 24 | (uint32_t)b.ptr[2] << 16 | (uint32_t)b.ptr[1] << 8 |
	       b.ptr[0];
}
