/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/pkcs12.h"

#include "crypto/ossl.h"

#include <openssl/pkcs12.h>

#define ITERATIONS                                                                                 \
	100000 /* of PBKDF2 and of the MAC: what one guess costs whoever finds the file */

/* The library looks these up by name, and at start none is entered: call managers write 3DES. */
static void enter_ciphers(void)
{
	(void)EVP_add_cipher(EVP_aes_256_cbc());
	(void)EVP_add_cipher(EVP_aes_128_cbc());
	(void)EVP_add_cipher(EVP_des_ede3_cbc());
}

static enum err put(PKCS12 *p12, struct buf *out)
{
	uint8_t *at;
	int len;

	if (!p12)
		return ERR_CRYPTO;
	len = i2d_PKCS12(p12, NULL);
	if (len <= 0)
		return ERR_CRYPTO;
	at = buf_grow(out, (size_t)len);
	if (!at)
		return buf_check(out);
	return i2d_PKCS12(p12, &at) == len ? ERR_OK : ERR_CRYPTO;
}

enum err pkcs12_write(struct buf *out, const struct key *key, const struct cert *cert,
	const char *name, const char *passphrase, struct fail *why)
{
	PKCS12 *p12;
	enum err err;

	if (strlen(passphrase) < PKCS12_PASSPHRASE_MIN)
		return fail_set(why, ERR_ARG, "a passphrase has at least %d characters",
			PKCS12_PASSPHRASE_MIN);
	enter_ciphers();
	p12 = PKCS12_create(passphrase, name, key_get_native(key), cert_get_x509(cert), NULL,
		NID_aes_256_cbc, NID_aes_256_cbc, ITERATIONS, ITERATIONS, 0);
	err = put(p12, out);
	PKCS12_free(p12);
	return err ? ossl_fail(why, err, "PKCS #12") : ERR_OK;
}

static enum err take_key(struct key **out, EVP_PKEY *pkey, struct fail *why)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pkey);
	struct buf der = {0};
	int len = info ? i2d_PKCS8_PRIV_KEY_INFO(info, NULL) : 0;
	uint8_t *at = len > 0 ? buf_grow(&der, (size_t)len) : NULL;
	enum err err = ERR_CRYPTO;

	if (at && i2d_PKCS8_PRIV_KEY_INFO(info, &at) == len)
		err = key_from_der(out, buf_span(&der), why);
	else
		ossl_fail(why, err, "PKCS #12: key");
	PKCS8_PRIV_KEY_INFO_free(info);
	buf_wipe(&der);
	return err;
}

static enum err take_cert(struct cert **out, X509 *x509, struct fail *why)
{
	struct buf der = {0};
	int len = i2d_X509(x509, NULL);
	uint8_t *at = len > 0 ? buf_grow(&der, (size_t)len) : NULL;
	enum err err = ERR_CRYPTO;

	if (at && i2d_X509(x509, &at) == len)
		err = cert_from_der(out, buf_span(&der), why);
	else
		ossl_fail(why, err, "PKCS #12: certificate");
	buf_fini(&der);
	return err;
}

enum err pkcs12_read(struct key **key, struct cert **cert, struct span der, const char *passphrase,
	struct fail *why)
{
	const unsigned char *at = der.ptr;
	PKCS12 *p12 = der.len <= PKCS12_SIZE_MAX ? d2i_PKCS12(NULL, &at, (long)der.len) : NULL;
	EVP_PKEY *pkey = NULL;
	X509 *x509 = NULL;
	enum err err = ERR_OK;

	*key = NULL;
	*cert = NULL;
	if (!p12)
		return ossl_fail(why, ERR_FORMAT, "not a PKCS #12 file");
	enter_ciphers();
	if (PKCS12_verify_mac(p12, passphrase, -1) != 1)
		err = ossl_fail(why, ERR_PIN, "PKCS #12: wrong passphrase, or a damaged file");
	else if (PKCS12_parse(p12, passphrase, &pkey, &x509, NULL) != 1)
		err = ossl_fail(why, ERR_FORMAT, "PKCS #12: cannot be read");
	else if (!pkey || !x509)
		err = fail_set(why, ERR_NOTFOUND, "PKCS #12: no key with its certificate inside");
	if (!err)
		err = take_key(key, pkey, why);
	if (!err)
		err = take_cert(cert, x509, why);
	if (err) {
		key_free(*key);
		cert_free(*cert);
		*key = NULL;
		*cert = NULL;
	}
	EVP_PKEY_free(pkey);
	X509_free(x509);
	PKCS12_free(p12);
	return err;
}
