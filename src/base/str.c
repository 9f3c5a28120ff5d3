/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/str.h"

#include <limits.h>

#define DEVICE_PREFIX     "SEP"
#define DEVICE_PREFIX_LEN 3
#define DEVICE_HEX_LEN    12
#define BASE64_LINE       48u /* bytes, which are 64 characters */

bool str_copy(char *out, size_t size, const char *text)
{
	size_t len = strlen(text);
	bool fits = len < size;

	if (!size)
		return false;
	if (!fits)
		len = size - 1;
	memcpy(out, text, len);
	out[len] = '\0';
	return fits;
}

void str_hex(struct buf *out, struct span bytes, enum str_hex how)
{
	const char *digits = how == STR_LOWER ? "0123456789abcdef" : "0123456789ABCDEF";
	size_t i;

	for (i = 0; i < bytes.len; i++) {
		if (i && how != STR_LOWER)
			buf_u8(out, how == STR_COLON ? ':' : ' ');
		buf_u8(out, (uint8_t)digits[bytes.ptr[i] >> 4]);
		buf_u8(out, (uint8_t)digits[bytes.ptr[i] & 0x0F]);
	}
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

enum err str_unhex(struct buf *out, const char *text)
{
	size_t start = out->len;
	int high, low;

	while (*text) {
		if (strchr(" \t\r\n:", *text)) {
			text++;
			continue;
		}
		high = hex_value(text[0]);
		low = high < 0 ? -1 : hex_value(text[1]);
		if (low < 0) {
			out->len = start;
			return ERR_FORMAT;
		}
		buf_u8(out, (uint8_t)(high << 4 | low));
		text += 2;
	}
	return buf_check(out);
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

bool str_ieq(const char *a, const char *b)
{
	while (*a && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return lower(*a) == lower(*b);
}

bool str_glob(const char *pattern, const char *text)
{
	const char *star = NULL, *resume = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			resume = text;
		} else if (*pattern && (*pattern == '?' || lower(*pattern) == lower(*text))) {
			pattern++;
			text++;
		} else if (star) {
			/* Only the last star needs to take more: earlier ones took the least. */
			pattern = star;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

/* Length of the UTF-8 character at `p` (RFC 3629: shortest form, no surrogates), 0 if there is
 * none; its number in *code. */
static size_t utf8_char(const uint8_t *p, size_t len, uint32_t *code)
{
	static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t need, i;

	if (p[0] < 0x80) {
		*code = p[0];
		return 1;
	}
	if (p[0] >= 0xC2 && p[0] <= 0xDF)
		need = 2;
	else if ((p[0] & 0xF0) == 0xE0)
		need = 3;
	else if (p[0] >= 0xF0 && p[0] <= 0xF4)
		need = 4;
	else
		return 0;
	if (need > len)
		return 0;
	*code = p[0] & (0xFFu >> (need + 1));
	for (i = 1; i < need; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
		*code = *code << 6 | (p[i] & 0x3F);
	}
	if (*code < lowest[need] || *code > 0x10FFFF || (*code >= 0xD800 && *code <= 0xDFFF))
		return 0;
	return need;
}

/* Controls, and the characters that break a line or turn its direction. */
static bool unprintable(uint32_t code)
{
	return code < 0x20 || (code >= 0x7F && code <= 0x9F) ||
	       (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) ||
	       code == 0x200E || code == 0x200F;
}

static bool is_plain(uint8_t c)
{
	return c >= 0x20 && c <= 0x7E;
}

void str_printable(struct buf *out, struct span text)
{
	size_t i = 0, len, bytes;
	uint32_t code = 0;

	while (i < text.len) {
		/* Most texts are this and nothing else. */
		for (len = 0; i + len < text.len && is_plain(text.ptr[i + len]); len++)
			;
		if (len) {
			buf_put(out, span_of(text.ptr + i, len));
			i += len;
			continue;
		}
		len = utf8_char(text.ptr + i, text.len - i, &code);
		if (len && !unprintable(code)) {
			buf_put(out, span_of(text.ptr + i, len));
			i += len;
			continue;
		}
		for (bytes = len ? len : 1; bytes; bytes--)
			buf_printf(out, "\\x%02X", text.ptr[i++]);
	}
}

enum err str_device_name(char out[DEVICE_NAME_SIZE], const char *text)
{
	char name[DEVICE_NAME_SIZE];
	size_t i;

	if (strlen(text) != DEVICE_PREFIX_LEN + DEVICE_HEX_LEN)
		return ERR_FORMAT;
	for (i = 0; i < DEVICE_PREFIX_LEN + DEVICE_HEX_LEN; i++) {
		name[i] = upper(text[i]);
		if (i < DEVICE_PREFIX_LEN ? name[i] != DEVICE_PREFIX[i] : hex_value(name[i]) < 0)
			return ERR_FORMAT;
	}
	name[i] = '\0';
	memcpy(out, name, sizeof(name));
	return ERR_OK;
}

enum err str_number(const char *text, long low, long high, long *out)
{
	bool negative = *text == '-';
	long value = 0, digit;

	if (negative)
		text++;
	if (!*text)
		return ERR_FORMAT;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return ERR_FORMAT;
		digit = *text - '0';
		/* Counted below zero, where LONG_MIN has room. */
		if (value < (LONG_MIN + digit) / 10)
			return ERR_FORMAT;
		value = value * 10 - digit;
	}
	if (!negative) {
		if (value < -LONG_MAX)
			return ERR_FORMAT;
		value = -value;
	}
	if (value < low || value > high)
		return ERR_FORMAT;
	*out = value;
	return ERR_OK;
}

#define GROUPS 8u /* of an IPv6 address */

/* Digits up to `end`; no sign, no blank. */
static bool take_number(const char **at, unsigned base, size_t digits, unsigned *out)
{
	static const char figures[] = "0123456789abcdef";
	const char *found;
	size_t i;

	*out = 0;
	for (i = 0; **at; i++, ++*at) {
		found = strchr(figures, **at >= 'A' && **at <= 'F' ? **at | 0x20 : **at);
		if (!found || (size_t)(found - figures) >= base)
			break;
		if (i == digits)
			return false;
		*out = *out * base + (unsigned)(found - figures);
	}
	return i > 0;
}

static bool read_ipv4(const char *at, uint8_t out[4])
{
	unsigned i, value;

	for (i = 0; i < 4; i++) {
		if (!take_number(&at, 10, 3, &value) || value > 255 ||
			*at++ != (i < 3 ? '.' : '\0'))
			return false;
		out[i] = (uint8_t)value;
	}
	return true;
}

static bool read_ipv6(const char *at, uint8_t out[16])
{
	uint16_t before[GROUPS + 1], after[GROUPS + 1], *to = before;
	size_t count = 0, tail = 0, *n = &count, i;
	unsigned value;
	bool gap = false;

	if (at[0] == ':' && at[1] != ':')
		return false;
	while (*at) {
		if (at[0] == ':' && at[1] == ':') {
			if (gap)
				return false;
			gap = true;
			to = after;
			n = &tail;
			at += 2;
			continue;
		}
		if (*at == ':' && at[-1] != ':')
			at++;
		if (count + tail == GROUPS || !take_number(&at, 16, 4, &value) ||
			(*at && *at != ':'))
			return false;
		to[(*n)++] = (uint16_t)value;
	}
	if (gap ? count + tail >= GROUPS : count != GROUPS)
		return false;
	for (i = 0; i < GROUPS; i++) {
		value = i < count ? before[i] : i >= GROUPS - tail ? after[i - (GROUPS - tail)] : 0;
		out[2 * i] = (uint8_t)(value >> 8);
		out[2 * i + 1] = (uint8_t)value;
	}
	return true;
}

enum err str_address(const char *text, uint8_t out[16], size_t *len)
{
	if (strchr(text, ':'))
		*len = read_ipv6(text, out) ? 16 : 0;
	else
		*len = read_ipv4(text, out) ? 4 : 0;
	return *len ? ERR_OK : ERR_FORMAT;
}

void str_base64(struct buf *out, struct span bytes)
{
	static const char figures[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t i, left;
	uint32_t v;

	for (i = 0; i < bytes.len; i += 3) {
		left = bytes.len - i;
		v = (uint32_t)bytes.ptr[i] << 16;
		v |= left > 1 ? (uint32_t)bytes.ptr[i + 1] << 8 : 0;
		v |= left > 2 ? bytes.ptr[i + 2] : 0;
		buf_u8(out, (uint8_t)figures[v >> 18]);
		buf_u8(out, (uint8_t)figures[v >> 12 & 63]);
		buf_u8(out, left > 1 ? (uint8_t)figures[v >> 6 & 63] : '=');
		buf_u8(out, left > 2 ? (uint8_t)figures[v & 63] : '=');
	}
}

void str_base64_lines(struct buf *out, struct span bytes, const char *end)
{
	while (bytes.len) {
		size_t len = bytes.len < BASE64_LINE ? bytes.len : BASE64_LINE;

		str_base64(out, span_of(bytes.ptr, len));
		buf_str(out, end);
		bytes = span_of(bytes.ptr + len, bytes.len - len);
	}
}
