/* SPDX-License-Identifier: BSD-2-Clause
 * Printed names compared. */
#include "crypto/ossl.h"

#include <openssl/objects.h>

/* Attributes that a printed name may hold when it is compared. */
#define ATTRS_MAX 32

/* One attribute of a printed name, still escaped. */
struct attr {
	struct span key, value;
	struct span literal; /* the value with its quotes, when it begins with one */
	bool cut;            /* an opening quote without its end */
	bool used;
};

/* The next byte of an escaped value, or -1 at its end. */
static int next_byte(struct span *at)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *high, *low;
	int byte;

	if (!at->len)
		return -1;
	byte = at->ptr[0];
	if (byte != '\\' || at->len < 2) {
		*at = span_of(at->ptr + 1, at->len - 1);
		return byte;
	}
	high = at->len < 3 ? NULL : memchr(digits, at->ptr[1], 32);
	low = at->len < 3 ? NULL : memchr(digits, at->ptr[2], 32);
	if (high && low) {
		byte = (int)((high - digits) % 16 * 16 + (low - digits) % 16);
		*at = span_of(at->ptr + 3, at->len - 3);
	} else {
		byte = at->ptr[1];
		*at = span_of(at->ptr + 2, at->len - 2);
	}
	return byte;
}

static struct span skip_blanks(struct span s)
{
	while (s.len && s.ptr[0] == ' ')
		s = span_of(s.ptr + 1, s.len - 1);
	return s;
}

static bool only_blanks(struct span s)
{
	int byte;

	while ((byte = next_byte(&s)) == ' ')
		;
	return byte < 0;
}

/* Blanks before a value, escaped ones too. */
static struct span value_start(struct span s)
{
	struct span rest = s;

	while (next_byte(&rest) == ' ')
		s = rest;
	return s;
}

static bool text_same(struct span x, bool x_cut, struct span y, bool y_cut)
{
	struct span a = value_start(x), b = value_start(y);
	struct span rest_a, rest_b;
	size_t matched = 0;
	int next_a, next_b;

	for (;; matched++) {
		rest_a = a;
		rest_b = b;
		next_a = next_byte(&a);
		next_b = next_byte(&b);
		if (next_a != next_b || next_a < 0)
			break;
	}
	if (only_blanks(rest_a) && only_blanks(rest_b))
		return true;
	/* A cut value is a prefix, but nothing at all would be one of everything. */
	return matched && ((x_cut && only_blanks(rest_a)) || (y_cut && only_blanks(rest_b)));
}

/* Quotes at the start may also be the value's own, where another tool has escaped them. */
static bool value_same(const struct attr *x, const struct attr *y)
{
	return text_same(x->value, x->cut, y->value, y->cut) ||
	       (x->literal.ptr && text_same(x->literal, false, y->value, y->cut)) ||
	       (y->literal.ptr && text_same(x->value, x->cut, y->literal, false));
}

static bool word_same(struct span a, struct span b)
{
	size_t i;

	if (a.len != b.len)
		return false;
	for (i = 0; i < a.len; i++)
		if ((a.ptr[i] | 0x20) != (b.ptr[i] | 0x20))
			return false;
	return true;
}

static bool in_digits(struct span key)
{
	return key.len && key.ptr[0] >= '0' && key.ptr[0] <= '9';
}

/* Is this the attribute that has the number? Tools differ in which they name: "emailAddress" for
 * one is 1.2.840.113549.1.9.1 for another. */
static bool is_number_of(struct span digits, struct span word)
{
	char number[64];
	int nid;

	if (digits.len >= sizeof(number))
		return false;
	memcpy(number, digits.ptr, digits.len);
	number[digits.len] = '\0';
	nid = OBJ_txt2nid(number);
	if (nid == NID_undef) {
		ERR_clear_error();
		return false;
	}
	return word_same(word, span_str(OBJ_nid2sn(nid))) ||
	       word_same(word, span_str(OBJ_nid2ln(nid)));
}

static bool key_same(struct span a, struct span b)
{
	if (in_digits(a) != in_digits(b))
		return in_digits(a) ? is_number_of(a, b) : is_number_of(b, a);
	return word_same(a, b);
}

