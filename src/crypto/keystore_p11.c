/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "crypto/keystore.h"
#include "crypto/ossl.h"
#include "crypto/p11_priv.h"

#include <openssl/core_names.h>

struct p11_keystore {
	struct keystore ks;
	struct p11_module *m;   /* its own, or NULL */
	struct p11_session own; /* unused when the session is somebody else's */
	struct p11_session *s;
	CK_OBJECT_HANDLE key;
	bool always_pin; /* the key wants the PIN for each signature */
	char *pin;
};

static void p11_free(struct keystore *ks)
{
	struct p11_keystore *p = (struct p11_keystore *)ks;

	p11_session_close(&p->own);
	p11_close(p->m);
	if (p->pin)
		mem_wipe(p->pin, strlen(p->pin));
	mem_free(p->pin);
	mem_free(p);
}

/* The only RSA key that has this attribute; CK_INVALID_HANDLE for none. */
static enum err find_key(struct p11_keystore *p, CK_ATTRIBUTE_TYPE type, struct span value,
	CK_OBJECT_HANDLE *key, struct fail *why)
{
	CK_OBJECT_CLASS kind = CKO_PRIVATE_KEY;
	CK_KEY_TYPE rsa = CKK_RSA;
	CK_ATTRIBUTE which[] = {{CKA_CLASS, &kind, sizeof(kind)}, {CKA_KEY_TYPE, &rsa, sizeof(rsa)},
		{type, (void *)(uintptr_t)value.ptr, (CK_ULONG)value.len}};
	CK_ULONG count;
	enum err err = p11_find(p->s, which, 3, key, 1, &count, why);

	if (!err && !count)
		*key = CK_INVALID_HANDLE;
	return err;
}

/* Looks at the token's certificates that have a key beside them; with `wanted` at that one only. */
static enum err find_pair(
	struct p11_keystore *p, const struct cert *wanted, struct cert **found, struct fail *why)
{
	CK_OBJECT_CLASS kind = CKO_CERTIFICATE;
	CK_ATTRIBUTE which[] = {{CKA_CLASS, &kind, sizeof(kind)}};
	CK_OBJECT_HANDLE objects[P11_OBJECTS], key = CK_INVALID_HANDLE;
	CK_ULONG count = 0, i;
	uint8_t id[P11_ID];
	size_t id_len = 0;
	enum err err = p11_find(p->s, which, 1, objects, P11_OBJECTS, &count, why);

	for (i = 0; i < count && !err; i++) {
		struct cert *cert = NULL;

		err = p11_read_cert(p->s, objects[i], id, &id_len, &cert);
		if (err)
			return fail_set(why, err, "token %s: %s", p->s->label, err_text(err));
		if (!cert)
			continue;
		if (!wanted || span_eq(cert_der(cert), cert_der(wanted)))
			err = find_key(p, CKA_ID, span_of(id, id_len), &key, why);
		if (!err && key != CK_INVALID_HANDLE && p->key != CK_INVALID_HANDLE)
			err = fail_set(why, ERR_EXISTS,
				"token %s: %s and %s both have keys: say whose with its "
				"certificate",
				p->s->label, cert_common_name(*found), cert_common_name(cert));
		if (!err && key != CK_INVALID_HANDLE) {
			p->key = key;
			*found = cert;
			cert = NULL;
		}
		key = CK_INVALID_HANDLE;
		cert_free(cert);
		if (wanted && *found)
			break;
	}
	return err;
}

/* A token may hold the key alone; its modulus is public. */
static enum err find_by_modulus(struct p11_keystore *p, const struct cert *cert, struct fail *why)
{
	const EVP_PKEY *public = X509_get0_pubkey(cert_get_x509(cert));
	uint8_t bytes[P11_SIGNATURE_MAX];
	BIGNUM *n = NULL;
	enum err err = ERR_OK;

