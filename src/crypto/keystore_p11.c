/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "crypto/keystore.h"
#include "crypto/ossl.h"

#include <dlfcn.h>
#include <limits.h>
#include <openssl/core_names.h>
#include <p11-kit/p11-kit.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>

#define P11_KIT       "libp11-kit.so.0"
#define SLOTS_MAX     256u /* slots of a module that are looked at */
#define OBJECTS_MAX   256u /* certificates of a token that are looked at */
#define ID_MAX        128u /* bytes of CKA_ID; most are SHA-1 */
#define SIGNATURE_MAX 2048u

/* Loaded only when a token is asked for: commands about files do not pay for it. */
struct p11_kit {
	void *library;
	CK_FUNCTION_LIST *(*load)(const char *path, int flags);
	CK_RV (*initialize)(CK_FUNCTION_LIST *module);
	CK_RV (*finalize)(CK_FUNCTION_LIST *module);
	void (*release)(CK_FUNCTION_LIST *module);
	const char *(*error)(CK_RV rv);
};

struct p11_keystore {
	struct keystore ks;
	struct p11_kit kit;
	CK_FUNCTION_LIST *module;
	bool initialized, has_session;
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE key;
	bool always_pin; /* the key wants the PIN for each signature */
	char *token, *pin;
};

static void p11_free(struct keystore *ks)
{
	struct p11_keystore *p = (struct p11_keystore *)ks;

	if (p->has_session)
		p->module->C_CloseSession(p->session);
	if (p->initialized)
		p->kit.finalize(p->module);
	if (p->module)
		p->kit.release(p->module);
	if (p->kit.library)
		dlclose(p->kit.library);
	if (p->pin)
		mem_wipe(p->pin, strlen(p->pin));
	mem_free(p->pin);
	mem_free(p->token);
	mem_free(p);
}

static bool last_try(const struct p11_keystore *p)
{
	CK_TOKEN_INFO info;

	return p->module->C_GetTokenInfo(p->slot, &info) == CKR_OK &&
	       info.flags & CKF_USER_PIN_FINAL_TRY;
}

static enum err p11_fail(
	const struct p11_keystore *p, CK_RV rv, const char *doing, struct fail *why)
{
	switch (rv) {
	case CKR_PIN_INCORRECT:
	case CKR_PIN_INVALID:
	case CKR_PIN_LEN_RANGE:
		return fail_set(why, ERR_PIN, "token %s: wrong PIN%s", p->token,
			last_try(p) ? "; one more and the token locks" : "");
	case CKR_PIN_LOCKED:
		return fail_set(why, ERR_LOCKED,
			"token %s: locked after too many wrong PINs; its maker's program unlocks "
			"it",
			p->token);
	case CKR_PIN_EXPIRED:
	case CKR_USER_PIN_NOT_INITIALIZED:
		return fail_set(why, ERR_DENIED,
			"token %s: its user has no valid PIN yet; set one with its maker's program",
			p->token);
	case CKR_DEVICE_REMOVED:
	case CKR_TOKEN_NOT_PRESENT:
		return fail_set(why, ERR_NOTFOUND, "token %s: it was removed", p->token);
	case CKR_HOST_MEMORY:
	case CKR_DEVICE_MEMORY:
		return fail_set(
			why, ERR_NOMEM, "token %s: %s: %s", p->token, doing, err_text(ERR_NOMEM));
	default:
		return fail_set(
			why, ERR_CRYPTO, "token %s: %s: %s", p->token, doing, p->kit.error(rv));
	}
}

static bool resolve(void *library, const char *name, void *function)
{
	void *found = dlsym(library, name);

	/* What POSIX asks for in place of a cast between object and function. */
	memcpy(function, &found, sizeof(found));
	return found != NULL;
}

