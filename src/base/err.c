/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

const char *err_text(enum err code)
{
	switch (code) {
	case ERR_OK: return "success";
#define ERR(name, number, text)                                                                    \
	case ERR_##name:                                                                           \
		return text;
#include "base/err.def"
#undef ERR
	}
	return "unknown error";
}

const char *err_name(enum err code)
{
	switch (code) {
	case ERR_OK: return "OK";
#define ERR(name, number, text)                                                                    \
	case ERR_##name:                                                                           \
		return #name;
#include "base/err.def"
#undef ERR
	}
	return "UNKNOWN";
}

static void fill(struct fail *why, enum err code, size_t offset, const char *fmt, va_list args)
	PRINTF_LIKE(4, 0);

static void fill(struct fail *why, enum err code, size_t offset, const char *fmt, va_list args)
{
	if (!why || why->code != ERR_OK)
		return;
	why->code = code;
	why->offset = offset;
	vsnprintf(why->text, sizeof(why->text), fmt, args);
}

enum err fail_set(struct fail *why, enum err code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fill(why, code, SIZE_MAX, fmt, args);
	va_end(args);
	return code;
}

enum err fail_at(struct fail *why, enum err code, size_t offset, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fill(why, code, offset, fmt, args);
	va_end(args);
	return code;
}

void fail_prefix(struct fail *why, const char *fmt, ...)
{
	char text[sizeof(why->text)];
	size_t at, room, old;
	va_list args;

	if (!why || why->code == ERR_OK)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text) - 2, fmt, args);
	va_end(args);
	at = strlen(text);
	memcpy(text + at, ": ", 3);
	at += 2;
	old = strlen(why->text);
	room = sizeof(text) - 1 - at;
	if (old > room)
		old = room;
	memcpy(text + at, why->text, old);
	text[at + old] = '\0';
	memcpy(why->text, text, at + old + 1);
}

void fail_clear(struct fail *why)
{
	if (why)
		memset(why, 0, sizeof(*why));
}
