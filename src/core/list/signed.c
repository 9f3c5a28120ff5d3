/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/list/signed.h"
#include "base/mem.h"
#include "crypto/rsa_public.h"

#define SIGNED_AROUND 30u /* bytes that PKCS #1 v1.5 puts around a SHA-256 or SHA-512 */

void signed_names_fini(struct signed_names *names)
{
	buf_fini(&names->subject);
	buf_fini(&names->issuer);
}

static enum err put_names(struct tlv_header *h, const struct signed_as *as,
	struct signed_names *names, struct fail *why)
{
	enum err err;

	h->signer_name = span_str(cert_subject(as->signer));
	h->issuer_name = span_str(cert_issuer(as->signer));
	h->serial_last = as->compat;
	if (!as->compat)
		return ERR_OK;
	err = cert_names_rfc4514(as->signer, &names->subject, &names->issuer, why);
	h->signer_name = buf_span(&names->subject);
	h->issuer_name = buf_span(&names->issuer);
	return err;
}

enum err signed_header(struct tlv_header *h, const struct signed_as *as, struct signed_names *names,
	struct fail *why)
{
	const struct cert *signer = as->signer;
	int modulus = cert_key_is_rsa(signer) ? tlv_modulus_code(cert_key_bits(signer)) : -1;

	if (modulus < 0)
		return fail_set(why, ERR_UNSUPPORTED,
			"%s has a key of %u bits%s: phones know RSA signatures of 512, 1024, 2048 "
			"and 4096 bits only",
			cert_subject(signer), cert_key_bits(signer),
			cert_key_is_rsa(signer) ? "" : " that is not RSA");
	if (as->digest < DIGEST_SHA1 || as->digest > DIGEST_SHA512)
		return fail_set(
			why, ERR_UNSUPPORTED, "digest %d has no code in a header", as->digest);
	if (as->digest == DIGEST_SHA512 && cert_key_bits(signer) / 8 < DIGEST_MAX + SIGNED_AROUND)
		return fail_set(why, ERR_UNSUPPORTED,
			"%s: a key of %u bits is too short for SHA-512", cert_subject(signer),
			cert_key_bits(signer));
	*h = (struct tlv_header){
		.major = 1,
		.minor = 2,
		.serial = cert_serial(signer),
		.digest = (uint8_t)as->digest,
		.modulus = (uint8_t)modulus,
		.filename = span_str(as->filename),
		.has_timestamp = true,
		.timestamp = as->timestamp,
	};
	return put_names(h, as, names, why);
}

/* The header once more as it was written: what is signed leaves the signature's place out. */
static enum err pieces_of(struct buf *file, struct span pieces[2], struct fail *why)
{
	struct tlv_header h;
	enum err err = tlv_parse_header(&h, buf_span(file), why);

	if (!err)
		tlv_signed_pieces(buf_span(file), &h, pieces);
	return err;
}

enum err signed_prepare(struct buf *file, struct span content, const struct signed_as *as,
	struct span pieces[2], struct fail *why)
{
	struct signed_names names = {0};
	struct tlv_header h;
	enum err err = signed_header(&h, as, &names, why);

	if (!err)
		err = sgn_write(file, &h, content, why);
	signed_names_fini(&names);
	return err ? err : pieces_of(file, pieces, why);
}

/* `f` as for enc_write; `content_hash` over the plain text by as->digest. */
static enum err prepare_encrypted(struct buf *file, const struct enc_file *f,
	struct span content_hash, const struct signed_as *as, struct span pieces[2],
	struct fail *why)
{
	struct signed_names names = {0};
	struct tlv_header h;
	enum err err = signed_header(&h, as, &names, why);

	if (!err) {
		h.content_digest = (uint8_t)as->digest;
		h.content_hash = content_hash;
		err = enc_write(file, &h, f, why);
	}
	signed_names_fini(&names);
	return err ? err : pieces_of(file, pieces, why);
}

