/* SPDX-License-Identifier: BSD-2-Clause
 * Reading a certificate. OpenSSL's X509 decodes the public key with the rest, for which it first
 * gathers and then asks all decoders that it has: nine tenths of the time. So the certificate is
 * read by OpenSSL's ASN.1 templates, and the X509 is made when one is wanted: by who needs the key
 * itself, and here to judge any key that is not plainly one of RSA. */
#include "crypto/cert_priv.h"

#include <openssl/asn1t.h>
#include <openssl/core_names.h>
#include <time.h>

/* The types of RFC 5280 4.1 in OpenSSL's terms, and RSAPublicKey of RFC 8017 A.1.1. */
typedef struct {
	X509_ALGOR *algorithm;
	ASN1_BIT_STRING *bits;
} key_info;

typedef struct {
	ASN1_ENCODING encoding;
	ASN1_INTEGER *version, *serial;
	X509_ALGOR *algorithm;
	X509_NAME *issuer;
	X509_VAL *validity;
	X509_NAME *subject;
	key_info *key;
	ASN1_BIT_STRING *issuer_id, *subject_id;
	STACK_OF(X509_EXTENSION) * extensions;
} to_be_signed;

typedef struct {
	to_be_signed *body;
	X509_ALGOR *algorithm;
	ASN1_BIT_STRING *signature;
} certificate;

typedef struct {
	BIGNUM *modulus, *exponent;
} rsa_key;

