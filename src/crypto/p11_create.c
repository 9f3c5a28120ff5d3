/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "crypto/ossl.h"
#include "crypto/p11_priv.h"
#include "crypto/token_priv.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <stdio.h>

#define KEY_ID_SIZE   16u
#define MODULUS_MAX   512u /* bytes of an RSA-4096 modulus */
#define EXPONENT_SIZE 8u

/* A key pair on its way to become a token's. */
struct pair {
	uint8_t id[KEY_ID_SIZE];
	CK_OBJECT_HANDLE public, private;
};

static CK_ATTRIBUTE attribute(CK_ATTRIBUTE_TYPE type, const void *value, size_t len)
{
	return (CK_ATTRIBUTE){type, (void *)(uintptr_t)value, (CK_ULONG)len};
}

static enum err check_empty(struct p11_session *s, struct fail *why)
{
	CK_OBJECT_CLASS kind = CKO_CERTIFICATE;
	CK_ATTRIBUTE which[] = {{CKA_CLASS, &kind, sizeof(kind)}};
	CK_OBJECT_HANDLE object;
	CK_ULONG count = 0;
	enum err err = p11_find(s, which, 1, &object, 1, &count, why);

	if (!err && count)
		return fail_set(why, ERR_EXISTS,
			"token %s holds a certificate already: make it known with cadeado token "
			"add, or take an empty token",
			s->label);
	return err;
}

static enum err generate(
	struct p11_session *s, struct pair *pair, const struct p11_create *r, struct fail *why)
{
	static const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	static const uint8_t exponent[] = {1, 0, 1};
	CK_MECHANISM mechanism = {.mechanism = CKM_RSA_PKCS_KEY_PAIR_GEN};
	CK_ULONG bits = r->bits;
	CK_ATTRIBUTE public[] = {
		attribute(CKA_TOKEN, &yes, sizeof(yes)),
		attribute(CKA_VERIFY, &yes, sizeof(yes)),
		attribute(CKA_MODULUS_BITS, &bits, sizeof(bits)),
		attribute(CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent)),
		attribute(CKA_LABEL, r->common_name, strlen(r->common_name)),
		attribute(CKA_ID, pair->id, sizeof(pair->id)),
	};
	CK_ATTRIBUTE private[] = {
		attribute(CKA_TOKEN, &yes, sizeof(yes)),
		attribute(CKA_PRIVATE, &yes, sizeof(yes)),
		attribute(CKA_SENSITIVE, &yes, sizeof(yes)),
		attribute(CKA_EXTRACTABLE, &no, sizeof(no)),
		attribute(CKA_SIGN, &yes, sizeof(yes)),
		attribute(CKA_LABEL, r->common_name, strlen(r->common_name)),
		attribute(CKA_ID, pair->id, sizeof(pair->id)),
	};
	enum err err = random_bytes(pair->id, sizeof(pair->id));
	CK_RV rv;

	if (err)
		return fail_set(why, err, "token %s: no random numbers", s->label);
	rv = s->m->f->C_GenerateKeyPair(s->handle, &mechanism, public,
		sizeof(public) / sizeof(public[0]), private, sizeof(private) / sizeof(private[0]),
		&pair->public, &pair->private);
	return rv == CKR_OK ? ERR_OK : p11_fail(s, rv, "cannot make a key", why);
}

static EVP_PKEY *rsa_key(struct span modulus, struct span exponent)
{
	BIGNUM *n = BN_bin2bn(modulus.ptr, (int)modulus.len, NULL);
	BIGNUM *e = BN_bin2bn(exponent.ptr, (int)exponent.len, NULL);
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (n && e && builder && ctx &&
		OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
		OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1)
		params = OSSL_PARAM_BLD_to_param(builder);
	if (params && EVP_PKEY_fromdata_init(ctx) == 1 &&
		EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_BLD_free(builder);
	BN_free(e);
	BN_free(n);
	return key;
}

/* SubjectPublicKeyInfo of the new key. */
static enum err read_public(
	struct p11_session *s, const struct pair *pair, struct buf *spki, struct fail *why)
{
	uint8_t modulus[MODULUS_MAX], exponent[EXPONENT_SIZE];
	CK_ATTRIBUTE get[] = {{CKA_MODULUS, modulus, sizeof(modulus)},
		{CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent)}};
	CK_RV rv = s->m->f->C_GetAttributeValue(s->handle, pair->public, get, 2);
	unsigned char *der = NULL;
	EVP_PKEY *key;
	int len;

	if (rv != CKR_OK)
		return p11_fail(s, rv, "cannot read the new key", why);
	key = rsa_key(span_of(modulus, get[0].ulValueLen), span_of(exponent, get[1].ulValueLen));
	len = key ? i2d_PUBKEY(key, &der) : -1;
	EVP_PKEY_free(key);
	if (len < 0)
		return ossl_fail(why, ERR_CRYPTO, "the token's new key");
	buf_put(spki, span_of(der, (size_t)len));
	OPENSSL_free(der);
	return buf_check(spki);
}

static enum err issue_by_profile(struct cert **out, const struct p11_create *r, struct span spki,
	struct signer *signer, const char *key_name, struct fail *why)
{
	struct issue_request q = *r->profile;

