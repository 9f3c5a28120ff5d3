/* SPDX-License-Identifier: BSD-2-Clause
 * Callbacks over a private key in a PEM file. libcadeado never sees it; a token or a signing server
 * would be asked in the same two places. */
#ifndef EXAMPLES_PEMKEY_H
#define EXAMPLES_PEMKEY_H

#include <cadeado/cadeado.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* NULL when there is none, which is said. */
static inline EVP_PKEY *load_key(const char *path)
{
	FILE *f = fopen(path, "r");
	EVP_PKEY *key = f ? PEM_read_PrivateKey(f, NULL, NULL, NULL) : NULL;

	if (f)
		fclose(f);
	if (!key)
		fprintf(stderr, "%s: no private key in PEM\n", path);
	return key;
}

/* A cad_sign_fn; ctx is the EVP_PKEY. */
static inline int sign_with_key(void *ctx, enum cad_digest digest, const struct cad_span *pieces,
	size_t count, uint8_t *signature, size_t size)
{
	const EVP_MD *md = digest == CAD_SHA1     ? EVP_sha1()
			   : digest == CAD_SHA256 ? EVP_sha256()
						  : EVP_sha512();
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	size_t i, len = size;
	int good = c && (size_t)EVP_PKEY_get_size(ctx) == size &&
		   EVP_DigestSignInit(c, NULL, md, NULL, ctx) == 1;

	for (i = 0; i < count && good; i++)
		good = EVP_DigestSignUpdate(c, pieces[i].ptr, pieces[i].len) == 1;
	good = good && EVP_DigestSignFinal(c, signature, &len) == 1 && len == size;
	EVP_MD_CTX_free(c);
	return good ? CAD_OK : CAD_ERR_CRYPTO;
}

/* A cad_unwrap_fn; ctx is the EVP_PKEY. Files at hand may answer with an error; a server that
 * strangers can ask should go on with random bytes instead. */
static inline int unwrap_with_key(void *ctx, struct cad_span sealed, uint8_t key[CAD_AES_KEY])
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new((EVP_PKEY *)ctx, NULL);
	uint8_t plain[1024];
	size_t len = sizeof(plain);
	int good = c && EVP_PKEY_decrypt_init(c) == 1 &&
		   EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) == 1 &&
		   EVP_PKEY_decrypt(c, plain, &len, sealed.ptr, sealed.len) == 1 &&
		   len == CAD_AES_KEY;

	if (good)
		memcpy(key, plain, CAD_AES_KEY);
	OPENSSL_cleanse(plain, sizeof(plain));
	EVP_PKEY_CTX_free(c);
	return good ? CAD_OK : CAD_ERR_CRYPTO;
}

#endif
