/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/capf/capf.h"

#define MAGIC 0x55u
/* The largest values that known phones and servers need, rounded up. */
#define TEXT_MAX        256u
#define PASSWORD_MAX    32u /* 16 digits and a NUL */
#define CERTIFICATE_MIN 6u  /* its prefix and a byte */
#define CERTIFICATE_MAX 8192u
#define PUBLIC_KEY_MAX  1024u  /* RSA-4096 needs 550 */
#define SIGNATURE_MAX   1024u  /* RSA-4096 needs 512 */
#define SUDI_MAX        10240u /* a certificate and two signatures */

#define ROW(tag, name, min, max, kind, member)                                                     \
	{                                                                                          \
		CAPF_E_##tag, name, min, max, ELEMENT_##kind,                                      \
			offsetof(struct capf_message, member),                                     \
			offsetof(struct capf_message, certificate_type)                            \
	}

static const struct element_row rows[] = {
	ROW(REASON, "REASON", 1, 1, U8, reason),
	ROW(REASON_INFO, "REASON_INFO", 0, TEXT_MAX, TEXT, reason_info),
	ROW(CERT_TYPE, "CERT_TYPE", 1, 1, U8, cert_type),
	ROW(CERTIFICATE, "CERTIFICATE", CERTIFICATE_MIN, CERTIFICATE_MAX, CERTIFICATE, certificate),
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

const struct element_format capf_format = {rows, sizeof(rows) / sizeof(rows[0]),
	offsetof(struct capf_message, has), offsetof(struct capf_message, order)};

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

const char *capf_element_name(unsigned element)
{
	const struct element_row *row = elements_row(&capf_format, element);

	return row ? row->name : "UNKNOWN";
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

enum err capf_decode(struct capf_message *m, struct span in, struct fail *why)
{
	struct cursor c;
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
	return elements_read(&capf_format, m, &c);
}

enum err capf_encode(struct buf *out, const struct capf_message *m)
{
	size_t start = out->len, at;
	enum err err;

	buf_u8(out, MAGIC);
	buf_u8(out, m->type);
	buf_be32(out, m->session);
	at = buf_reserve_be16(out);
	err = elements_write(out, &capf_format, m);
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