enum err signed_encrypt_to(struct buf *file, struct buf *plain, struct span phone,
	const struct signed_as *as, struct span pieces[2], struct fail *why)
{
	uint8_t key[SIGNED_AES_KEY], iv[ENC_BLOCK], hash[DIGEST_MAX];
	struct buf ciphertext = {0}, wrapped = {0};
	struct enc_file f = {
		.iv = span_of(iv, sizeof(iv)), .key_bits = (uint16_t)rsa_public_bits(phone)};
	struct span content_hash;
	enum err err;

	content_hash = span_of(hash, digest_one(as->digest, buf_span(plain), hash));
	f.padding = enc_pad(plain);
	err = buf_check(plain);
	if (!err)
		err = random_bytes(key, sizeof(key));
	if (!err)
		err = random_bytes(iv, sizeof(iv));
	if (!err)
		err = rsa_public_encrypt(phone, span_of(key, sizeof(key)), &wrapped, why);
	if (!err)
		err = aes128_cbc(true, key, iv, buf_span(plain), &ciphertext);
	f.ciphertext = buf_span(&ciphertext);
	f.wrapped_key = buf_span(&wrapped);
	if (!err)
		err = prepare_encrypted(file, &f, content_hash, as, pieces, why);
	mem_wipe(key, sizeof(key));
	buf_fini(&ciphertext);
	buf_fini(&wrapped);
	return err ? fail_set(why, err, "%s: %s", as->filename, err_text(err)) : ERR_OK;
}

enum err signed_encrypt(struct buf *file, struct buf *plain, const struct cert *phone,
	const struct signed_as *as, struct span pieces[2], struct fail *why)
{
	if (!cert_key_is_rsa(phone))
		return fail_set(why, ERR_UNSUPPORTED,
			"certificate %.80s: an EC key cannot be encrypted to", cert_subject(phone));
	return signed_encrypt_to(file, plain, cert_list_key(phone), as, pieces, why);
}

enum err signed_decrypt(const struct enc_file *f, const uint8_t key[SIGNED_AES_KEY],
	struct buf *plain, struct fail *why)
{
	const struct tlv_header *h = &f->header;
	uint8_t hash[DIGEST_MAX];
	size_t len = 0;
	enum err err = aes128_cbc(false, key, f->iv.ptr, f->ciphertext, plain);

	if (!err) {
		plain->len -= f->padding;
		/* The digest codes of a header are those of enum digest_alg. */
		len = digest_one((enum digest_alg)h->content_digest, buf_span(plain), hash);
		err = len ? ERR_OK : ERR_CRYPTO;
	}
	if (!err && !span_eq(span_of(hash, len), h->content_hash))
		err = fail_at(why, ERR_VERIFY, h->length,
			"the plain text of the ciphertext at byte %u has another digest than the "
			"header says: another phone's key, or a damaged file",
			h->length);
	if (err)
		buf_wipe(plain);
	return err ? fail_set(why, err, "%s", err_text(err)) : ERR_OK;
}

enum err signed_finish(
	struct buf *file, const struct cert *signer, struct span signature, struct fail *why)
{
	struct span pieces[2];
	struct tlv_header h;
	enum err err = tlv_set_signature(file, signature, why);

	if (!err)
		err = tlv_parse_header(&h, buf_span(file), why);
	if (err)
		return err;
	tlv_signed_pieces(buf_span(file), &h, pieces);
	err = cert_check_signature(signer, (enum digest_alg)h.digest, pieces, 2, h.signature);
	return err == ERR_VERIFY ? fail_set(why, err, "the key is not that of the certificate %s",
					   cert_subject(signer))
	       : err             ? fail_set(why, err, "%s", err_text(err))
				 : ERR_OK;
}

bool signed_already(struct span file)
{
	static const uint8_t version[] = {1, 0, 2}, length[] = {2, 0, 2};

	/* The two items that every header begins with, whatever is wrong with the rest. */
	return file.len >= 10 && memcmp(file.ptr, version, 3) == 0 &&
	       memcmp(file.ptr + 5, length, 3) == 0;
}

enum err signed_verify(
	struct span file, const struct tlv_header *h, const struct tlv_list *list, struct fail *why)
{
	return list_check_signer(file, h, list, LIST_MAY_SIGN_FILES, NULL, why);
}
