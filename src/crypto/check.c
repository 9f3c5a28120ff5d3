/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/ossl.h"
#include "crypto/rsa_public.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#define POINT_UNCOMPRESSED 4
#define AES_BLOCK          16u

enum err ossl_verify(EVP_PKEY *key, enum digest_alg alg, const struct span *pieces, size_t count,
	struct span signature)
{
	const EVP_MD *md = ossl_digest(alg);
	EVP_MD_CTX *ctx;
	size_t i;
	int good;

	if (!md)
		return ERR_UNSUPPORTED;
	ctx = EVP_MD_CTX_new();
	if (!ctx)
		return ERR_NOMEM;
	good = EVP_DigestVerifyInit(ctx, NULL, md, NULL, key);
	for (i = 0; i < count && good == 1; i++)
		good = EVP_DigestVerifyUpdate(ctx, pieces[i].ptr, pieces[i].len);
	if (good == 1)
		good = EVP_DigestVerifyFinal(ctx, signature.ptr, signature.len);
	EVP_MD_CTX_free(ctx);
	if (good == 1)
		return ERR_OK;
	ERR_clear_error();
	return ERR_VERIFY;
}

enum err cert_check_signature(const struct cert *c, enum digest_alg alg, const struct span *pieces,
	size_t count, struct span signature)
{
	EVP_PKEY *key = X509_get0_pubkey(cert_get_x509(c));

	if (key)
		return ossl_verify(key, alg, pieces, count, signature);
	ERR_clear_error();
	return ERR_NOMEM;
}

enum err cert_check_bare_signature(const struct cert *c, enum digest_alg alg,
	const struct span *pieces, size_t count, struct span signature)
{
	EVP_PKEY *key = X509_get0_pubkey(cert_get_x509(c));
	EVP_PKEY_CTX *ctx = key ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
	uint8_t sum[DIGEST_MAX];
	size_t len = digest(alg, pieces, count, sum);
	bool good = false;

	if (!len)
		return ERR_UNSUPPORTED;
	if (!ctx) {
		ERR_clear_error();
		return ERR_NOMEM;
	}
	/* Without a digest's name the library compares the block's whole content with the sum. */
	if (EVP_PKEY_verify_init(ctx) == 1 &&
		(!cert_key_is_rsa(c) ||
			(signature.len == (cert_key_bits(c) + 7) / 8 &&
				EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1)))
		good = EVP_PKEY_verify(ctx, signature.ptr, signature.len, sum, len) == 1;
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return good ? ERR_OK : ERR_VERIFY;
}

EVP_PKEY *ossl_rsa_from_list(struct span der)
{
	const unsigned char *at = der.ptr;
	EVP_PKEY *key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, (long)der.len);

	if (key && at != der.ptr + der.len) {
		EVP_PKEY_free(key);
		return NULL;
	}
	return key;
}

static EVP_PKEY *ec_from_list(struct span point)
{
	const char *group = point.len == 65 ? "P-256" : point.len == 97 ? "P-384" : "P-521";
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (build &&
		OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, group, 0) == 1 &&
		OSSL_PARAM_BLD_push_octet_string(
			build, OSSL_PKEY_PARAM_PUB_KEY, point.ptr, point.len) == 1)
		params = OSSL_PARAM_BLD_to_param(build);
	if (ctx && params && EVP_PKEY_fromdata_init(ctx) == 1 &&
		EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

enum err list_key_check_signature(struct span list_key, enum digest_alg alg,
	const struct span *pieces, size_t count, struct span signature)
{
	EVP_PKEY *key = NULL;
	enum err err;

	if ((list_key.len == 65 || list_key.len == 97 || list_key.len == 133) &&
		list_key.ptr[0] == POINT_UNCOMPRESSED)
		key = ec_from_list(list_key);
	else if (list_key.len && list_key.len <= CERT_SIZE_MAX)
		key = ossl_rsa_from_list(list_key);
	if (!key) {
		ERR_clear_error();
		return ERR_VERIFY;
	}
	err = ossl_verify(key, alg, pieces, count, signature);
	EVP_PKEY_free(key);
	return err;
}

enum err cert_check_signed_by(const struct cert *c, const struct cert *issuer, struct fail *why)
{
	X509 *x509 = cert_get_x509(c), *by = cert_get_x509(issuer);

	if (!x509 || !by)
		return ossl_fail(why, ERR_NOMEM, "certificate");
	if (X509_NAME_cmp(X509_get_issuer_name(x509), X509_get_subject_name(by)) != 0)
		return fail_set(why, ERR_VERIFY, "certificate %.80s: issued by %.60s, not by %.60s",
			cert_subject(c), cert_issuer(c), cert_subject(issuer));
	if (X509_verify(x509, X509_get0_pubkey(by)) != 1) {
		ERR_clear_error();
		return fail_set(why, ERR_VERIFY,
			"certificate %.80s: not signed with the key of %.80s", cert_subject(c),
			cert_subject(issuer));
	}
	return ERR_OK;
}

enum err cert_encrypt_to(
	const struct cert *c, struct span plain, struct buf *sealed, struct fail *why)
{
	if (!cert_key_is_rsa(c))
		return fail_set(why, ERR_UNSUPPORTED,
			"certificate %.80s: an EC key cannot be encrypted to", cert_subject(c));
	return rsa_public_encrypt(cert_list_key(c), plain, sealed, why);
}

enum err aes128_cbc(
	bool encrypt, const uint8_t key[16], const uint8_t iv[16], struct span in, struct buf *out)
{
	EVP_CIPHER_CTX *ctx;
	int len = 0, last = 0;
	uint8_t *at;
	bool good;

	if (in.len % AES_BLOCK || in.len > INT32_MAX - AES_BLOCK)
		return ERR_ARG;
	if (!in.len)
		return buf_check(out);
	at = buf_grow(out, in.len);
	if (!at)
		return buf_check(out);
	ctx = EVP_CIPHER_CTX_new();
	good = ctx && EVP_CipherInit_ex(ctx, EVP_aes_128_cbc(), NULL, key, iv, encrypt) == 1 &&
	       EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
	       EVP_CipherUpdate(ctx, at, &len, in.ptr, (int)in.len) == 1 &&
	       EVP_CipherFinal_ex(ctx, at + len, &last) == 1 && (size_t)len == in.len;
	EVP_CIPHER_CTX_free(ctx);
	if (good)
		return ERR_OK;
	out->len -= in.len;
	ERR_clear_error();
	return ERR_CRYPTO;
}