static enum err load_kit(struct p11_kit *k, struct fail *why)
{
	k->library = dlopen(P11_KIT, RTLD_NOW | RTLD_LOCAL);
	if (!k->library || !resolve(k->library, "p11_kit_module_load", &k->load) ||
		!resolve(k->library, "p11_kit_module_initialize", &k->initialize) ||
		!resolve(k->library, "p11_kit_module_finalize", &k->finalize) ||
		!resolve(k->library, "p11_kit_module_release", &k->release) ||
		!resolve(k->library, "p11_kit_strerror", &k->error))
		return fail_set(why, ERR_UNSUPPORTED,
			"PKCS #11 tokens need the library " P11_KIT
			" (Debian: libp11-kit0), which cannot be loaded");
	return ERR_OK;
}

static enum err load_module(struct p11_keystore *p, const char *path, struct fail *why)
{
	/* p11-kit looks for a name without a folder among the system's modules. */
	char *whole = realpath(path, NULL);
	CK_RV rv;

	if (!whole)
		return fail_set(why, ERR_NOTFOUND, "%s: there is no such PKCS #11 module", path);
	p->module = p->kit.load(whole, 0);
	free(whole);
	if (!p->module)
		return fail_set(why, ERR_UNSUPPORTED, "%s: is no PKCS #11 module", path);
	rv = p->kit.initialize(p->module);
	p->initialized = rv == CKR_OK;
	return p->initialized ? ERR_OK
			      : fail_set(why, ERR_CRYPTO, "%s: the module does not start: %s", path,
					p->kit.error(rv));
}

/* Labels are filled up with blanks. */
static bool labelled(const CK_TOKEN_INFO *info, const char *label)
{
	size_t len = sizeof(info->label);

	while (len && info->label[len - 1] == ' ')
		len--;
	return len == strlen(label) && memcmp(info->label, label, len) == 0;
}

static enum err find_token(struct p11_keystore *p, struct fail *why)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG count = SLOTS_MAX, i, found = 0, present = 0;
	CK_TOKEN_INFO info;
	CK_RV rv = p->module->C_GetSlotList(CK_TRUE, slots, &count);

	if (rv != CKR_OK)
		return p11_fail(p, rv, "cannot list the tokens", why);
	for (i = 0; i < count; i++)
		if (p->module->C_GetTokenInfo(slots[i], &info) == CKR_OK &&
			info.flags & CKF_TOKEN_INITIALIZED) {
			present++;
			found += labelled(&info, p->token);
			p->slot = labelled(&info, p->token) ? slots[i] : p->slot;
		}
	if (found == 1)
		return ERR_OK;
	return found ? fail_set(why, ERR_EXISTS, "two tokens are labelled %s: remove one", p->token)
		     : fail_set(why, ERR_NOTFOUND,
			       "there is no token labelled %s among the %lu present", p->token,
			       present);
}

static enum err log_in(struct p11_keystore *p, CK_USER_TYPE who, struct fail *why)
{
	CK_RV rv = p->module->C_Login(
		p->session, who, (CK_UTF8CHAR *)p->pin, (CK_ULONG)strlen(p->pin));

	return rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN
		       ? ERR_OK
		       : p11_fail(p, rv, "cannot log in", why);
}

static enum err open_session(struct p11_keystore *p, struct fail *why)
{
	enum err err = find_token(p, why);
	CK_RV rv;

	if (err)
		return err;
	rv = p->module->C_OpenSession(p->slot, CKF_SERIAL_SESSION, NULL, NULL, &p->session);
	if (rv != CKR_OK)
		return p11_fail(p, rv, "cannot open a session", why);
	p->has_session = true;
	return log_in(p, CKU_USER, why);
}

