/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/enc/enc.h"
#include "wire/tlv/item.h"

#define PADDING_BYTE 0x0D /* not PKCS #7: the count is in tag 20 */

enum {
	TAG_ENCRYPTION = 16,
	TAG_IV_INFO,
	TAG_CIPHER,
	TAG_IV,
	TAG_PADDING,
	TAG_KEY_INFO,
	TAG_WRAPPING,
	TAG_KEY_SIZE,
	TAG_KEY_ALGORITHM,
	TAG_KEY,
	TAG_DIGEST,
	TAG_HASH,
};

static size_t hash_size(uint8_t digest)
{
	switch (digest) {
	case TLV_SHA1: return 20;
	case TLV_SHA256: return 32;
	case TLV_SHA512: return 64;
	default: return 0;
	}
}

/* IV info holds 18 to 20, key info 22 to 25; all of them may also stand in ENCRYPTIONINFO itself,
 * as readers that flatten containers would accept. */
static bool may_stand(unsigned tag, unsigned container)
{
	if (!tlv_header_tag_name(tag))
		return true;
	switch (container) {
	case TAG_IV_INFO: return tag >= TAG_CIPHER && tag <= TAG_PADDING;
	case TAG_KEY_INFO: return tag >= TAG_WRAPPING && tag <= TAG_KEY;
	default: return tag > TAG_ENCRYPTION && tag <= TAG_KEY;
	}
}

static void read_level(struct enc_file *f, struct cursor *c, unsigned container, uint32_t *seen)
{
	const char *inside = tlv_header_tag_name(container);
	struct cursor inner;
	struct tlv_item it;

	while (tlv_item_tag(c, &it, tlv_header_tag_name)) {
		tlv_item_value(c, &it, inside);
		if (tlv_header_tag_name(it.tag))
			tlv_item_once(c, &it, seen);
		if (!may_stand(it.tag, container))
			tlv_item_fail(c, &it, ERR_FORMAT, "does not belong into %s", inside);
		if (cur_check(c))
			return;
		switch (it.tag) {
		case TAG_IV_INFO:
		case TAG_KEY_INFO:
			cur_init(&inner, it.value, c->what, c->why);
			inner.origin = cur_where(c) - it.value.len;
			read_level(f, &inner, it.tag, seen);
			c->err = inner.err;
			break;
		case TAG_IV:
			tlv_item_size(c, &it, ENC_BLOCK);
			f->iv = it.value;
			break;
		case TAG_PADDING:
			f->padding = tlv_item_be16(c, &it);
			if (!cur_check(c) && (f->padding == 0 || f->padding > ENC_BLOCK))
				tlv_item_fail(c, &it, ERR_FORMAT, "%u, must be 1 to %u", f->padding,
					ENC_BLOCK);
			break;
		case TAG_KEY_SIZE: f->key_bits = tlv_item_be16(c, &it); break;
		case TAG_KEY: f->wrapped_key = tlv_item_bytes(c, &it); break;
		default: break; /* codes with one known value each, and unknown tags */
		}
	}
}

static void check(const struct enc_file *f, struct cursor *c, uint32_t seen)
{
	static const unsigned needed[] = {TAG_IV, TAG_PADDING, TAG_KEY_SIZE, TAG_KEY};
	const struct tlv_header *h = &f->header;
	size_t i;

	for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!(seen & TLV_HAS(needed[i])))
			cur_fail(c, ERR_FORMAT, tlv_header_tag_name(needed[i]), "is missing");
	if (!cur_check(c) && f->key_bits != 8 * f->wrapped_key.len)
		cur_fail(c, ERR_FORMAT, tlv_header_tag_name(TAG_KEY),
			"%zu bytes, but KEYSIZE says %u bits", f->wrapped_key.len, f->key_bits);
	if (!h->content_hash.ptr || !h->content_digest)
		cur_fail(c, ERR_FORMAT,
			tlv_header_tag_name(h->content_hash.ptr ? TAG_DIGEST : TAG_HASH),
			"is missing");
	else if (!hash_size(h->content_digest))
		cur_fail(c, ERR_UNSUPPORTED, tlv_header_tag_name(TAG_DIGEST), "unknown code %u",
			h->content_digest);
	else if (h->content_hash.len != hash_size(h->content_digest))
		cur_fail(c, ERR_FORMAT, tlv_header_tag_name(TAG_HASH),
			"length %zu, but code %u gives %zu", h->content_hash.len, h->content_digest,
			hash_size(h->content_digest));
}

