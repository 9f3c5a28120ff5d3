/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/config.h"

#include "base/mem.h"
#include "sim/ossl.h"
#include "wire/enc/enc.h"
#include "wire/sgn/sgn.h"

#define AES_KEY 16u

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), tail = strlen(end);

	return len >= tail && strcmp(name + len - tail, end) == 0;
}

/* AES-128-CBC without PKCS #7: the format has padding of its own. */
static enum err decrypt_content(
	const uint8_t key[AES_KEY], const struct enc_file *f, struct buf *plain)
{
	EVP_CIPHER_CTX *ctx = NULL;
	uint8_t *out;
	int len = 0, last = 0;
	enum err err = ERR_CRYPTO;

	if (f->iv.len != ENC_BLOCK || f->ciphertext.len > INT32_MAX)
		return ERR_CRYPTO;
	ctx = EVP_CIPHER_CTX_new();
	out = buf_grow(plain, f->ciphertext.len);
	if (ctx && out && EVP_DecryptInit_ex(ctx, EVP_aes_128_cbc(), NULL, key, f->iv.ptr) == 1 &&
		EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
		EVP_DecryptUpdate(ctx, out, &len, f->ciphertext.ptr, (int)f->ciphertext.len) == 1 &&
		EVP_DecryptFinal_ex(ctx, out + len, &last) == 1 &&
		(size_t)(len + last) == f->ciphertext.len)
		err = ERR_OK;
	EVP_CIPHER_CTX_free(ctx);
	ERR_clear_error();
	return err;
}

static enum err decrypt(
	const struct enc_file *f, const struct key *key, struct buf *xml, struct fail *why)
{
	struct buf secret = {0};
	uint8_t hash[DIGEST_MAX];
	size_t len = 0;
	enum err err = ERR_CRYPTO;

	if (!key || key_get_type(key) != KEY_RSA || f->key_bits != key_get_bits(key))
		return fail_set(why, ERR_CRYPTO, "the file is encrypted for another key");
	err = key_decrypt(key, f->wrapped_key, AES_KEY, &secret);
	if (err == ERR_OK)
		err = secret.len == AES_KEY ? decrypt_content(secret.data, f, xml) : ERR_CRYPTO;
	if (err == ERR_OK && (f->padding < 1 || f->padding > ENC_BLOCK || f->padding > xml->len))
		err = ERR_CRYPTO;
	if (err == ERR_OK) {
		mem_wipe(xml->data + xml->len - f->padding, f->padding);
		xml->len -= f->padding;
		if (f->header.content_digest >= TLV_SHA1 && f->header.content_digest <= TLV_SHA512)
			len = digest_one(
				(enum digest_alg)f->header.content_digest, buf_span(xml), hash);
		if (len == 0 || !span_eq(span_of(hash, len), f->header.content_hash))
			err = ERR_CRYPTO;
	}
	buf_wipe(&secret);
	return err ? fail_set(why, err, "the content does not decrypt with the phone's key")
		   : ERR_OK;
}

static enum err check_signer(const struct sim_judge *judge, const struct sim_held *held,
	struct span vouched, const struct tlv_header *h, struct span file, const char *name,
	struct fail *why)
{
	if (!vouched.len)
		return sim_trust_file(judge, held, h, file, name, why);
	if (!span_eq(h->filename, span_str(name)))
		return fail_set(why, ERR_TRUST, "signed for another name than %s", name);
	return sim_trust_vouched(judge, h, file, vouched, why);
}

static enum err open_encrypted(const struct sim_judge *judge, const struct sim_held *held,
	struct span vouched, const struct key *key, const char *name, struct span file,
	struct buf *xml, unsigned *header_length, struct fail *why)
{
	struct enc_file f;
	enum err err = enc_parse(&f, file, why);

	if (err == ERR_OK)
		err = check_signer(judge, held, vouched, &f.header, file, name, why);
	if (err)
		return err;
	*header_length = f.header.length;
	return decrypt(&f, key, xml, why);
}

static enum err open_signed(const struct sim_judge *judge, const struct sim_held *held,
	struct span vouched, const char *name, struct span file, struct buf *xml,
	unsigned *header_length, struct fail *why)
{
	struct sgn_file f;
	enum err err = sgn_parse(&f, file, why);

	if (err == ERR_OK)
		err = check_signer(judge, held, vouched, &f.header, file, name, why);
	if (err)
		return err;
	*header_length = f.header.length;
	buf_put(xml, f.content);
	return buf_check(xml);
}

enum err sim_config_open(const struct sim_judge *judge, const struct sim_held *held,
	struct span vouched, const struct key *key, const char *name, struct span file,
	struct buf *xml, struct cnfxml *config, unsigned *header_length, struct fail *why)
{
	enum err err;

	*header_length = 0;
	if (ends_with(name, ".enc.sgn")) {
		err = open_encrypted(
			judge, held, vouched, key, name, file, xml, header_length, why);
	} else if (ends_with(name, ".sgn")) {
		err = open_signed(judge, held, vouched, name, file, xml, header_length, why);
	} else {
		buf_put(xml, file);
		err = buf_check(xml);
	}
	return err ? err : cnfxml_parse(config, buf_span(xml), why);
}