static enum err find_objects(struct p11_keystore *p, CK_ATTRIBUTE *which, CK_ULONG attributes,
	CK_OBJECT_HANDLE *out, CK_ULONG room, CK_ULONG *count, struct fail *why)
{
	CK_ULONG got = 0;
	CK_RV rv = p->module->C_FindObjectsInit(p->session, which, attributes);

	*count = 0;
	if (rv != CKR_OK)
		return p11_fail(p, rv, "cannot look for objects", why);
	do {
		rv = p->module->C_FindObjects(p->session, out + *count, room - *count, &got);
		*count += rv == CKR_OK ? got : 0;
	} while (rv == CKR_OK && got && *count < room);
	p->module->C_FindObjectsFinal(p->session);
	return rv == CKR_OK ? ERR_OK : p11_fail(p, rv, "cannot look for objects", why);
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
	enum err err = find_objects(p, which, 3, key, 1, &count, why);

	if (!err && !count)
		*key = CK_INVALID_HANDLE;
	return err;
}

/* One certificate object; *cert stays NULL for one that cannot be read. */
static enum err read_certificate(struct p11_keystore *p, CK_OBJECT_HANDLE object,
	uint8_t id[ID_MAX], size_t *id_len, struct cert **cert)
{
	uint8_t der[CERT_SIZE_MAX];
	CK_ATTRIBUTE get[] = {{CKA_VALUE, der, sizeof(der)}, {CKA_ID, id, ID_MAX}};
	enum err err;

	if (p->module->C_GetAttributeValue(p->session, object, get, 2) != CKR_OK ||
		!get[1].ulValueLen)
		return ERR_OK;
	*id_len = get[1].ulValueLen;
	err = cert_from_der(cert, span_of(der, get[0].ulValueLen), NULL);
	return err == ERR_NOMEM ? err : ERR_OK;
}

/* Looks at the token's certificates that have a key beside them; with `wanted` at that one only. */
static enum err find_pair(
	struct p11_keystore *p, const struct cert *wanted, struct cert **found, struct fail *why)
{
	CK_OBJECT_CLASS kind = CKO_CERTIFICATE;
	CK_ATTRIBUTE which[] = {{CKA_CLASS, &kind, sizeof(kind)}};
	CK_OBJECT_HANDLE objects[OBJECTS_MAX], key = CK_INVALID_HANDLE;
	CK_ULONG count = 0, i;
	uint8_t id[ID_MAX];
	size_t id_len = 0;
	enum err err = find_objects(p, which, 1, objects, OBJECTS_MAX, &count, why);

