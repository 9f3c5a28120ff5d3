/* SPDX-License-Identifier: BSD-2-Clause */
#include "files.h"

#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_LIMIT (64u * 1024)

static void end(const char *name, const char *text)
{
	fprintf(stderr, "%s: %s\n", name, text);
	exit(1);
}

struct cad_span load(const char *name)
{
	const char *tests = getenv("CADEADO_TESTS");
	struct cad_span all = {NULL, 0};
	uint8_t *bytes = malloc(FILE_LIMIT);
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/data/%s", tests ? tests : "tests", name);
	f = fopen(path, "rb");
	if (!f || !bytes)
		end(path, "cannot be read");
	all.ptr = bytes;
	all.len = fread(bytes, 1, FILE_LIMIT, f);
	fclose(f);
	return all;
}

void unload(struct cad_span bytes)
{
	free((void *)(uintptr_t)bytes.ptr);
}

struct cad_list *load_list(const char *name)
{
	struct cad_span file = load(name);
	struct cad_list *list = NULL;
	struct cad_error e;

	if (cad_list_parse(&list, file.ptr, file.len, &e) != CAD_OK)
		end(name, e.text);
	unload(file);
	return list;
}

struct cad_cert *load_cert(const char *name)
{
	struct cad_span file = load(name);
	struct cad_cert *cert = NULL;
	struct cad_error e;

	if (cad_cert_parse(&cert, file.ptr, file.len, &e) != CAD_OK)
		end(name, e.text);
	unload(file);
	return cert;
}

EVP_PKEY *load_key(const char *name)
{
	struct cad_span file = load(name);
	const unsigned char *at = file.ptr;
	EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &at, (long)file.len);

	if (!key)
		end(name, "no private key");
	unload(file);
	return key;
}

int sign_with(void *key, enum cad_digest digest, const struct cad_span *pieces, size_t count,
	uint8_t *signature, size_t size)
{
	const EVP_MD *md = digest == CAD_SHA1     ? EVP_sha1()
			   : digest == CAD_SHA256 ? EVP_sha256()
						  : EVP_sha512();
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	size_t i, len = size;
	int good = EVP_DigestSignInit(c, NULL, md, NULL, key) == 1;

	for (i = 0; i < count && good; i++)
		good = EVP_DigestSignUpdate(c, pieces[i].ptr, pieces[i].len) == 1;
	good = good && EVP_DigestSignFinal(c, signature, &len) == 1 && len == size;
	EVP_MD_CTX_free(c);
	return good ? CAD_OK : CAD_ERR_CRYPTO;
}

int unwrap_with(void *key, struct cad_span sealed, uint8_t aes[CAD_AES_KEY])
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);
	uint8_t plain[512];
	size_t len = sizeof(plain);
	int good = EVP_PKEY_decrypt_init(c) == 1 &&
		   EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) == 1 &&
		   EVP_PKEY_decrypt(c, plain, &len, sealed.ptr, sealed.len) == 1 &&
		   len == CAD_AES_KEY;

	if (good)
		memcpy(aes, plain, CAD_AES_KEY);
	EVP_PKEY_CTX_free(c);
	return good ? CAD_OK : CAD_ERR_CRYPTO;
}