/* clang-format off */
ASN1_SEQUENCE(key_info) = {
	ASN1_SIMPLE(key_info, algorithm, X509_ALGOR),
	ASN1_SIMPLE(key_info, bits, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(key_info)

/* With its encoding: what was signed is never encoded anew. */
ASN1_SEQUENCE_enc(to_be_signed, encoding, NULL) = {
	ASN1_EXP_OPT(to_be_signed, version, ASN1_INTEGER, 0),
	ASN1_SIMPLE(to_be_signed, serial, ASN1_INTEGER),
	ASN1_SIMPLE(to_be_signed, algorithm, X509_ALGOR),
	ASN1_SIMPLE(to_be_signed, issuer, X509_NAME),
	ASN1_SIMPLE(to_be_signed, validity, X509_VAL),
	ASN1_SIMPLE(to_be_signed, subject, X509_NAME),
	ASN1_SIMPLE(to_be_signed, key, key_info),
	ASN1_IMP_OPT(to_be_signed, issuer_id, ASN1_BIT_STRING, 1),
	ASN1_IMP_OPT(to_be_signed, subject_id, ASN1_BIT_STRING, 2),
	ASN1_EXP_SEQUENCE_OF_OPT(to_be_signed, extensions, X509_EXTENSION, 3),
} static_ASN1_SEQUENCE_END_ref(to_be_signed, to_be_signed)

ASN1_SEQUENCE(certificate) = {
	ASN1_SIMPLE(certificate, body, to_be_signed),
	ASN1_SIMPLE(certificate, algorithm, X509_ALGOR),
	ASN1_SIMPLE(certificate, signature, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(certificate)

ASN1_SEQUENCE(rsa_key) = {
	ASN1_SIMPLE(rsa_key, modulus, BIGNUM),
	ASN1_SIMPLE(rsa_key, exponent, BIGNUM),
} static_ASN1_SEQUENCE_END(rsa_key)
	/* clang-format on */

	static enum err read_times(struct cert * c, const X509_VAL *validity, struct fail *why)
{
	struct tm tm = {0};

	if (ASN1_TIME_to_tm(validity->notBefore, &tm) != 1)
		return ossl_fail(why, ERR_FORMAT, "certificate: start of validity");
	c->not_before = timegm(&tm);
	if (ASN1_TIME_to_tm(validity->notAfter, &tm) != 1)
		return ossl_fail(why, ERR_FORMAT, "certificate: end of validity");
	c->not_after = timegm(&tm);
	return ERR_OK;
}

static struct span string_span(const ASN1_STRING *s)
{
	return span_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

static enum err read_serial(struct cert *c, const ASN1_INTEGER *serial, struct fail *why)
{
	struct span bytes = string_span(serial);

	if (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER)
		return fail_set(why, ERR_FORMAT, "certificate: negative serial number");
	while (bytes.len > 1 && bytes.ptr[0] == 0)
		bytes = span_of(bytes.ptr + 1, bytes.len - 1);
	buf_put(&c->serial, bytes);
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

/* A key that is plainly one of RSA, NULL for another: OpenSSL's own decoder asks no more of it. */
static rsa_key *plain_rsa(const key_info *info)
{
	struct span bytes = string_span(info->bits);
	const unsigned char *at = bytes.ptr;

	if (OBJ_obj2nid(info->algorithm->algorithm) != NID_rsaEncryption || !bytes.len)
		return NULL;
	return (rsa_key *)ASN1_item_d2i(NULL, &at, (long)bytes.len, ASN1_ITEM_rptr(rsa_key));
}

/* The bytes are kept as they stand in the certificate. */
static bool read_rsa(struct cert *c, const key_info *info)
{
	rsa_key *key = plain_rsa(info);

	if (!key)
		return false;
	c->key_is_rsa = true;
	c->key_bits = (unsigned)BN_num_bits(key->modulus);
	buf_put(&c->list_key, string_span(info->bits));
	ASN1_item_free((ASN1_VALUE *)key, ASN1_ITEM_rptr(rsa_key));
	return true;
}

static bool decodes(struct span spki)
{
	const unsigned char *at = spki.ptr;
	X509_PUBKEY *key = d2i_X509_PUBKEY(NULL, &at, (long)spki.len);
	bool good = key && X509_PUBKEY_get0(key);

	X509_PUBKEY_free(key);
	return good;
}

enum err public_key_id(struct span spki, uint8_t id[DIGEST_MAX], size_t *len)
{
	const unsigned char *at = spki.ptr;
	key_info *info = NULL;
	rsa_key *rsa = NULL;
	bool good = false;

	if (spki.len && spki.len <= CERT_SIZE_MAX)
		info = (key_info *)ASN1_item_d2i(
			NULL, &at, (long)spki.len, ASN1_ITEM_rptr(key_info));
	if (info && at == spki.ptr + spki.len) {
		rsa = plain_rsa(info);
		good = rsa || decodes(spki);
		*len = digest_one(DIGEST_SHA1, string_span(info->bits), id);
	}
	ASN1_item_free((ASN1_VALUE *)rsa, ASN1_ITEM_rptr(rsa_key));
	ASN1_item_free((ASN1_VALUE *)info, ASN1_ITEM_rptr(key_info));
	ERR_clear_error();
	return good ? ERR_OK : ERR_FORMAT;
}

static enum err read_key(struct cert *c, const key_info *info, struct fail *why)
{
	const ASN1_VALUE *value = (const ASN1_VALUE *)info;
	EVP_PKEY *key;
	int len = ASN1_item_i2d(value, NULL, ASN1_ITEM_rptr(key_info));
	uint8_t *at = len > 0 ? buf_grow(&c->spki, (size_t)len) : NULL;

	if (!at || ASN1_item_i2d(value, &at, ASN1_ITEM_rptr(key_info)) != len)
		return ossl_fail(why, buf_check(&c->spki) ? ERR_NOMEM : ERR_CRYPTO,
			"certificate: public key");
	if (read_rsa(c, info))
		return buf_check(&c->list_key);
	ERR_clear_error();
	key = X509_get0_pubkey(cert_get_x509(c));
	if (!key)
		return ossl_fail(why, ERR_UNSUPPORTED, "certificate: public key");
	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC)
		return fail_set(
			why, ERR_UNSUPPORTED, "certificate: public key is neither RSA nor EC");
	c->key_bits = (unsigned)EVP_PKEY_get_bits(key);
	return read_point(c, key, why);
}

/* The digest, and with it the trust, is that of one encoding only. */
static bool is_der(const struct cert *c, const certificate *x)
{
	unsigned char *again = NULL;
	int len = ASN1_item_i2d((const ASN1_VALUE *)x, &again, ASN1_ITEM_rptr(certificate));
	bool same = len > 0 && span_eq(span_of(again, (size_t)len), buf_span(&c->der));

	OPENSSL_free(again);
	return same;
}

static enum err read_body(struct cert *c, const to_be_signed *body, struct fail *why)
{
	enum err err = name_print(body->subject, &c->subject, &c->common_name, why);

	if (!err)
		err = name_print(body->issuer, &c->issuer, NULL, why);
	if (!err)
		err = read_serial(c, body->serial, why);
	if (!err)
		err = read_times(c, body->validity, why);
	return err ? err : read_key(c, body->key, why);
}

enum err cert_read(struct cert *c, struct fail *why)
{
	const unsigned char *at = c->der.data;
	certificate *x = NULL;
	enum err err;

	if (c->der.len)
		x = (certificate *)ASN1_item_d2i(
			NULL, &at, (long)c->der.len, ASN1_ITEM_rptr(certificate));
	if (!x)
		return ossl_fail(why, ERR_FORMAT, "certificate: cannot be read");
	if (at != c->der.data + c->der.len || !is_der(c, x))
		err = fail_set(why, ERR_FORMAT, "certificate: not in DER, or bytes after its end");
	else
		err = read_body(c, x->body, why);
	if (!err) {
		buf_put(&c->signature, string_span(x->signature));
		err = buf_check(&c->signature);
	}
	ASN1_item_free((ASN1_VALUE *)x, ASN1_ITEM_rptr(certificate));
	return err;
}
