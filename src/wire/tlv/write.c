/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/tlv/item.h"
#include "wire/tlv/tlv.h"

#define HEADER_ALIGN 4u
#define PADDING_BYTE 0x0D

static void put_text(struct buf *out, uint8_t tag, struct span text)
{
	size_t at;

	buf_u8(out, tag);
	at = buf_reserve_be16(out);
	buf_put(out, text);
	buf_u8(out, 0);
	buf_patch_be16(out, at);
}

static bool text_ok(struct span text)
{
	return text.len == 0 || !memchr(text.ptr, '\0', text.len);
}

static enum err finish(const struct buf *out, const char *what, struct fail *why)
{
	enum err err = buf_check(out);

	if (!err)
		return ERR_OK;
	if (err == ERR_LIMIT)
		return fail_set(why, err, "%s: longer than its length field can say", what);
	return fail_set(why, err, "%s: %s", what, err_text(err));
}

/* The vendor's order; 4, 6, 5 in SIGNERID for one who asks.
 * spec: docs/formats/trust-list.md#field-order */
enum err tlv_write_header(
	struct buf *out, const struct tlv_header *h, struct span extra, struct fail *why)
{
	size_t signature = tlv_modulus_bytes(h->modulus), id, info, algorithm, length;

	if (out->len)
		return fail_set(why, ERR_ARG, "header: the output is not empty");
	if (!signature)
		return fail_set(
			why, ERR_UNSUPPORTED, "header: unknown modulus code %u", h->modulus);
	if (!text_ok(h->signer_name) || !text_ok(h->issuer_name) || !text_ok(h->filename))
		return fail_set(why, ERR_ARG, "header: a text holds a NUL");
	if (!h->serial.len)
		return fail_set(why, ERR_ARG, "header: no serial number");
	tlv_item_put(out, 1, span_of((uint8_t[]){h->major, h->minor}, 2));
	buf_u8(out, 2);
	buf_be16(out, 2);
	length = buf_reserve_be16(out);
	if (h->has_signer_version)
		tlv_item_put(out, 28, span_of((uint8_t[]){h->signer_major, h->signer_minor}, 2));
	buf_u8(out, 3);
	id = buf_reserve_be16(out);
	put_text(out, 4, h->signer_name);
	if (h->serial_last)
		put_text(out, 6, h->issuer_name);
	tlv_item_put(out, 5, h->serial);
	if (!h->serial_last)
		put_text(out, 6, h->issuer_name);
	buf_patch_be16(out, id);
	buf_u8(out, 7);
	info = buf_reserve_be16(out);
	tlv_item_put_u8(out, 8, h->digest);
	buf_u8(out, 9);
	algorithm = buf_reserve_be16(out);
	tlv_item_put_u8(out, 10, h->algorithm);
	tlv_item_put_u8(out, 11, h->modulus);
	buf_patch_be16(out, algorithm);
	buf_patch_be16(out, info);
	buf_u8(out, 12);
	buf_be16(out, (uint16_t)signature);
	buf_fill(out, 0, signature);
	if (h->filename.ptr)
		put_text(out, 14, h->filename);
	if (h->has_timestamp) {
		buf_u8(out, 15);
		buf_be16(out, 4);
		buf_be32(out, h->timestamp);
	}
	buf_put(out, extra);
	while (out->len % HEADER_ALIGN && !out->err)
		buf_u8(out, PADDING_BYTE);
	if (!out->err && out->len > TLV_HEADER_MAX)
		out->err = ERR_LIMIT;
	buf_set_be16(out, length, (uint16_t)out->len);
	return finish(out, "header", why);
}

static enum err check_record(const struct tlv_record *r, struct fail *why)
{
	if (!(r->has & TLV_HAS(4)))
		return fail_set(why, ERR_ARG, "record: FUNCTION is missing");
	if (!text_ok(r->dns) || !text_ok(r->subject) || !text_ok(r->issuer))
		return fail_set(why, ERR_ARG, "record: a text holds a NUL");
	if (r->has & TLV_HAS(10) && r->address.len != 4 && r->address.len != 16)
		return fail_set(why, ERR_ARG, "record: IPADDRESS of %zu bytes", r->address.len);
	if ((r->has & TLV_HAS(6) && !r->serial.len) ||
		(r->has & TLV_HAS(7) && !r->public_key.len) ||
		(r->has & TLV_HAS(8) && !r->signature.len) ||
		(r->has & TLV_HAS(9) && !r->certificate.len) ||
		(r->has & TLV_HAS(11) && !r->cert_hash.len))
		return fail_set(why, ERR_ARG, "record: a value is empty");
	return ERR_OK;
}

static void put_role(struct buf *out, uint16_t role)
{
	tlv_item_put(out, 4, span_of((uint8_t[]){(uint8_t)(role >> 8), (uint8_t)role}, 2));
}

/* A record that was read with more than one NUL after its name keeps them. */
static void put_dns(struct buf *out, const struct tlv_record *r)
{
	size_t at;

	buf_u8(out, 2);
	at = buf_reserve_be16(out);
	buf_put(out, r->dns);
	buf_fill(out, 0, r->dns_length > r->dns.len ? r->dns_length - r->dns.len : 1);
	buf_patch_be16(out, at);
}

enum err tlv_write_record(struct buf *out, const struct tlv_record *r, struct fail *why)
{
	size_t start = out->len, length;
	enum err err = check_record(r, why);

	if (err)
		return err;
	buf_u8(out, 1);
	buf_be16(out, 2);
	length = buf_reserve_be16(out);
	if (r->has & TLV_HAS(2))
		put_dns(out, r);
	if (r->has & TLV_HAS(3))
		put_text(out, 3, r->subject);
	if (!r->role_last)
		put_role(out, r->role);
	if (r->has & TLV_HAS(5))
		put_text(out, 5, r->issuer);
	if (r->has & TLV_HAS(6))
		tlv_item_put(out, 6, r->serial);
	if (r->role_last)
		put_role(out, r->role);
	if (r->has & TLV_HAS(7))
		tlv_item_put(out, 7, r->public_key);
	if (r->has & TLV_HAS(8))
		tlv_item_put(out, 8, r->signature);
	if (r->has & TLV_HAS(9))
		tlv_item_put(out, 9, r->certificate);
	if (r->has & TLV_HAS(10))
		tlv_item_put(out, 10, r->address);
	if (r->has & TLV_HAS(11))
		tlv_item_put(out, 11, r->cert_hash);
	if (r->has & TLV_HAS(12))
		tlv_item_put_u8(out, 12, r->hash_algorithm);
	if (!out->err && out->len - start > UINT16_MAX)
		out->err = ERR_LIMIT;
	buf_set_be16(out, length, (uint16_t)(out->len - start));
	return finish(out, "record", why);
}

enum err tlv_set_signature(struct buf *file, struct span signature, struct fail *why)
{
	struct tlv_header h;
	enum err err = buf_check(file);

	if (err)
		return fail_set(why, err, "%s", err_text(err));
	err = tlv_parse_header(&h, buf_span(file), why);
	if (err)
		return err;
	if (signature.len != h.signature.len)
		return fail_set(why, ERR_ARG, "signature of %zu bytes, the header has room for %zu",
			signature.len, h.signature.len);
	memcpy(file->data + (h.signature_end - h.signature.len), signature.ptr, signature.len);
	return ERR_OK;
}
