/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/file.h"
#include "base/mem.h"
#include "crypto/ossl.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <time.h>

/* A PEM file may hold a chain and the text that tools print before it. */
#define CERT_FILE_MAX (16 * CERT_SIZE_MAX)

struct cert {
	X509 *x509;
	char *subject, *issuer, *common_name;
	struct buf der, serial, list_key, spki;
	struct span signature;
	int64_t not_before, not_after;
	unsigned key_bits;
	bool key_is_rsa, is_ca;
	char md5_hex[2 * DIGEST_MAX + 1];
};

static enum err read_times(struct cert *c, struct fail *why)
{
	struct tm tm = {0};

	if (ASN1_TIME_to_tm(X509_get0_notBefore(c->x509), &tm) != 1)
		return ossl_fail(why, ERR_FORMAT, "certificate: start of validity");
	c->not_before = timegm(&tm);
	if (ASN1_TIME_to_tm(X509_get0_notAfter(c->x509), &tm) != 1)
		return ossl_fail(why, ERR_FORMAT, "certificate: end of validity");
	c->not_after = timegm(&tm);
	return ERR_OK;
}

static enum err read_serial(struct cert *c, struct fail *why)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(c->x509);
	const uint8_t *data = ASN1_STRING_get0_data(serial);
	size_t len = (size_t)ASN1_STRING_length(serial);

	if (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER)
		return fail_set(why, ERR_FORMAT, "certificate: negative serial number");
	while (len > 1 && data[0] == 0) {
		data++;
		len--;
	}
	buf_put(&c->serial, span_of(data, len));
	return buf_check(&c->serial);
}

static size_t point_half(const EVP_PKEY *key)
{
	char group[32];

	if (EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1)
		return 0;
	if (!strcmp(group, "prime256v1"))
		return 32;
	if (!strcmp(group, "secp384r1"))
		return 48;
	return strcmp(group, "secp521r1") ? 0 : 66;
}

/* The certificate may hold the point compressed; a trust list wants 04, X, Y. */
static enum err read_point(struct cert *c, const EVP_PKEY *key, struct fail *why)
{
	size_t half = point_half(key);
	BIGNUM *x = NULL, *y = NULL;
	enum err err = ERR_OK;
	uint8_t *at;

	if (!half) {
		ERR_clear_error();
		return fail_set(why, ERR_UNSUPPORTED,
			"certificate: elliptic curve is none of P-256, P-384, P-521");
	}
	buf_u8(&c->list_key, 4);
	at = buf_grow(&c->list_key, 2 * half);
	if (!at)
		return fail_set(why, ERR_NOMEM, "certificate: %s", err_text(ERR_NOMEM));
	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_X, &x) != 1 ||
		EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_Y, &y) != 1 ||
		BN_bn2binpad(x, at, (int)half) < 0 || BN_bn2binpad(y, at + half, (int)half) < 0)
		err = ossl_fail(why, ERR_CRYPTO, "certificate: public key");
	BN_free(x);
	BN_free(y);
	return err;
}

/* The bytes as they stand in the certificate: to encode the key again takes longer than all else.
 */
static enum err read_rsa(struct cert *c, struct fail *why)
{
	const unsigned char *at;
	int len;

	if (X509_PUBKEY_get0_param(NULL, &at, &len, NULL, X509_get_X509_PUBKEY(c->x509)) != 1)
		return ossl_fail(why, ERR_CRYPTO, "certificate: public key");
	buf_put(&c->list_key, span_of(at, (size_t)len));
	if (buf_check(&c->list_key))
		return fail_set(why, ERR_NOMEM, "certificate: %s", err_text(ERR_NOMEM));
	return ERR_OK;
}

static enum err read_key(struct cert *c, struct fail *why)
{
	EVP_PKEY *key = X509_get0_pubkey(c->x509);
	int len;
	uint8_t *at;

