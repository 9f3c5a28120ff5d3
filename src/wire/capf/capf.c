/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/capf/capf.h"
#include "wire/capf/rows.h"
#include "wire/cursor.h"

#define MAGIC 0x55u
/* Before the DER of CERTIFICATE: 01 | length of the rest u16 | 00 | type u8 */
#define CERTIFICATE_PREFIX  5u
#define CERTIFICATE_COUNTED 2u /* bytes of the prefix that its length counts */

/* The largest values that known phones and servers need, rounded up. */
#define TEXT_MAX        256u
#define PASSWORD_MAX    32u /* 16 digits and a NUL */
#define CERTIFICATE_MAX 8192u
#define PUBLIC_KEY_MAX  1024u  /* RSA-4096 needs 550 */
#define SIGNATURE_MAX   1024u  /* RSA-4096 needs 512 */
#define SUDI_MAX        10240u /* a certificate and two signatures */

#define ROW(tag, name, min, max, kind, member)                                                     \
	{                                                                                          \
		CAPF_E_##tag, name, min, max, CAPF_KIND_##kind,                                    \
			offsetof(struct capf_message, member)                                      \
	}

const struct capf_row capf_rows[] = {
	ROW(REASON, "REASON", 1, 1, U8, reason),
	ROW(REASON_INFO, "REASON_INFO", 0, TEXT_MAX, TEXT, reason_info),
	ROW(CERT_TYPE, "CERT_TYPE", 1, 1, U8, cert_type),
	ROW(CERTIFICATE, "CERTIFICATE", CERTIFICATE_PREFIX + 1, CERTIFICATE_MAX, CERTIFICATE,
		certificate),
	ROW(CERT_ID, "CERT_ID", 0, TEXT_MAX, BYTES, cert_id),
	ROW(SIGNED_DATA, "SIGNED_DATA", 1, SIGNATURE_MAX, BYTES, signed_data),
	ROW(VERSION, "VERSION", 1, 1, U8, version),
	ROW(AUTH_TYPE, "AUTH_TYPE", 1, 1, U8, auth_type),
	ROW(PUBLIC_KEY, "PUBLIC_KEY", 1, PUBLIC_KEY_MAX, BYTES, public_key),
	ROW(KEY_SIZE, "KEY_SIZE", 2, 2, U16, key_size),
	ROW(PASSWORD, "PASSWORD", 0, PASSWORD_MAX, SECRET, password),
	ROW(RETRY_DELAY, "RETRY_DELAY", 0, 8, BYTES, retry_delay),
	ROW(DEVICE_NAME, "DEVICE_NAME", 1, TEXT_MAX, TEXT, device_name),
	ROW(SUDI_DATA, "SUDI_DATA", 1, SUDI_MAX, BYTES, sudi_data),
	ROW(KEY_TYPE, "KEY_TYPE", 1, 1, U8, key_type),
	ROW(CURVE, "CURVE", 1, 1, U8, curve),
	ROW(DIGEST_TYPE, "DIGEST_TYPE", 1, 1, U8, digest_type),
	ROW(SHA2_SIGNED_DATA, "SHA2_SIGNED_DATA", 1, SIGNATURE_MAX, BYTES, sha2_signed_data),
};
const size_t capf_rows_count = sizeof(capf_rows) / sizeof(capf_rows[0]);

static const struct {
	uint8_t type;
	const char *name;
} types[] = {
	{CAPF_AUTH_REQ, "AUTH_REQ"},
	{CAPF_AUTH_RES, "AUTH_RES"},
	{CAPF_KEY_GEN_REQ, "KEY_GEN_REQ"},
	{CAPF_KEY_GEN_RES, "KEY_GEN_RES"},
	{5, "ENCRYPT_RES"},
	{6, "ENCRYPT_REQ"},
	{7, "DECRYPT_REQ"},
	{8, "DECRYPT_RES"},
	{CAPF_STORE_CERT_REQ, "STORE_CERT_REQ"},
	{CAPF_STORE_CERT_RES, "STORE_CERT_RES"},
	{CAPF_FETCH_CERT_REQ, "FETCH_CERT_REQ"},
	{CAPF_FETCH_CERT_RES, "FETCH_CERT_RES"},
	{CAPF_DELETE_CERT_REQ, "DELETE_CERT_REQ"},
	{CAPF_DELETE_CERT_RES, "DELETE_CERT_RES"},
	{CAPF_END_SESSION, "END_SESSION"},
	{CAPF_RETRY_LATER, "RETRY_LATER"},
	{CAPF_REQ_IN_PROGRESS, "REQ_IN_PROGRESS"},
	{18, "STATUS_REQ"},
	{19, "STATUS_RES"},
	{20, "ABORT_REQ"},
	{21, "ABORT_RES"},
	{22, "SIGN_CERT_REQ"},
	{23, "SIGN_CERT_RES"},
};