	if (public && cert_key_is_rsa(cert) && cert_key_bits(cert) <= 8 * sizeof(bytes) &&
		EVP_PKEY_get_bn_param(public, OSSL_PKEY_PARAM_RSA_N, &n) == 1)
		err = find_key(
			p, CKA_MODULUS, span_of(bytes, (size_t)BN_bn2bin(n, bytes)), &p->key, why);
	BN_free(n);
	ERR_clear_error();
	return err;
}

static void ask_always_pin(struct p11_keystore *p)
{
	CK_BBOOL always = CK_FALSE;
	CK_ATTRIBUTE get = {CKA_ALWAYS_AUTHENTICATE, &always, sizeof(always)};

	if (p->s->m->f->C_GetAttributeValue(p->s->handle, p->key, &get, 1) == CKR_OK)
		p->always_pin = always == CK_TRUE;
}

static enum err choose_key(
	struct p11_keystore *p, const struct cert *wanted, struct cert **found, struct fail *why)
{
	enum err err = find_pair(p, wanted, found, why);

	if (!err && p->key == CK_INVALID_HANDLE && wanted)
		err = find_by_modulus(p, wanted, why);
	if (err)
		return err;
	if (p->key == CK_INVALID_HANDLE)
		return fail_set(why, ERR_NOTFOUND, "token %s: it holds no RSA key %s%s",
			p->s->label, wanted ? "of " : "with a certificate beside it",
			wanted ? cert_subject(wanted) : "");
	ask_always_pin(p);
	return ERR_OK;
}

/* RFC 8017, 9.2: DigestInfo, what CKM_RSA_PKCS pads and signs. */
static size_t digest_info(
	enum digest_alg alg, const struct span *pieces, size_t count, uint8_t out[32 + DIGEST_MAX])
{
	static const struct {
		uint8_t len, bytes[19];
	} prefixes[] = {
		{0, {0}},
		{15, {0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00,
			     0x04, 0x14}},
		{19, {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,
			     0x02, 0x01, 0x05, 0x00, 0x04, 0x20}},
		{19, {0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,
			     0x02, 0x03, 0x05, 0x00, 0x04, 0x40}},
	};
	uint8_t hash[DIGEST_MAX];
	size_t len;

	if (alg < DIGEST_SHA1 || alg > DIGEST_SHA512)
		return 0;
	len = digest(alg, pieces, count, hash);
	memcpy(out, prefixes[alg].bytes, prefixes[alg].len);
	memcpy(out + prefixes[alg].len, hash, len);
	return len ? prefixes[alg].len + len : 0;
}

static CK_RV sign_info(struct p11_keystore *p, struct span info, uint8_t *out, CK_ULONG *len)
{
	return p->s->m->f->C_Sign(
		p->s->handle, (CK_BYTE *)(uintptr_t)info.ptr, (CK_ULONG)info.len, out, len);
}

static CK_RV sign_pieces(struct p11_keystore *p, const struct span *pieces, size_t count,
	uint8_t *out, CK_ULONG *len)
{
	CK_RV rv = CKR_OK;
	size_t i;

	for (i = 0; i < count && rv == CKR_OK; i++)
		if (pieces[i].len)
			rv = p->s->m->f->C_SignUpdate(p->s->handle,
				(CK_BYTE *)(uintptr_t)pieces[i].ptr, (CK_ULONG)pieces[i].len);
	return rv == CKR_OK ? p->s->m->f->C_SignFinal(p->s->handle, out, len) : rv;
}