enum err enc_parse(struct enc_file *f, struct span file, struct fail *why)
{
	struct tlv_header *h = &f->header;
	uint32_t seen = 0;
	struct cursor c;
	enum err err;

	*f = (struct enc_file){.file = file};
	err = tlv_parse_header(h, file, why);
	if (err)
		return err;
	if (h->major != 2)
		return fail_at(why, ERR_UNSUPPORTED, 0,
			"header, VERSION at byte 0: %u.%u, an encrypted file has 2.x", h->major,
			h->minor);
	if (!h->encryption.ptr)
		return fail_at(why, ERR_FORMAT, h->length,
			"header, ENCRYPTIONINFO at byte %u: is missing", h->length);
	cur_init(&c, h->encryption, "header", why);
	c.origin = (size_t)(h->encryption.ptr - file.ptr);
	read_level(f, &c, TAG_ENCRYPTION, &seen);
	check(f, &c, seen);
	err = cur_check(&c);
	if (err)
		return err;
	f->ciphertext = span_of(file.ptr + h->length, file.len - h->length);
	if (f->ciphertext.len == 0 || f->ciphertext.len % ENC_BLOCK)
		return fail_at(why, ERR_FORMAT, h->length,
			"ciphertext at byte %u: %zu bytes, must be a positive multiple of %u",
			h->length, f->ciphertext.len, ENC_BLOCK);
	return ERR_OK;
}

uint16_t enc_pad(struct buf *plain)
{
	uint16_t count = (uint16_t)(ENC_BLOCK - plain->len % ENC_BLOCK);

	buf_fill(plain, PADDING_BYTE, count);
	return count;
}

static void put_be16(struct buf *out, uint8_t tag, uint16_t v)
{
	tlv_item_put(out, tag, span_of((uint8_t[]){(uint8_t)(v >> 8), (uint8_t)v}, 2));
}

/* spec: docs/formats/encrypted-file.md#header */
static void put_encryption(struct buf *out, const struct tlv_header *h, const struct enc_file *f)
{
	size_t all, part;

	buf_u8(out, TAG_ENCRYPTION);
	all = buf_reserve_be16(out);
	buf_u8(out, TAG_IV_INFO);
	part = buf_reserve_be16(out);
	tlv_item_put_u8(out, TAG_CIPHER, 0);
	tlv_item_put(out, TAG_IV, f->iv);
	put_be16(out, TAG_PADDING, f->padding);
	buf_patch_be16(out, part);
	buf_u8(out, TAG_KEY_INFO);
	part = buf_reserve_be16(out);
	tlv_item_put_u8(out, TAG_WRAPPING, 0);
	put_be16(out, TAG_KEY_SIZE, f->key_bits);
	tlv_item_put_u8(out, TAG_KEY_ALGORITHM, 1);
	tlv_item_put(out, TAG_KEY, f->wrapped_key);
	buf_patch_be16(out, part);
	buf_patch_be16(out, all);
	tlv_item_put_u8(out, TAG_DIGEST, h->content_digest);
	tlv_item_put(out, TAG_HASH, h->content_hash);
}

enum err enc_write(
	struct buf *out, const struct tlv_header *h, const struct enc_file *f, struct fail *why)
{
	struct tlv_header header = *h;
	struct buf extra;
	enum err err;

	if (f->iv.len != ENC_BLOCK || f->padding == 0 || f->padding > ENC_BLOCK ||
		!f->wrapped_key.len || f->key_bits != 8 * f->wrapped_key.len ||
		!f->ciphertext.len || f->ciphertext.len % ENC_BLOCK ||
		!hash_size(h->content_digest) ||
		h->content_hash.len != hash_size(h->content_digest))
		return fail_set(why, ERR_ARG, "encrypted file: sizes do not fit the format");
	header.major = 2;
	header.minor = 0;
	header.has_signer_version = false;
	buf_init(&extra);
	put_encryption(&extra, h, f);
	err = buf_check(&extra);
	if (!err)
		err = tlv_write_header(out, &header, buf_span(&extra), why);
	buf_fini(&extra);
	if (!err) {
		buf_put(out, f->ciphertext);
		err = buf_check(out);
	}
	return err ? fail_set(why, err, "encrypted file: %s", err_text(err)) : ERR_OK;
}