static bool is_key_byte(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '.' ||
	       c == '-';
}

/* A comma parts attributes only where another one begins: "O=Cisco Systems, Inc." is one. */
static bool key_follows(struct span s)
{
	size_t i = 0;

	s = skip_blanks(s);
	while (i < s.len && is_key_byte(s.ptr[i]))
		i++;
	return i && i < s.len && s.ptr[i] == '=';
}

static bool is_separator(struct span s, size_t at, uint8_t separator)
{
	return s.ptr[at] == separator &&
	       (separator == ';' || key_follows(span_of(s.ptr + at + 1, s.len - at - 1)));
}

static size_t value_end(struct span s, size_t from, uint8_t separator)
{
	size_t i;

	for (i = from; i < s.len && !is_separator(s, i, separator); i++)
		if (s.ptr[i] == '\\' && i + 1 < s.len)
			i++;
	return i;
}

/* Position after the closing quote of the value that opens at s[0], or 0 when it is cut. */
static size_t quoted_end(struct span s, uint8_t separator)
{
	struct span rest;
	size_t i;

	for (i = 1; i < s.len && s.ptr[i] != '"'; i++)
		if (s.ptr[i] == '\\')
			i++;
	if (i >= s.len)
		return 0;
	rest = skip_blanks(span_of(s.ptr + i + 1, s.len - i - 1));
	return !rest.len || is_separator(rest, 0, separator) ? i + 1 : 0;
}

/* Takes the first attribute off *s. */
static bool take_attr(struct span *s, uint8_t separator, struct attr *out)
{
	size_t key = 0, end;
	struct span value;

	*s = skip_blanks(*s);
	while (key < s->len && is_key_byte(s->ptr[key]))
		key++;
	if (!key || key == s->len || s->ptr[key] != '=')
		return false;
	*out = (struct attr){.key = span_of(s->ptr, key)};
	value = skip_blanks(span_of(s->ptr + key + 1, s->len - key - 1));
	if (value.len && value.ptr[0] == '"') {
		end = quoted_end(value, separator);
		out->cut = !end;
		out->value = end ? span_of(value.ptr + 1, end - 2) : value;
		end = value_end(value, end, separator);
		if (out->cut)
			out->value = span_of(value.ptr + 1, end - 1);
		out->literal = span_of(value.ptr, end);
	} else {
		end = value_end(value, 0, separator);
		out->value = span_of(value.ptr, end);
	}
	if (end < value.len)
		end++;
	*s = span_of(value.ptr + end, value.len - end);
	return true;
}

/* Number of attributes, or 0 for what is no printed name. */
static size_t split_name(struct span s, struct attr attrs[ATTRS_MAX])
{
	struct span whole = s;
	size_t count = 0;

	while (s.len && count < ATTRS_MAX)
		if (!take_attr(&s, ';', &attrs[count++]))
			return 0;
	if (s.len)
		return 0;
	if (count != 1)
		return count;
	/* No semicolon: maybe the RFC 4514 form that other tools write into lists. */
	for (s = whole, count = 0; s.len && count < ATTRS_MAX;)
		if (!take_attr(&s, ',', &attrs[count++]))
			return 0;
	return s.len ? 0 : count;
}

bool cert_name_same(struct span a, struct span b)
{
	struct attr in_a[ATTRS_MAX], in_b[ATTRS_MAX];
	size_t i, j, count, pass;
	bool found;

	if (span_eq(a, b))
		return true;
	count = split_name(a, in_a);
	if (!count || count != split_name(b, in_b))
		return false;
	/* Whole values first, so that a cut one cannot take the partner of another. */
	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < count; i++) {
			found = in_a[i].used;
			for (j = 0; j < count && !found; j++) {
				found = !in_b[j].used && key_same(in_a[i].key, in_b[j].key) &&
					(pass || (!in_a[i].cut && !in_b[j].cut)) &&
					value_same(&in_a[i], &in_b[j]);
				if (found)
					in_a[i].used = in_b[j].used = true;
			}
			if (pass && !found)
				return false;
		}
	}
	return true;
}
