/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/list/signed.h"

enum err signed_header(struct tlv_header *h, const struct cert *signer, enum digest_alg digest,
	const char *filename, uint32_t timestamp, struct fail *why)
{
	int modulus = cert_key_is_rsa(signer) ? tlv_modulus_code(cert_key_bits(signer)) : -1;

	if (modulus < 0)
		return fail_set(why, ERR_UNSUPPORTED,
			"%s has a key of %u bits%s: phones know RSA signatures of 512, 1024, 2048 "
			"and 4096 bits only",
			cert_subject(signer), cert_key_bits(signer),
			cert_key_is_rsa(signer) ? "" : " that is not RSA");
	if (digest < DIGEST_SHA1 || digest > DIGEST_SHA512)
		return fail_set(why, ERR_UNSUPPORTED, "digest %d has no code in a header", digest);
	*h = (struct tlv_header){
		.major = 1,
		.minor = 2,
		.signer_name = span_str(cert_subject(signer)),
		.serial = cert_serial(signer),
		.issuer_name = span_str(cert_issuer(signer)),
		.digest = (uint8_t)digest,
		.modulus = (uint8_t)modulus,
		.filename = span_str(filename),
		.has_timestamp = true,
		.timestamp = timestamp,
	};
	return ERR_OK;
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

enum err signed_prepare(struct buf *file, struct span content, const char *filename,
	const struct cert *signer, enum digest_alg digest, uint32_t timestamp,
	struct span pieces[2], struct fail *why)
{
	struct tlv_header h;
	enum err err = signed_header(&h, signer, digest, filename, timestamp, why);

	if (!err)
		err = sgn_write(file, &h, content, why);
	return err ? err : pieces_of(file, pieces, why);
}

enum err signed_prepare_encrypted(struct buf *file, const struct enc_file *f,
	struct span content_hash, const char *filename, const struct cert *signer,
	enum digest_alg digest, uint32_t timestamp, struct span pieces[2], struct fail *why)
{
	struct tlv_header h;
	enum err err = signed_header(&h, signer, digest, filename, timestamp, why);

	if (err)
		return err;
	h.content_digest = (uint8_t)digest;
	h.content_hash = content_hash;
	err = enc_write(file, &h, f, why);
	return err ? err : pieces_of(file, pieces, why);
}

enum err signed_verify(
	struct span file, const struct tlv_header *h, const struct tlv_list *list, struct fail *why)
{
	return list_check_signer(file, h, list, LIST_MAY_SIGN_FILES, NULL, why);
}