	if (!key)
		return ossl_fail(why, ERR_UNSUPPORTED, "certificate: public key");
	len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(c->x509), NULL);
	at = len > 0 ? buf_grow(&c->spki, (size_t)len) : NULL;
	if (!at || i2d_X509_PUBKEY(X509_get_X509_PUBKEY(c->x509), &at) != len)
		return ossl_fail(why, buf_check(&c->spki) ? ERR_NOMEM : ERR_CRYPTO,
			"certificate: public key");
	c->key_bits = (unsigned)EVP_PKEY_get_bits(key);
	c->key_is_rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
	if (c->key_is_rsa)
		return read_rsa(c, why);
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC)
		return read_point(c, key, why);
	return fail_set(why, ERR_UNSUPPORTED, "certificate: public key is neither RSA nor EC");
}

/* The digest, and with it the trust, is that of one encoding only. */
static bool is_der(const struct cert *c)
{
	unsigned char *again = NULL;
	int len = i2d_X509(c->x509, &again);
	bool same = len > 0 && span_eq(span_of(again, (size_t)len), buf_span(&c->der));

	OPENSSL_free(again);
	return same;
}

static enum err read_all(struct cert *c, struct fail *why)
{
	const ASN1_BIT_STRING *signature;
	enum err err;

	err = name_print(X509_get_subject_name(c->x509), &c->subject, &c->common_name, why);
	if (!err)
		err = name_print(X509_get_issuer_name(c->x509), &c->issuer, NULL, why);
	if (!err)
		err = read_serial(c, why);
	if (!err)
		err = read_times(c, why);
	if (!err)
		err = read_key(c, why);
	if (err)
		return err;
	X509_get0_signature(&signature, NULL, c->x509);
	c->signature =
		span_of(ASN1_STRING_get0_data(signature), (size_t)ASN1_STRING_length(signature));
	c->is_ca = (X509_get_extension_flags(c->x509) & (EXFLAG_CA | EXFLAG_INVALID)) == EXFLAG_CA;
	digest_hex(DIGEST_MD5, buf_span(&c->der), c->md5_hex);
	/* Looking at extensions leaves errors behind even when it succeeds. */
	ERR_clear_error();
	return ERR_OK;
}

enum err cert_from_der(struct cert **out, struct span der, struct fail *why)
{
	const unsigned char *at = der.ptr;
	struct cert *c;
	enum err err;

	if (der.len > CERT_SIZE_MAX)
		return fail_set(why, ERR_LIMIT, "certificate: longer than %u bytes", CERT_SIZE_MAX);
	c = mem_new(sizeof(*c));
	if (!c)
		return fail_set(why, ERR_NOMEM, "certificate: %s", err_text(ERR_NOMEM));
	buf_put(&c->der, der);
	err = buf_check(&c->der);
	if (err)
		goto fail;
	c->x509 = der.len ? d2i_X509(NULL, &at, (long)der.len) : NULL;
	if (!c->x509) {
		err = ossl_fail(why, ERR_FORMAT, "certificate: cannot be read");
		goto fail;
	}
	if (at != der.ptr + der.len || !is_der(c)) {
		err = fail_set(why, ERR_FORMAT, "certificate: not in DER, or bytes after its end");
		goto fail;
	}
	err = read_all(c, why);
	if (err)
		goto fail;
	*out = c;
	return ERR_OK;
fail:
	cert_free(c);
	return fail_set(why, err, "certificate: %s", err_text(err));
}

enum err cert_from_pem(struct cert **out, struct span pem, struct fail *why)
{
	unsigned char *der = NULL;
	X509 *x509 = NULL;
	enum err err;
	BIO *bio;
	int len;

	if (pem.len > CERT_FILE_MAX)
		return fail_set(
			why, ERR_LIMIT, "certificate: text longer than %u bytes", CERT_FILE_MAX);
	bio = BIO_new_mem_buf(pem.len ? (const void *)pem.ptr : "", (int)pem.len);
	if (bio)
		x509 = PEM_read_bio_X509(bio, NULL, ossl_no_password, NULL);
	len = x509 ? i2d_X509(x509, &der) : -1;
	if (len > 0)
		err = cert_from_der(out, span_of(der, (size_t)len), why);
	else
		err = ossl_fail(why, ERR_FORMAT, "no certificate in this PEM text");
	OPENSSL_free(der);
	X509_free(x509);
	BIO_free(bio);
	return err;
}