	for (i = 0; i < count && !err; i++) {
		struct cert *cert = NULL;

		err = read_certificate(p, objects[i], id, &id_len, &cert);
		if (err)
			return fail_set(why, err, "token %s: %s", p->token, err_text(err));
		if (!cert)
			continue;
		if (!wanted || span_eq(cert_der(cert), cert_der(wanted)))
			err = find_key(p, CKA_ID, span_of(id, id_len), &key, why);
		if (!err && key != CK_INVALID_HANDLE && p->key != CK_INVALID_HANDLE)
			err = fail_set(why, ERR_EXISTS,
				"token %s: %s and %s both have keys: say whose with its "
				"certificate",
				p->token, cert_common_name(*found), cert_common_name(cert));
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
	uint8_t bytes[SIGNATURE_MAX];
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

static enum err choose_key(
	struct p11_keystore *p, const struct cert *wanted, struct cert **found, struct fail *why)
{
	CK_BBOOL always = CK_FALSE;
	CK_ATTRIBUTE get = {CKA_ALWAYS_AUTHENTICATE, &always, sizeof(always)};
	enum err err = find_pair(p, wanted, found, why);

	if (!err && p->key == CK_INVALID_HANDLE && wanted)
		err = find_by_modulus(p, wanted, why);
	if (err)
		return err;
	if (p->key == CK_INVALID_HANDLE)
		return fail_set(why, ERR_NOTFOUND, "token %s: it holds no RSA key %s%s", p->token,
			wanted ? "of " : "with a certificate beside it",
			wanted ? cert_subject(wanted) : "");
	if (p->module->C_GetAttributeValue(p->session, p->key, &get, 1) == CKR_OK)
		p->always_pin = always == CK_TRUE;
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
	return p->module->C_Sign(
		p->session, (CK_BYTE *)(uintptr_t)info.ptr, (CK_ULONG)info.len, out, len);
}

static CK_RV sign_pieces(struct p11_keystore *p, const struct span *pieces, size_t count,
	uint8_t *out, CK_ULONG *len)
{
	CK_RV rv = CKR_OK;
	size_t i;

	for (i = 0; i < count && rv == CKR_OK; i++)
		if (pieces[i].len)
			rv = p->module->C_SignUpdate(p->session,
				(CK_BYTE *)(uintptr_t)pieces[i].ptr, (CK_ULONG)pieces[i].len);
	return rv == CKR_OK ? p->module->C_SignFinal(p->session, out, len) : rv;
}

static enum err p11_sign(struct keystore *ks, const char *name, enum digest_alg alg,
	const struct span *pieces, size_t count, struct buf *signature, struct fail *why)
{
	static const CK_MECHANISM_TYPE hashing[] = {
		0, CKM_SHA1_RSA_PKCS, CKM_SHA256_RSA_PKCS, CKM_SHA512_RSA_PKCS};
	struct p11_keystore *p = (struct p11_keystore *)ks;
	CK_MECHANISM mechanism = {.mechanism = CKM_RSA_PKCS};
	uint8_t info[32 + DIGEST_MAX], out[SIGNATURE_MAX];
	size_t info_len = digest_info(alg, pieces, count, info);
	CK_ULONG len = sizeof(out);
	enum err err = ERR_OK;
	bool whole;
	CK_RV rv;

	if (strcmp(name, p->token) != 0)
		return fail_set(
			why, ERR_NOTFOUND, "key %.80s: there is only that of %s", name, p->token);
	if (!info_len)
		return fail_set(why, ERR_UNSUPPORTED, "token %s: digest %d", p->token, (int)alg);
	rv = p->module->C_SignInit(p->session, &mechanism, p->key);
	/* Some tokens insist on hashing by themselves. */
	whole = rv == CKR_MECHANISM_INVALID;
	if (whole) {
		mechanism.mechanism = hashing[alg];
		rv = p->module->C_SignInit(p->session, &mechanism, p->key);
	}
	if (rv == CKR_OK && p->always_pin)
		err = log_in(p, CKU_CONTEXT_SPECIFIC, why);
	if (err)
		return err;
	if (rv == CKR_OK)
		rv = whole ? sign_pieces(p, pieces, count, out, &len)
			   : sign_info(p, span_of(info, info_len), out, &len);
	if (rv != CKR_OK)
		return p11_fail(p, rv, "cannot sign", why);
	buf_put(signature, span_of(out, len));
	return buf_check(signature);
}

static enum err p11_decrypt(struct keystore *ks, const char *name, struct span sealed, size_t want,
	struct buf *plain, struct fail *why)
{
	return fail_set(why, ERR_UNSUPPORTED, "token %s: its key only signs",
		((struct p11_keystore *)ks)->token);
}

static enum err p11_generate(struct keystore *ks, const char *name, enum key_type type,
	unsigned bits, struct buf *spki, struct fail *why)
{
	return fail_set(why, ERR_UNSUPPORTED, "token %s: make its key with its maker's program",
		((struct p11_keystore *)ks)->token);
}

enum err keystore_p11_open(
	struct keystore **out, const struct p11_request *r, struct cert **cert, struct fail *why)
{
	struct p11_keystore *p = mem_new(sizeof(*p));
	struct cert *found = NULL;
	enum err err;

	if (!p)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	p->ks = (struct keystore){
		.kind = "pkcs11",
		.sign = p11_sign,
		.decrypt = p11_decrypt,
		.generate = p11_generate,
		.free = p11_free,
	};
	p->key = CK_INVALID_HANDLE;
	p->token = mem_strdup(r->token);
	p->pin = mem_strdup(r->pin);
	err = p->token && p->pin ? load_kit(&p->kit, why)
				 : fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	if (!err)
		err = load_module(p, r->module, why);
	if (!err)
		err = open_session(p, why);
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