const char *capf_type_name(unsigned type)
{
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			return types[i].name;
	return "UNKNOWN";
}

const struct capf_row *capf_row(unsigned tag)
{
	size_t i;

	for (i = 0; i < capf_rows_count; i++)
		if (capf_rows[i].tag == tag)
			return &capf_rows[i];
	return NULL;
}

const char *capf_element_name(unsigned element)
{
	const struct capf_row *row = capf_row(element);

	return row ? row->name : "UNKNOWN";
}

struct span capf_get_span(const struct capf_message *m, const struct capf_row *row)
{
	struct span value;

	memcpy(&value, (const char *)m + row->member, sizeof(value));
	return value;
}

unsigned capf_get_number(const struct capf_message *m, const struct capf_row *row)
{
	const char *at = (const char *)m + row->member;
	uint16_t wide;

	if (row->kind == CAPF_KIND_U8)
		return *(const uint8_t *)at;
	memcpy(&wide, at, sizeof(wide));
	return wide;
}

size_t capf_frame(struct span in, enum err *err, struct fail *why)
{
	size_t length;

	*err = ERR_OK;
	if (in.len && in.ptr[0] != MAGIC) {
		*err = fail_at(why, ERR_PROTO, 0,
			"message, protocol at byte 0: 0x%02X, CAPF has 0x55", in.ptr[0]);
		return 0;
	}
	if (in.len < CAPF_HEADER)
		return 0;
	length = (size_t)in.ptr[6] << 8 | in.ptr[7];
	if (length > CAPF_BODY_MAX) {
		*err = fail_at(why, ERR_LIMIT, 6, "%s, length at byte 6: %zu, at most %u",
			capf_type_name(in.ptr[1]), length, CAPF_BODY_MAX);
		return 0;
	}
	return in.len < CAPF_HEADER + length ? 0 : CAPF_HEADER + length;
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

static void read_value(struct capf_message *m, const struct capf_row *row, struct cursor *value)
{
	char *at = (char *)m + row->member;
	struct span bytes;
	uint16_t wide;

	switch (row->kind) {
	case CAPF_KIND_U8: *(uint8_t *)at = cur_u8(value, row->name); return;
	case CAPF_KIND_U16:
		wide = cur_be16(value, row->name);
		memcpy(at, &wide, sizeof(wide));
		return;
	case CAPF_KIND_TEXT:
	case CAPF_KIND_SECRET: bytes = read_text(value, row->name); break;
	case CAPF_KIND_CERTIFICATE:
		bytes = read_certificate(value, &m->certificate_type, row->name);
		break;
	case CAPF_KIND_BYTES:
	default: bytes = cur_take(value, cur_left(value), row->name); break;
	}
	memcpy(at, &bytes, sizeof(bytes));
}

static void read_element(struct capf_message *m, struct cursor *c, size_t *known)
{
	size_t where = cur_where(c);
	uint8_t tag = cur_u8(c, "element");
	const struct capf_row *row = capf_row(tag);
	const char *name = row ? row->name : "element";
	uint16_t length = cur_be16(c, name);
	struct cursor value;

	cur_sub(c, &value, length, name);
	if (cur_check(c) || !row)
		return;
	if (m->has & CAPF_HAS(tag)) {
		cur_fail_at(c, ERR_FORMAT, where, name, "appears twice");
		return;
	}
	if (length < row->min || length > row->max) {
		cur_fail_at(c, length < row->min ? ERR_FORMAT : ERR_LIMIT, where + 1, name,
			"length %u, must be %u to %u", length, row->min, row->max);
		return;
	}
	value.what = c->what;
	read_value(m, row, &value);
	c->err = cur_check(&value);
	m->has |= CAPF_HAS(tag);
	m->order[(*known)++] = tag;
}

enum err capf_decode(struct capf_message *m, struct span in, struct fail *why)
{
	struct cursor c;
	size_t elements, known = 0;
	uint8_t magic;
	uint16_t length;

	memset(m, 0, sizeof(*m));
	cur_init(&c, in, "message", why);
	magic = cur_u8(&c, "protocol");
	if (magic != MAGIC && !cur_check(&c))
		cur_fail_at(&c, ERR_PROTO, 0, "protocol", "0x%02X, CAPF has 0x55", magic);
	m->type = cur_u8(&c, "type");
	c.what = capf_type_name(m->type);
	m->session = cur_be32(&c, "session");
	length = cur_be16(&c, "length");
	if (length > CAPF_BODY_MAX)
		cur_fail_at(&c, ERR_LIMIT, 6, "length", "%u, at most %u", length, CAPF_BODY_MAX);
	else if (length != cur_left(&c))
		cur_fail_at(&c, length > cur_left(&c) ? ERR_SHORT : ERR_FORMAT, 6, "length",
			"%u, but %zu bytes follow", length, cur_left(&c));
	for (elements = 0; cur_left(&c); elements++) {
		if (elements == CAPF_ELEMENTS_MAX)
			cur_fail(&c, ERR_LIMIT, "element", "more than %u elements",
				CAPF_ELEMENTS_MAX);
		else
			read_element(m, &c, &known);
	}
	return cur_check(&c);
}

static enum err write_element(
	struct buf *out, const struct capf_message *m, const struct capf_row *row)
{
	size_t at, length;

	buf_u8(out, row->tag);
	at = buf_reserve_be16(out);
	switch (row->kind) {
	case CAPF_KIND_U8: buf_u8(out, (uint8_t)capf_get_number(m, row)); break;
	case CAPF_KIND_U16: buf_be16(out, (uint16_t)capf_get_number(m, row)); break;
	case CAPF_KIND_TEXT:
	case CAPF_KIND_SECRET:
		buf_put(out, capf_get_span(m, row));
		buf_u8(out, 0);
		break;
	case CAPF_KIND_CERTIFICATE:
		buf_u8(out, 1);
		length = capf_get_span(m, row).len + CERTIFICATE_COUNTED;
		buf_be16(out, length > UINT16_MAX ? 0 : (uint16_t)length);
		buf_u8(out, 0);
		buf_u8(out, m->certificate_type);
		buf_put(out, capf_get_span(m, row));
		break;
	case CAPF_KIND_BYTES:
	default: buf_put(out, capf_get_span(m, row)); break;
	}
	if (buf_check(out))
		return buf_check(out);
	length = out->len - at - 2;
	if (length < row->min || length > row->max)
		return ERR_LIMIT;
	buf_patch_be16(out, at);
	return buf_check(out);
}

enum err capf_encode(struct buf *out, const struct capf_message *m)
{
	size_t start = out->len, at, i;
	uint32_t written = 0;
	enum err err = ERR_OK;

	buf_u8(out, MAGIC);
	buf_u8(out, m->type);
	buf_be32(out, m->session);
	at = buf_reserve_be16(out);
	for (i = 0; i < CAPF_ELEMENTS_MAX && m->order[i] && !err; i++) {
		const struct capf_row *row = capf_row(m->order[i]);

		if (!row || !(m->has & CAPF_HAS(row->tag)) || (written & CAPF_HAS(row->tag)))
			err = ERR_ARG;
		else
			err = write_element(out, m, row);
		if (row)
			written |= CAPF_HAS(row->tag);
	}
	if (!err)
		err = buf_check(out);
	if (!err && out->len - start > CAPF_HEADER + CAPF_BODY_MAX)
		err = ERR_LIMIT;
	if (err) {
		/* A half message would be sent with the next one. */
		out->len = out->len > start ? start : out->len;
		return err;
	}
	buf_patch_be16(out, at);
	return buf_check(out);
}
