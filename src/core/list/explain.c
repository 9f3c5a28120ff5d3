/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/list/explain.h"

#include "base/clock.h"
#include "base/str.h"
#include "crypto/cert.h"
#include "crypto/digest.h"
#include "wire/enc/enc.h"
#include "wire/sgn/sgn.h"

#define EC_POINT    0x04 /* uncompressed: two coordinates follow */
#define DER_SEQ     0x30
#define DER_INTEGER 0x02

const char *list_file_kind_name(enum tlv_file kind)
{
	static const char *const names[] = {"list", "signed", "encrypted"};

	return names[kind];
}

/* Steps into a DER element: *in becomes its content. */
static bool der_enter(struct span *in, uint8_t tag)
{
	size_t len, head = 2, extra;

	if (in->len < 2 || in->ptr[0] != tag)
		return false;
	len = in->ptr[1];
	if (len & 0x80) {
		extra = len & 0x7F;
		if (extra == 0 || extra > 2 || in->len < 2 + extra)
			return false;
		for (len = 0; head < 2 + extra; head++)
			len = len << 8 | in->ptr[head];
	}
	if (in->len - head < len)
		return false;
	*in = span_of(in->ptr + head, len);
	return true;
}

unsigned list_key_bits(struct span list_key, bool *rsa)
{
	struct span n = list_key;
	unsigned bits, top;

	*rsa = n.len > 0 && n.ptr[0] == DER_SEQ;
	if (n.len % 2 && n.ptr[0] == EC_POINT)
		return (unsigned)(n.len / 2 * 8 == 528 ? 521 : n.len / 2 * 8);
	if (!der_enter(&n, DER_SEQ) || !der_enter(&n, DER_INTEGER))
		return 0;
	while (n.len && n.ptr[0] == 0)
		n = span_of(n.ptr + 1, n.len - 1);
	if (!n.len)
		return 0;
	bits = (unsigned)(n.len - 1) * 8;
	for (top = n.ptr[0]; top; top >>= 1)
		bits++;
	return bits;
}

void list_put_address(struct buf *out, struct span a)
{
	size_t i;

	if (a.len == 4)
		buf_printf(out, "%u.%u.%u.%u", a.ptr[0], a.ptr[1], a.ptr[2], a.ptr[3]);
	else if (a.len == 16)
		for (i = 0; i < a.len; i += 2)
			buf_printf(out, "%s%x", i ? ":" : "", a.ptr[i] << 8 | a.ptr[i + 1]);
	else
		str_hex(out, a, STR_BLANK);
}

void list_put_role(struct buf *out, unsigned role)
{
	if (tlv_role_name(role))
		buf_printf(out, "%s (%u)", tlv_role_name(role), role);
	else
		buf_printf(out, "unknown role %u", role);
}

static unsigned number(struct span v)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < v.len && i < 4; i++)
		n = n << 8 | v.ptr[i];
	return n;
}

static void put_text(struct buf *out, struct span v)
{
	while (v.len && v.ptr[v.len - 1] == '\0')
		v.len--;
	if (v.len)
		str_printable(out, v);
	else
		buf_str(out, "(empty)");
}

static void put_code(struct buf *out, unsigned code, const char *meaning)
{
	if (meaning)
		buf_printf(out, "%s (%u)", meaning, code);
	else
		buf_printf(out, "unknown code %u", code);
}

static void put_date(struct buf *out, int64_t seconds)
{
	char date[CLOCK_DATE_MAX];

	clock_print_iso(date, seconds);
	buf_str(out, date);
}

static void put_key(struct buf *out, struct span key)
{
	bool rsa;
	unsigned bits = list_key_bits(key, &rsa);

	if (bits)
		buf_printf(out, "%s key of %u bits", rsa ? "RSA" : "EC", bits);
	else
		buf_printf(out, "%zu bytes that are no key", key.len);
}

static enum err put_certificate(struct buf *out, struct span der)
{
	struct cert *cert = NULL;
	enum err err = cert_from_der(&cert, der, NULL);

	if (err) {
		buf_printf(out, "%zu bytes that are no certificate", der.len);
		return err == ERR_NOMEM ? err : ERR_OK;
	}
	str_printable(out, span_str(cert_subject(cert)));
	buf_str(out, ", valid from ");
	put_date(out, cert_not_before(cert));
	buf_str(out, " to ");
	put_date(out, cert_not_after(cert));
	cert_free(cert);
	return ERR_OK;
}

