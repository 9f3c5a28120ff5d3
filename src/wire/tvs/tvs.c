/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/tvs/tvs.h"

#define MAGIC 0x57u

/* The largest values that known phones and servers need, rounded up. */
#define NAME_MAX        256u
#define CERTIFICATE_MAX 8192u
#define SERIAL_MAX      64u
#define ROLES_MAX       32u

#define ROW(tag, min, max, kind, member)                                                           \
	{                                                                                          \
		TVS_E_##tag, #tag, min, max, ELEMENT_##kind, offsetof(struct tvs_message, member), \
			0                                                                          \
	}

static const struct element_row rows[] = {
	ROW(DEVICE, 1, NAME_MAX, NAME, device),
	ROW(CERTIFICATE, 1, CERTIFICATE_MAX, BYTES, certificate),
	ROW(SUBJECTNAME, 0, NAME_MAX, TEXT, subject),
	ROW(ISSUERNAME, 0, NAME_MAX, TEXT, issuer),
	ROW(SERIALNUMBER, 1, SERIAL_MAX, BYTES, serial),
	ROW(STATUS, 1, 1, U8, status),
	ROW(ROLES, 0, ROLES_MAX, BYTES, roles),
	ROW(TTL, 4, 4, U32, ttl),
};

static const struct element_format format = {rows, sizeof(rows) / sizeof(rows[0]),
	offsetof(struct tvs_message, has), offsetof(struct tvs_message, order)};

const char *tvs_type_name(unsigned type)
{
	static const char *const names[] = {
		[TVS_CERT_VERIFICATION_REQ] = "CERT_VERIFICATION_REQ",
		[TVS_CERT_VERIFICATION_RES] = "CERT_VERIFICATION_RES",
		[TVS_QUERY_CERT_REQ] = "QUERY_CERT_REQ",
		[TVS_QUERY_CERT_RES] = "QUERY_CERT_RES",
	};

	return type && type < sizeof(names) / sizeof(names[0]) ? names[type] : "UNKNOWN";
}

size_t tvs_frame(struct span in, enum err *err, struct fail *why)
{
	size_t length;

	*err = ERR_OK;
	if (in.len && in.ptr[0] != MAGIC)
		*err = fail_at(why, ERR_PROTO, 0,
			"message, protocol at byte 0: 0x%02X, TVS has 0x57", in.ptr[0]);
	else if (in.len > 1 && in.ptr[1] != TVS_VERSION)
		*err = fail_at(why, ERR_PROTO, 1, "message, version at byte 1: %u, only 1 is known",
			in.ptr[1]);
	if (*err || in.len < TVS_HEADER)
		return 0;
	length = (size_t)in.ptr[8] << 8 | in.ptr[9];
	if (length > TVS_BODY_MAX) {
		*err = fail_at(why, ERR_LIMIT, 8, "%s, length at byte 8: %zu, at most %u",
			tvs_type_name(in.ptr[2]), length, TVS_BODY_MAX);
		return 0;
	}
	return in.len < TVS_HEADER + length ? 0 : TVS_HEADER + length;
}

enum err tvs_decode(struct tvs_message *m, struct span in, struct fail *why)
{
	struct cursor c;
	uint8_t magic, version;
	uint16_t length;

	memset(m, 0, sizeof(*m));
	cur_init(&c, in, "message", why);
	magic = cur_u8(&c, "protocol");
	if (magic != MAGIC && !cur_check(&c))
		cur_fail_at(&c, ERR_PROTO, 0, "protocol", "0x%02X, TVS has 0x57", magic);
	version = cur_u8(&c, "version");
	if (version != TVS_VERSION && !cur_check(&c))
		cur_fail_at(&c, ERR_PROTO, 1, "version", "%u, only 1 is known", version);
	m->type = cur_u8(&c, "type");
	c.what = tvs_type_name(m->type);
	cur_skip(&c, 1, "unused byte");
	m->session = cur_be32(&c, "session");
	length = cur_be16(&c, "length");
	if (length > TVS_BODY_MAX)
		cur_fail_at(&c, ERR_LIMIT, 8, "length", "%u, at most %u", length, TVS_BODY_MAX);
	else if (length != cur_left(&c))
		cur_fail_at(&c, length > cur_left(&c) ? ERR_SHORT : ERR_FORMAT, 8, "length",
			"%u, but %zu bytes follow", length, cur_left(&c));
	return elements_read(&format, m, &c);
}

enum err tvs_encode(struct buf *out, const struct tvs_message *m)
{
	size_t start = out->len, at;
	enum err err;

	buf_u8(out, MAGIC);
	buf_u8(out, TVS_VERSION);
	buf_u8(out, m->type);
	buf_u8(out, 0);
	buf_be32(out, m->session);
	at = buf_reserve_be16(out);
	err = elements_write(out, &format, m);
	if (!err)
		err = buf_check(out);
	if (!err && out->len - start > TVS_HEADER + TVS_BODY_MAX)
		err = ERR_LIMIT;
	if (err) {
		/* A half message would be sent with the next one. */
		out->len = out->len > start ? start : out->len;
		return err;
	}
	buf_patch_be16(out, at);
	return buf_check(out);
}

enum err tvs_describe(
	struct span in, unsigned version, struct buf *dump, struct buf *again, struct fail *why)
{
	struct tvs_message m;
	enum err err = tvs_decode(&m, in, why);

	if (err)
		return err;
	buf_printf(dump, "TYPE = %s (%u)\n", tvs_type_name(m.type), m.type);
	buf_printf(dump, "SESSION = %u\n", m.session);
	elements_print(dump, &format, &m);
	err = tvs_encode(again, &m);
	if (!err)
		err = buf_check(dump);
	return err ? fail_set(why, err, "TVS message: %s", err_text(err)) : ERR_OK;
}
