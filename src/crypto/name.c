/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "base/str.h"
#include "crypto/ossl.h"

#include <openssl/objects.h>

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

/* The short keys of RFC 4514, section 3; all others are written in digits. */
static const struct {
	int nid;
	const char *key;
} rfc4514_keys[] = {{NID_commonName, "CN"}, {NID_localityName, "L"},
	{NID_stateOrProvinceName, "ST"}, {NID_organizationName, "O"},
	{NID_organizationalUnitName, "OU"}, {NID_countryName, "C"}, {NID_streetAddress, "STREET"},
	{NID_domainComponent, "DC"}, {NID_userId, "UID"}};

static void print_rfc4514_key(const ASN1_OBJECT *object, struct buf *out)
{
	int nid = OBJ_obj2nid(object);
	char dotted[128];
	size_t i;

	for (i = 0; i < sizeof(rfc4514_keys) / sizeof(rfc4514_keys[0]); i++) {
		if (rfc4514_keys[i].nid == nid) {
			buf_str(out, rfc4514_keys[i].key);
			return;
		}
	}
	if (OBJ_obj2txt(dotted, sizeof(dotted), object, 1) > 0)
		buf_str(out, dotted);
}

static void print_rfc4514_value(struct span value, bool text, struct buf *out)
{
	size_t i;

	for (i = 0; i < value.len; i++) {
		bool first = i == 0 && (value.ptr[i] == '#' || value.ptr[i] == ' ');
		bool last = i + 1 == value.len && value.ptr[i] == ' ';

		if (text && (first || last || memchr("\"+,;<>\\", value.ptr[i], 7)))
			buf_u8(out, '\\');
		buf_u8(out, value.ptr[i]);
	}
}

enum err name_print_rfc4514(const X509_NAME *name, struct buf *out, struct fail *why)
{
	int i, count = X509_NAME_entry_count(name);
	enum err err = ERR_OK;

	for (i = 0; i < count && !err; i++) {
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
		const ASN1_STRING *data = X509_NAME_ENTRY_get_data(entry);
		struct buf value = {0};

		err = value_utf8(data, &value, why);
		if (i)
			buf_u8(out, ',');
		print_rfc4514_key(X509_NAME_ENTRY_get_object(entry), out);
		buf_u8(out, '=');
		print_rfc4514_value(buf_span(&value), is_text(data), out);
		buf_fini(&value);
	}
	return err ? err : buf_check(out);
}