static void put_header_value(struct buf *out, const struct tlv_field *f)
{
	unsigned n = number(f->value);

	if (f->container) {
		buf_printf(out, "holds %zu bytes", f->value.len);
		return;
	}
	switch (f->tag) {
	case 1:
	case 28:
		if (f->value.len == 2)
			buf_printf(out, "%u.%u", f->value.ptr[0], f->value.ptr[1]);
		else
			str_hex(out, f->value, STR_BLANK);
		break;
	case 2: buf_printf(out, "%u bytes, this field and padding included", n); break;
	case 4:
	case 6:
	case 14: put_text(out, f->value); break;
	case 5: str_hex(out, f->value, STR_COLON); break;
	case 8:
	case 26: put_code(out, n, digest_word(n)); break;
	case 10: put_code(out, n, n == 0 ? "RSA" : NULL); break;
	case 11:
		if (tlv_modulus_bytes((uint8_t)n) && n <= UINT8_MAX)
			buf_printf(out, "%zu bits (%u)", 8 * tlv_modulus_bytes((uint8_t)n), n);
		else
			put_code(out, n, NULL);
		break;
	case 12: buf_printf(out, "%zu bytes; the field itself is not signed", f->value.len); break;
	case 13: buf_printf(out, "%zu byte%s of 0D", f->size, f->size == 1 ? "" : "s"); break;
	case 15: put_date(out, (int64_t)n); break;
	case 18: put_code(out, n, n == 0 ? "AES-128-CBC" : NULL); break;
	case 20: buf_printf(out, "%u bytes of 0D end the plain text", n); break;
	case 22: put_code(out, n, n == 0 ? "RSA, PKCS #1 v1.5" : NULL); break;
	case 23: buf_printf(out, "RSA key of %u bits", n); break;
	case 25:
		buf_printf(out, "the AES key in %zu bytes, for the phone alone", f->value.len);
		break;
	default: str_hex(out, f->value, STR_BLANK); break;
	}
}

static enum err put_record_value(struct buf *out, const struct tlv_field *f)
{
	unsigned n = number(f->value);

	switch (f->tag) {
	case 1: buf_printf(out, "%u bytes, this field included", n); break;
	case 2:
	case 3:
	case 5: put_text(out, f->value); break;
	case 4: list_put_role(out, n); break;
	case 6: str_hex(out, f->value, STR_COLON); break;
	case 7: put_key(out, f->value); break;
	case 8: buf_printf(out, "%zu bytes, the certificate's own", f->value.len); break;
	case 9: return put_certificate(out, f->value);
	case 10: list_put_address(out, f->value); break;
	case 12: put_code(out, n, digest_word(n)); break;
	default: str_hex(out, f->value, STR_BLANK); break;
	}
	return ERR_OK;
}

static void put_name(struct buf *out, const struct tlv_field *f)
{
	unsigned i;

	if (f->part == TLV_PART_HEADER)
		buf_str(out, "header > ");
	else
		buf_printf(out, "record %zu > ", f->record);
	for (i = 0; i < f->depth; i++)
		buf_printf(out, "%s > ", tlv_header_tag_name(f->parents[i]));
	if (f->name)
		buf_str(out, f->name);
	else
		buf_printf(out, "unknown tag %u", f->tag);
}

static enum err parse(struct span file, enum tlv_file kind, struct fail *why)
{
	struct tlv_list list;
	struct sgn_file sgn;
	struct enc_file enc;

	switch (kind) {
	case TLV_FILE_LIST: return tlv_parse(&list, file, why);
	case TLV_FILE_ENCRYPTED: return enc_parse(&enc, file, why);
	default: return sgn_parse(&sgn, file, why);
	}
}

static enum err put_field(
	struct buf *name, struct buf *value, const struct tlv_field *f, enum tlv_file kind)
{
	enum err err = ERR_OK;

	switch (f->part) {
	case TLV_PART_HEADER:
		put_name(name, f);
		put_header_value(value, f);
		break;
	case TLV_PART_RECORD:
		put_name(name, f);
		err = put_record_value(value, f);
		break;
	case TLV_PART_CONTENT:
		buf_str(name, "content");
		buf_printf(value, "%zu bytes %s", f->size,
			kind == TLV_FILE_ENCRYPTED ? "under AES-128-CBC"
						   : "of the file that is signed");
		break;
	case TLV_PART_REST: break;
	}
	return err;
}

enum err list_explain(
	struct span file, enum tlv_file kind, list_explained *each, void *ctx, struct fail *why)
{
	struct buf name = {0}, value = {0};
	struct fail broken = {.offset = SIZE_MAX};
	enum err judged = parse(file, kind, &broken), err = ERR_OK;
	struct list_field field;
	struct tlv_field f;
	struct tlv_walk w;
	bool rest = false;

	tlv_walk_init(&w, file, kind);
	while (!err && !rest && tlv_walk_next(&w, &f)) {
		buf_clear(&name);
		buf_clear(&value);
		rest = f.part == TLV_PART_REST;
		if (rest) {
			f.size = file.len - f.at;
			f.record = 0;
			buf_str(&name, "unreadable");
			buf_printf(&value, "%zu bytes from where the file breaks", f.size);
		} else {
			err = put_field(&name, &value, &f, kind);
		}
		if (!value.len)
			buf_str(&value, "(empty)");
		/* Whole, but no reader takes it. */
		if (judged && !rest && broken.offset >= f.at && broken.offset - f.at < f.size)
			buf_str(&value, "; here the file breaks");
		buf_u8(&name, '\0');
		buf_u8(&value, '\0');
		if (!err)
			err = buf_check(&name) ? buf_check(&name) : buf_check(&value);
		if (err)
			break;
		field = (struct list_field){
			f.at, f.size, f.record, (char *)name.data, (char *)value.data};
		each(ctx, &field);
	}
	buf_fini(&name);
	buf_fini(&value);
	if (err)
		return fail_set(why, err, "%s", err_text(err));
	if (judged && why)
		*why = broken;
	return judged;
}
