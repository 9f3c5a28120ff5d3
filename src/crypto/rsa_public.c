/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/rsa_public.h"

#include "crypto/ossl.h"

#define INTEGER    0x02
#define BIT_STRING 0x03
#define OID        0x06
#define SEQUENCE   0x30
#define VERSION    0xA0

/* Cuts the first element off *in: its tag and content. Lengths of up to two bytes: a certificate
 * has 16 KiB at most. */
static bool cut(struct span *in, uint8_t *tag, struct span *content)
{
	size_t at = 2, len;

	if (in->len < 2)
		return false;
	len = in->ptr[1];
	if (len > 0x82 || len == 0x80)
		return false;
	if (len > 0x80) {
		at += len - 0x80;
		if (in->len < at)
			return false;
		len = at == 3 ? in->ptr[2] : (size_t)in->ptr[2] << 8 | in->ptr[3];
	}
	if (in->len - at < len)
		return false;
	*tag = in->ptr[0];
	*content = span_of(in->ptr + at, len);
	*in = span_of(in->ptr + at + len, in->len - at - len);
	return true;
}

static bool take(struct span *in, uint8_t want, struct span *content)
{
	uint8_t tag;

	return cut(in, &tag, content) && tag == want;
}

bool rsa_public_find(struct span cert_der, struct span *key)
{
	static const uint8_t rsa[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01};
	struct span cert, body, skipped, info, algorithm, oid, bits;
	uint8_t tag;
	int i;

	if (!take(&cert_der, SEQUENCE, &cert) || !take(&cert, SEQUENCE, &body) ||
		!cut(&body, &tag, &skipped))
		return false;
	if (tag == VERSION && !cut(&body, &tag, &skipped))
		return false;
	/* That was the serial number; algorithm, issuer, validity and subject follow. */
	for (i = 0; i < 4; i++)
		if (!take(&body, SEQUENCE, &skipped))
			return false;
	if (tag != INTEGER || !take(&body, SEQUENCE, &info) || !take(&info, SEQUENCE, &algorithm) ||
		!take(&algorithm, OID, &oid) || !span_eq(oid, span_of(rsa, sizeof(rsa))) ||
		!take(&info, BIT_STRING, &bits) || bits.len < 2 || bits.ptr[0] != 0)
		return false;
	*key = span_of(bits.ptr + 1, bits.len - 1);
	return rsa_public_bits(*key) != 0;
}

unsigned rsa_public_bits(struct span key)
{
	struct span pair, modulus;
	unsigned bits;

	if (!take(&key, SEQUENCE, &pair) || !take(&pair, INTEGER, &modulus))
		return 0;
	while (modulus.len && !modulus.ptr[0])
		modulus = span_of(modulus.ptr + 1, modulus.len - 1);
	if (!modulus.len)
		return 0;
	for (bits = 8; !(modulus.ptr[0] >> (bits - 1)); bits--)
		;
	return bits + 8 * (unsigned)(modulus.len - 1);
}

enum err rsa_public_encrypt(
	struct span key, struct span plain, struct buf *sealed, struct fail *why)
{
	size_t len = (rsa_public_bits(key) + 7) / 8, start = sealed->len;
	EVP_PKEY *native = len ? ossl_rsa_from_list(key) : NULL;
	EVP_PKEY_CTX *ctx = native ? EVP_PKEY_CTX_new_from_pkey(NULL, native, NULL) : NULL;
	uint8_t *at = len ? buf_grow(sealed, len) : NULL;
	enum err err = buf_check(sealed) ? ERR_NOMEM : ERR_CRYPTO;

	if (at && ctx && EVP_PKEY_encrypt_init(ctx) == 1 &&
		EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
		EVP_PKEY_encrypt(ctx, at, &len, plain.ptr, plain.len) == 1)
		err = ERR_OK;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(native);
	if (!err)
		return ERR_OK;
	sealed->len = start;
	return ossl_fail(why, err, "encrypting to an RSA key");
}