static enum err p11_sign(struct keystore *ks, const char *name, enum digest_alg alg,
	const struct span *pieces, size_t count, struct buf *signature, struct fail *why)
{
	static const CK_MECHANISM_TYPE hashing[] = {
		0, CKM_SHA1_RSA_PKCS, CKM_SHA256_RSA_PKCS, CKM_SHA512_RSA_PKCS};
	struct p11_keystore *p = (struct p11_keystore *)ks;
	CK_MECHANISM mechanism = {.mechanism = CKM_RSA_PKCS};
	uint8_t info[32 + DIGEST_MAX], out[P11_SIGNATURE_MAX];
	size_t info_len = digest_info(alg, pieces, count, info);
	CK_ULONG len = sizeof(out);
	enum err err = ERR_OK;
	bool whole;
	CK_RV rv;

	if (strcmp(name, p->s->label) != 0)
		return fail_set(why, ERR_NOTFOUND, "key %.80s: there is only that of %s", name,
			p->s->label);
	if (!info_len)
		return fail_set(why, ERR_UNSUPPORTED, "token %s: digest %d", p->s->label, (int)alg);
	rv = p->s->m->f->C_SignInit(p->s->handle, &mechanism, p->key);
	/* Some tokens insist on hashing by themselves. */
	whole = rv == CKR_MECHANISM_INVALID;
	if (whole) {
		mechanism.mechanism = hashing[alg];
		rv = p->s->m->f->C_SignInit(p->s->handle, &mechanism, p->key);
	}
	if (rv == CKR_OK && p->always_pin)
		err = p11_log_in(p->s, CKU_CONTEXT_SPECIFIC, p->pin, why);
	if (err)
		return err;
	if (rv == CKR_OK)
		rv = whole ? sign_pieces(p, pieces, count, out, &len)
			   : sign_info(p, span_of(info, info_len), out, &len);
	if (rv != CKR_OK)
		return p11_fail(p->s, rv, "cannot sign", why);
	buf_put(signature, span_of(out, len));
	return buf_check(signature);
}

static enum err p11_decrypt(struct keystore *ks, const char *name, struct span sealed, size_t want,
	struct buf *plain, struct fail *why)
{
	return fail_set(why, ERR_UNSUPPORTED, "token %s: its key only signs",
		((struct p11_keystore *)ks)->s->label);
}

static enum err p11_generate(struct keystore *ks, const char *name, enum key_type type,
	unsigned bits, struct buf *spki, struct fail *why)
{
	return fail_set(why, ERR_UNSUPPORTED, "token %s: make its key with its maker's program",
		((struct p11_keystore *)ks)->s->label);
}

/* Everything but the key and its session. */
static struct p11_keystore *keystore_new(const char *pin)
{
	struct p11_keystore *p = mem_new(sizeof(*p));

	if (!p)
		return NULL;
	p->ks = (struct keystore){
		.kind = "pkcs11",
		.sign = p11_sign,
		.decrypt = p11_decrypt,
		.generate = p11_generate,
		.free = p11_free,
	};
	p->key = CK_INVALID_HANDLE;
	p->pin = mem_strdup(pin);
	if (p->pin)
		return p;
	p11_free(&p->ks);
	return NULL;
}

struct keystore *p11_keystore_over(struct p11_session *s, CK_OBJECT_HANDLE key, const char *pin)
{
	struct p11_keystore *p = keystore_new(pin);

	if (!p)
		return NULL;
	p->s = s;
	p->key = key;
	ask_always_pin(p);
	return &p->ks;
}

enum err keystore_p11_open(
	struct keystore **out, const struct p11_request *r, struct cert **cert, struct fail *why)
{
	struct p11_keystore *p = keystore_new(r->pin);
	struct cert *found = NULL;
	enum err err;

	if (!p)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	p->s = &p->own;
	err = p11_open(&p->m, r->module, why);
	if (!err)
		err = p11_session_open(p->s, p->m, r->token, false, why);
	if (!err)
		err = p11_log_in(p->s, CKU_USER, r->pin, why);
	if (!err)
		err = choose_key(p, r->cert, &found, why);
	if (err) {
		cert_free(found);
		p11_free(&p->ks);
		return err;
	}
	if (cert)
		*cert = found;
	else
		cert_free(found);
	*out = &p->ks;
	return ERR_OK;
}
