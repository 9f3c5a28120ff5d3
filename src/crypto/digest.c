/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/digest.h"
#include "crypto/ossl.h"

#include <openssl/rand.h>

const EVP_MD *ossl_digest(enum digest_alg alg)
{
	switch (alg) {
	case DIGEST_SHA1: return EVP_sha1();
	case DIGEST_SHA256: return EVP_sha256();
	case DIGEST_SHA512: return EVP_sha512();
	case DIGEST_MD5: return EVP_md5();
	}
	return NULL;
}

enum err ossl_fail(struct fail *why, enum err code, const char *doing)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	if (reason)
		fail_set(why, code, "%s: %s", doing, reason);
	else
		fail_set(why, code, "%s", doing);
	ERR_clear_error();
	return code;
}

int ossl_no_password(char *out, int size, int writing, void *ctx)
{
	return -1;
}

size_t digest(enum digest_alg alg, const struct span *pieces, size_t count, uint8_t out[DIGEST_MAX])
{
	const EVP_MD *md = ossl_digest(alg);
	EVP_MD_CTX *ctx;
	unsigned len = 0;
	size_t i;
	int good;

	if (!md)
		return 0;
	ctx = EVP_MD_CTX_new();
	good = ctx && EVP_DigestInit_ex(ctx, md, NULL) == 1;
	for (i = 0; i < count && good; i++)
		good = EVP_DigestUpdate(ctx, pieces[i].ptr, pieces[i].len) == 1;
	if (good)
		good = EVP_DigestFinal_ex(ctx, out, &len) == 1;
	EVP_MD_CTX_free(ctx);
	if (!good)
		ERR_clear_error();
	return good ? len : 0;
}

const char *digest_word(unsigned code)
{
	switch (code) {
	case DIGEST_SHA1: return "SHA-1";
	case DIGEST_SHA256: return "SHA-256";
	case DIGEST_SHA512: return "SHA-512";
	default: return NULL;
	}
}

size_t digest_one(enum digest_alg alg, struct span bytes, uint8_t out[DIGEST_MAX])
{
	return digest(alg, &bytes, 1, out);
}

void digest_hex(enum digest_alg alg, struct span bytes, char out[2 * DIGEST_MAX + 1])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t sum[DIGEST_MAX];
	size_t i, len = digest_one(alg, bytes, sum);

	for (i = 0; i < len; i++) {
		out[2 * i] = digits[sum[i] >> 4];
		out[2 * i + 1] = digits[sum[i] & 0x0F];
	}
	out[2 * len] = '\0';
}

enum err random_bytes(void *out, size_t len)
{
	uint8_t *at = out;
	size_t step;

	for (; len; at += step, len -= step) {
		step = len < 65536 ? len : 65536;
		if (RAND_bytes(at, (int)step) != 1) {
			ERR_clear_error();
			return ERR_CRYPTO;
		}
	}
	return ERR_OK;
}
