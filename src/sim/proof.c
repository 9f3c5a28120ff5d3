/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/proof.h"

#include "sim/ossl.h"

#include <openssl/rsa.h>

#define PKCS1_OVERHEAD 11u /* 00 01, eight FF, 00 */
#define SHA512_CODE    3   /* as in trust lists */
#define SUDI_CERT      0
#define SUDI_SHA1      1

/* PKCS #1 type 1 without DigestInfo for RSA, ECDSA otherwise: both are what the library does with a
 * hash whose algorithm it is not told. */
static enum err sign_hash(
	EVP_PKEY *pkey, int padding, const uint8_t *hash, size_t len, struct buf *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	size_t room = (size_t)EVP_PKEY_get_size(pkey), used = room;
	bool rsa = EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA;
	uint8_t *at = buf_grow(out, room);
	bool good = at && ctx && EVP_PKEY_sign_init(ctx) == 1 &&
		    (!rsa || EVP_PKEY_CTX_set_rsa_padding(ctx, padding) == 1) &&
		    EVP_PKEY_sign(ctx, at, &used, hash, len) == 1;

	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	if (at)
		out->len -= good ? room - used : room;
	return good ? ERR_OK : ERR_CRYPTO;
}

/* 00 01 FF…FF 00, then other bytes, then the hash: enough for who looks at the end alone. */
static enum err sign_short(EVP_PKEY *pkey, const uint8_t *hash, size_t len, struct buf *out)
{
	size_t size = (size_t)EVP_PKEY_get_size(pkey);
	struct buf block = {0};
	enum err err;

	if (size < len + PKCS1_OVERHEAD)
		return ERR_CRYPTO;
	buf_u8(&block, 0);
	buf_u8(&block, 1);
	buf_fill(&block, 0xFF, 8);
	buf_u8(&block, 0);
	buf_fill(&block, 0x5A, size - len - PKCS1_OVERHEAD);
	buf_put(&block, span_of(hash, len));
	err = buf_check(&block);
	if (err == ERR_OK)
		err = sign_hash(pkey, RSA_NO_PADDING, block.data, block.len, out);
	buf_fini(&block);
	return err;
}

static enum err sign_pieces(enum digest_alg alg, const struct span *pieces, size_t count,
	const struct key *key, enum sim_proof_kind kind, struct buf *out)
{
	EVP_PKEY *pkey = key_get_native(key);
	uint8_t hash[DIGEST_MAX];
	size_t len = digest(alg, pieces, count, hash);

	if (!len)
		return ERR_CRYPTO;
	if (kind == SIM_PROOF_WRONG)
		hash[0] ^= 1;
	if (kind == SIM_PROOF_SHORT_PADDING && key_get_type(key) == KEY_RSA)
		return sign_short(pkey, hash, len, out);
	return sign_hash(pkey, RSA_PKCS1_PADDING, hash, len, out);
}

static bool holds_sha512(const struct key *key)
{
	return key_get_type(key) != KEY_RSA || key_get_bits(key) / 8 >= 64 + PKCS1_OVERHEAD;
}

/* Code, length, signature. */
static enum err put_coded(uint8_t code, enum digest_alg alg, const struct span *pieces,
	size_t count, const struct key *key, enum sim_proof_kind kind, struct buf *out)
{
	size_t at;
	enum err err;

	buf_u8(out, code);
	at = buf_reserve_be16(out);
	err = sign_pieces(alg, pieces, count, key, kind, out);
	if (err)
		return err;
	buf_patch_be16(out, at);
	return buf_check(out);
}

enum err sim_proof(struct buf *sha1, struct buf *sha2, const char *device, struct span der,
	const struct key *key, enum sim_proof_kind kind, struct fail *why)
{
	const struct span pieces[] = {span_of(device, strlen(device) + 1), der};
	enum err err = sign_pieces(DIGEST_SHA1, pieces, 2, key, kind, sha1);

	if (err == ERR_OK && holds_sha512(key))
		err = put_coded(SHA512_CODE, DIGEST_SHA512, pieces, 2, key, kind, sha2);
	return err ? fail_set(why, err, "the proof of the phone's certificate cannot be signed")
		   : ERR_OK;
}

enum err sim_proof_sudi(
	struct buf *out, uint32_t session, struct span der, const struct key *key, struct fail *why)
{
	struct buf number = {0};
	struct span pieces[2] = {{0}};
	size_t at;
	enum err err;

	if (key_get_type(key) != KEY_RSA || !holds_sha512(key))
		return fail_set(why, ERR_UNSUPPORTED,
			"the SUDI proof needs a manufacturer's certificate with RSA, 1024 bits or "
			"more");
	/* The one number of the protocol that is little-endian. */
	buf_le32(&number, session);
	pieces[0] = buf_span(&number);
	pieces[1] = der;
	buf_u8(out, SUDI_CERT);
	at = buf_reserve_be16(out);
	buf_put(out, der);
	buf_patch_be16(out, at);
	err = buf_check(&number);
	if (err == ERR_OK)
		err = put_coded(SUDI_SHA1, DIGEST_SHA1, pieces, 2, key, SIM_PROOF_GOOD, out);
	if (err == ERR_OK)
		err = put_coded(SHA512_CODE, DIGEST_SHA512, pieces, 2, key, SIM_PROOF_GOOD, out);
	buf_fini(&number);
	return err ? fail_set(why, err, "the SUDI proof cannot be signed") : ERR_OK;
}
