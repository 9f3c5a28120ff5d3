/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "base/str.h"
#include "crypto/ossl.h"

#include <openssl/objects.h>

/* Attributes that a printed name may hold when it is compared. */
#define ATTRS_MAX 32

static const int print_order[] = {NID_commonName, NID_organizationalUnitName, NID_organizationName,
	NID_localityName, NID_stateOrProvinceName, NID_countryName};
#define PRINT_ORDER (sizeof(print_order) / sizeof(print_order[0]))

static int place_in_order(int nid)
{
	size_t i;

	for (i = 0; i < PRINT_ORDER; i++)
		if (print_order[i] == nid)
			return (int)i;
	return (int)PRINT_ORDER;
}

static void print_key(const ASN1_OBJECT *object, struct buf *out)
{
	int nid = OBJ_obj2nid(object);
	char dotted[128];

	if (nid != NID_undef) {
		buf_str(out, OBJ_nid2sn(nid));
	} else if (OBJ_obj2txt(dotted, sizeof(dotted), object, 1) > 0) {
		buf_str(out, dotted);
	}
}

static bool is_text(const ASN1_STRING *value)
{
	switch (ASN1_STRING_type(value)) {
	case V_ASN1_UTF8STRING:
	case V_ASN1_PRINTABLESTRING:
	case V_ASN1_T61STRING:
	case V_ASN1_IA5STRING:
	case V_ASN1_NUMERICSTRING:
	case V_ASN1_VISIBLESTRING:
	case V_ASN1_UNIVERSALSTRING:
	case V_ASN1_BMPSTRING: return true;
	default: return false;
	}
}

/* UTF-8 of an attribute's value, unescaped. */
static enum err value_utf8(const ASN1_STRING *value, struct buf *out, struct fail *why)
{
	unsigned char *text = NULL;
	enum err err = ERR_OK;
	int len;

	if (!is_text(value)) {
		/* As RFC 4514 prints what is no string. */
		buf_u8(out, '#');
		str_hex(out,
			span_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)),
			STR_LOWER);
		return buf_check(out);
	}
	len = ASN1_STRING_to_UTF8(&text, value);
	if (len < 0)
		return ossl_fail(why, ERR_FORMAT, "name: text in a wrong character code");
	/* A NUL would cut the name short for whoever prints or compares it. */
	if (memchr(text, 0, (size_t)len))
		err = fail_set(why, ERR_FORMAT, "name: text with a NUL inside");
	else
		buf_put(out, span_of(text, (size_t)len));
	OPENSSL_free(text);
	return err ? err : buf_check(out);
}

static enum err print_entry(const X509_NAME_ENTRY *entry, struct buf *out, struct fail *why)
{
	struct buf value = {0};
	enum err err = value_utf8(X509_NAME_ENTRY_get_data(entry), &value, why);
	size_t i;

	if (out->len)
		buf_u8(out, ';');
	print_key(X509_NAME_ENTRY_get_object(entry), out);
	buf_u8(out, '=');
	for (i = 0; i < value.len; i++) {
		if (value.data[i] == ';' || value.data[i] == '\\')
			buf_u8(out, '\\');
		buf_u8(out, value.data[i]);
	}
	buf_fini(&value);
	return err ? err : buf_check(out);
}

static enum err copy_common_name(const X509_NAME *name, char **out, struct fail *why)
{
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	struct buf value = {0};
	enum err err = ERR_OK;

	if (at >= 0)
		err = value_utf8(
			X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)), &value, why);
	buf_u8(&value, 0);
	if (!err)
		err = buf_check(&value);
	if (!err) {
		*out = (char *)value.data;
		return ERR_OK;
	}
	buf_fini(&value);
	return err;
}

enum err name_print(const X509_NAME *name, char **out, char **common_name, struct fail *why)
{
	int i, count = X509_NAME_entry_count(name);
	const X509_NAME_ENTRY *entry;
	struct buf text = {0};
	enum err err = ERR_OK;
	size_t round;

	for (round = 0; round <= PRINT_ORDER && !err; round++) {
		for (i = 0; i < count && !err; i++) {
			entry = X509_NAME_get_entry(name, i);
			if (place_in_order(OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry))) ==
				(int)round)
				err = print_entry(entry, &text, why);
		}
	}
	buf_u8(&text, 0);
	if (!err)
		err = buf_check(&text);
	if (!err && common_name)
		err = copy_common_name(name, common_name, why);
	if (err) {
		buf_fini(&text);
		return err;
	}
	*out = (char *)text.data;
	return ERR_OK;
}

/* One attribute of a printed name, still escaped. */
struct attr {
	struct span key, value;
	bool cut; /* an opening quote without its end */
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

static bool value_same(const struct attr *x, const struct attr *y)
{
	struct span a = skip_blanks(x->value), b = skip_blanks(y->value);
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
	return matched && ((x->cut && only_blanks(rest_a)) || (y->cut && only_blanks(rest_b)));
}

static bool key_same(struct span a, struct span b)
{
	size_t i;

	if (a.len != b.len)
		return false;
	for (i = 0; i < a.len; i++)
		if ((a.ptr[i] | 0x20) != (b.ptr[i] | 0x20))
			return false;
	return true;
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