enum err cert_load(struct cert **out, const char *path, struct fail *why)
{
	static const char mark[] = "-----BEGIN ";
	struct fail inner = {0};
	struct buf content = {0};
	enum err err = file_read(path, CERT_FILE_MAX, &content, why);
	struct span bytes = buf_span(&content);

	if (err)
		goto out;
	if (bytes.len && memmem(bytes.ptr, bytes.len, mark, sizeof(mark) - 1))
		err = cert_from_pem(out, bytes, &inner);
	else
		err = cert_from_der(out, bytes, &inner);
	if (err)
		fail_set(why, err, "%s: %s", path, inner.text);
out:
	buf_fini(&content);
	return err;
}

enum err cert_to_pem(const struct cert *c, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	enum err err = ERR_CRYPTO;
	char *text;
	long len;

	if (bio && PEM_write_bio_X509(bio, c->x509) == 1) {
		len = BIO_get_mem_data(bio, &text);
		buf_put(out, span_of(text, (size_t)len));
		err = buf_check(out);
	} else {
		ERR_clear_error();
	}
	BIO_free(bio);
	return err;
}

void cert_free(struct cert *c)
{
	if (!c)
		return;
	X509_free(c->x509);
	mem_free(c->subject);
	mem_free(c->issuer);
	mem_free(c->common_name);
	buf_fini(&c->der);
	buf_fini(&c->serial);
	buf_fini(&c->list_key);
	buf_fini(&c->spki);
	mem_free(c);
}

const X509 *cert_get_x509(const struct cert *c)
{
	return c->x509;
}

struct span cert_der(const struct cert *c)
{
	return buf_span(&c->der);
}

const char *cert_subject(const struct cert *c)
{
	return c->subject;
}

const char *cert_issuer(const struct cert *c)
{
	return c->issuer;
}

const char *cert_common_name(const struct cert *c)
{
	return c->common_name;
}

struct span cert_serial(const struct cert *c)
{
	return buf_span(&c->serial);
}

static struct span without_zeros(struct span s)
{
	while (s.len && s.ptr[0] == 0)
		s = span_of(s.ptr + 1, s.len - 1);
	return s;
}

bool cert_serial_same(struct span a, struct span b, bool or_reversed)
{
	size_t i;

	a = without_zeros(a);
	if (span_eq(a, without_zeros(b)))
		return true;
	if (!or_reversed)
		return false;
	while (b.len && b.ptr[b.len - 1] == 0)
		b.len--;
	if (a.len != b.len)
		return false;
	for (i = 0; i < a.len; i++)
		if (a.ptr[i] != b.ptr[b.len - 1 - i])
			return false;
	return true;
}

int64_t cert_not_before(const struct cert *c)
{
	return c->not_before;
}

int64_t cert_not_after(const struct cert *c)
{
	return c->not_after;
}

bool cert_valid_at(const struct cert *c, int64_t seconds)
{
	return seconds >= c->not_before && seconds <= c->not_after;
}

struct span cert_list_key(const struct cert *c)
{
	return buf_span(&c->list_key);
}

struct span cert_signature(const struct cert *c)
{
	return c->signature;
}

struct span cert_spki(const struct cert *c)
{
	return buf_span(&c->spki);
}

unsigned cert_key_bits(const struct cert *c)
{
	return c->key_bits;
}

bool cert_key_is_rsa(const struct cert *c)
{
	return c->key_is_rsa;
}

bool cert_is_ca(const struct cert *c)
{
	return c->is_ca;
}

void cert_md5_hex(const struct cert *c, char out[33])
{
	memcpy(out, c->md5_hex, 33);
}