	q.subject.cn = r->common_name;
	q.spki = spki;
	q.issuer_is_rsa = true;
	q.not_before = r->now;
	q.not_after = r->now + (int64_t)r->days * 24 * 60 * 60;
	return issue_now(out, &q, signer, key_name, why);
}

static enum err issue(struct p11_session *s, const struct pair *pair, const struct p11_create *r,
	struct cert **out, struct fail *why)
{
	struct signer *signer = NULL;
	struct buf spki = {0};
	enum err err = read_public(s, pair, &spki, why);
	struct keystore *ks = err ? NULL : p11_keystore_over(s, pair->private, r->pin);

	if (!err)
		err = ks ? signer_new(&signer, ks, executor_inline()) : ERR_NOMEM;
	if (!err && r->profile)
		err = issue_by_profile(out, r, buf_span(&spki), signer, s->label, why);
	else if (!err)
		err = token_issue(out, r->common_name, buf_span(&spki), signer, s->label, r->now,
			r->days, why);
	signer_free(signer);
	buf_fini(&spki);
	return err ? fail_set(why, err, "token %s: %s", s->label, err_text(err)) : ERR_OK;
}

/* PKCS #11 wants names and number in DER. */
static enum err write_cert(struct p11_session *s, const struct pair *pair,
	const struct p11_create *r, const struct cert *cert, struct fail *why)
{
	static const CK_OBJECT_CLASS kind = CKO_CERTIFICATE;
	static const CK_CERTIFICATE_TYPE x509 = CKC_X_509;
	static const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	X509 *x = cert_get_x509(cert);
	struct span der = cert_der(cert);
	unsigned char *name = NULL, *number = NULL;
	int name_len = x ? i2d_X509_NAME(X509_get_subject_name(x), &name) : -1;
	int number_len = x ? i2d_ASN1_INTEGER(X509_get0_serialNumber(x), &number) : -1;
	enum err err = name_len > 0 && number_len > 0 ? ERR_OK : ERR_NOMEM;
	CK_OBJECT_HANDLE object;
	CK_RV rv;

	if (!err) {
		CK_ATTRIBUTE object_is[] = {
			attribute(CKA_CLASS, &kind, sizeof(kind)),
			attribute(CKA_CERTIFICATE_TYPE, &x509, sizeof(x509)),
			attribute(CKA_TOKEN, &yes, sizeof(yes)),
			attribute(CKA_PRIVATE, &no, sizeof(no)),
			attribute(CKA_LABEL, r->common_name, strlen(r->common_name)),
			attribute(CKA_ID, pair->id, sizeof(pair->id)),
			attribute(CKA_SUBJECT, name, (size_t)name_len),
			attribute(CKA_ISSUER, name, (size_t)name_len),
			attribute(CKA_SERIAL_NUMBER, number, (size_t)number_len),
			attribute(CKA_VALUE, der.ptr, der.len),
		};

		rv = s->m->f->C_CreateObject(
			s->handle, object_is, sizeof(object_is) / sizeof(object_is[0]), &object);
		if (rv != CKR_OK)
			err = p11_fail(s, rv, "cannot write the certificate", why);
	}
	OPENSSL_free(name);
	OPENSSL_free(number);
	ERR_clear_error();
	return err;
}

enum err p11_create(
	struct p11_module *m, const struct p11_create *r, struct cert **out, struct fail *why)
{
	struct pair pair = {.public = CK_INVALID_HANDLE, .private = CK_INVALID_HANDLE};
	struct p11_session s = {0};
	struct cert *cert = NULL;
	enum err err = p11_session_open(&s, m, r->token, true, why);

	if (!err)
		err = p11_log_in(&s, CKU_USER, r->pin, why);
	if (!err)
		err = check_empty(&s, why);
	if (err)
		goto out;
	err = generate(&s, &pair, r, why);
	if (err)
		goto out;
	err = issue(&s, &pair, r, &cert, why);
	if (!err)
		err = write_cert(&s, &pair, r, cert, why);
	if (err) {
		m->f->C_DestroyObject(s.handle, pair.private);
		m->f->C_DestroyObject(s.handle, pair.public);
		goto out;
	}
	*out = cert;
	cert = NULL;
out:
	cert_free(cert);
	p11_session_close(&s);
	return err ? fail_set(why, err, "token %.64s: %s", r->token, err_text(err)) : ERR_OK;
}

enum err p11_set_pin(struct p11_module *m, const char *token, const char *pin, const char *new_pin,
	struct fail *why)
{
	struct p11_session s = {0};
	enum err err = p11_session_open(&s, m, token, true, why);
	CK_RV rv;

	/* First the present one alone: what fails after that is about the new one. */
	if (!err)
		err = p11_log_in(&s, CKU_USER, pin, why);
	if (!err) {
		rv = m->f->C_SetPIN(s.handle, (CK_UTF8CHAR *)(uintptr_t)pin, (CK_ULONG)strlen(pin),
			(CK_UTF8CHAR *)(uintptr_t)new_pin, (CK_ULONG)strlen(new_pin));
		if (rv == CKR_PIN_INVALID || rv == CKR_PIN_LEN_RANGE)
			err = fail_set(why, ERR_ARG, "token %s: it does not take this new PIN: %s",
				s.label, m->error(rv));
		else if (rv != CKR_OK)
			err = p11_fail(&s, rv, "cannot change the PIN", why);
	}
	p11_session_close(&s);
	return err;
}
