/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/issue_priv.h"
#include "crypto/cert_priv.h"

#include <openssl/x509v3.h>

#define SERIAL_LEN 16u

#define DER_EXTENSIONS 0xA3

struct profile {
	const char *basic_constraints, *key_usage, *ext_key_usage; /* NULL: left out */
};

static const struct profile profiles[] = {
	[ISSUE_SAST] = {"critical,CA:FALSE", "critical,digitalSignature", NULL},
	[ISSUE_CALLMANAGER] = {"critical,CA:FALSE",
		"critical,digitalSignature,keyEncipherment,dataEncipherment",
		"serverAuth,clientAuth"},
	[ISSUE_CAPF] = {"critical,CA:TRUE,pathlen:0", "critical,digitalSignature,keyCertSign",
		"serverAuth,ipsecEndSystem"},
	[ISSUE_LSC] = {"critical,CA:FALSE", "critical,digitalSignature,keyEncipherment",
		"serverAuth,clientAuth,ipsecEndSystem"},
};

/* AlgorithmIdentifier of the signature, RFC 8017 A.2.4 and RFC 5758. */
static const uint8_t alg_rsa_sha1[] = {
	0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x05, 0x05, 0x00};
static const uint8_t alg_rsa_sha256[] = {
	0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B, 0x05, 0x00};
static const uint8_t alg_ec_sha1[] = {
	0x30, 0x09, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x01};
static const uint8_t alg_ec_sha256[] = {
	0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02};

struct span issue_algorithm(const struct issue_request *r)
{
	if (r->digest == DIGEST_SHA1)
		return r->issuer_is_rsa ? span_of(alg_rsa_sha1, sizeof(alg_rsa_sha1))
					: span_of(alg_ec_sha1, sizeof(alg_ec_sha1));
	return r->issuer_is_rsa ? span_of(alg_rsa_sha256, sizeof(alg_rsa_sha256))
				: span_of(alg_ec_sha256, sizeof(alg_ec_sha256));
}

void issue_der_head(struct buf *out, uint8_t tag, size_t len)
{
	buf_u8(out, tag);
	if (len < 0x80) {
		buf_u8(out, (uint8_t)len);
	} else if (len < 0x100) {
		buf_u8(out, 0x81);
		buf_u8(out, (uint8_t)len);
	} else {
		buf_u8(out, 0x82);
		buf_be16(out, (uint16_t)len);
	}
}

void issue_der_wrap(struct buf *out, uint8_t tag, const struct buf *content)
{
	issue_der_head(out, tag, content->len);
	buf_put(out, buf_span(content));
}

static enum err put_serial(struct buf *out)
{
	uint8_t serial[SERIAL_LEN];
	enum err err = random_bytes(serial, sizeof(serial));

	/* Positive, and never shorter than it looks. */
	serial[0] = (serial[0] & 0x7F) | 0x40;
	issue_der_head(out, V_ASN1_INTEGER, sizeof(serial));
	buf_put(out, span_of(serial, sizeof(serial)));
	return err;
}

static enum err put_name(const X509_NAME *name, struct buf *out)
{
	int len = i2d_X509_NAME(name, NULL);
	uint8_t *at = len > 0 ? buf_grow(out, (size_t)len) : NULL;

	if (len <= 0)
		return ERR_CRYPTO;
	if (!at)
		return buf_check(out);
	return i2d_X509_NAME(name, &at) == len ? ERR_OK : ERR_CRYPTO;
}

static enum err put_issuer(const struct cert *issuer, struct buf *out)
{
	const X509 *x509 = cert_get_x509(issuer);

	return x509 ? put_name(X509_get_subject_name(x509), out) : ERR_NOMEM;
}

static bool tells_place(int nid)
{
	return nid == NID_countryName || nid == NID_stateOrProvinceName ||
	       nid == NID_localityName || nid == NID_organizationName ||
	       nid == NID_organizationalUnitName;
}

/* Its attributes in their order, with the strings' own types. */
static enum err copy_place(const struct cert *issuer, X509_NAME *to)
{
	const X509 *x509 = cert_get_x509(issuer);
	const X509_NAME *from = x509 ? X509_get_subject_name(x509) : NULL;
	int i, count = from ? X509_NAME_entry_count(from) : 0;

	for (i = 0; i < count; i++) {
		const X509_NAME_ENTRY *e = X509_NAME_get_entry(from, i);

		if (tells_place(OBJ_obj2nid(X509_NAME_ENTRY_get_object(e))) &&
			X509_NAME_add_entry(to, e, -1, 0) != 1)
			return ERR_CRYPTO;
	}
	return from ? ERR_OK : ERR_NOMEM;
}

enum err issue_subject(const struct issue_request *r, struct buf *out, struct fail *why)
{
	const struct issue_name *n = &r->subject;
	const struct {
		int nid;
		const char *key, *value;
	} parts[] = {
		{NID_countryName, "C", n->c},
		{NID_stateOrProvinceName, "ST", n->st},
		{NID_localityName, "L", n->l},
		{NID_organizationName, "O", n->o},
		{NID_organizationalUnitName, "OU", n->ou},
		{NID_commonName, "CN", n->cn},
	};
	X509_NAME *name = X509_NAME_new();
	enum err err = name ? ERR_OK : ERR_NOMEM;
	size_t i;

	if (!err && r->like_issuer && r->issuer)
		err = copy_place(r->issuer, name);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]) && !err; i++) {
		if (!parts[i].value)
			continue;
		if (X509_NAME_add_entry_by_NID(name, parts[i].nid, MBSTRING_UTF8,
			    (const unsigned char *)parts[i].value, -1, -1, 0) != 1) {
			fail_set(why, ERR_ARG, "subject: %s=%.80s is empty, too long or not UTF-8",
				parts[i].key, parts[i].value);
			err = ERR_ARG;
		}
	}
	if (!err && !X509_NAME_entry_count(name))
		err = fail_set(why, ERR_ARG, "subject: empty");
	if (!err)
		err = put_name(name, out);
	X509_NAME_free(name);
	return err;
}

static enum err put_time(int64_t seconds, struct buf *out, struct fail *why)
{
	ASN1_TIME *t = ASN1_TIME_set(NULL, (time_t)seconds);

	if (!t)
		return ossl_fail(why, ERR_ARG, "validity: date");
	issue_der_head(out, (uint8_t)ASN1_STRING_type(t), (size_t)ASN1_STRING_length(t));
	buf_put(out, span_of(ASN1_STRING_get0_data(t), (size_t)ASN1_STRING_length(t)));
	ASN1_TIME_free(t);
	return buf_check(out);
}

static enum err put_validity(const struct issue_request *r, struct buf *out, struct fail *why)
{
	int64_t end = r->not_after;
	struct buf times = {0};
	enum err err;

	if (r->issuer && end > cert_not_after(r->issuer))
		end = cert_not_after(r->issuer);
	if (end < r->not_before)
		return fail_set(why, ERR_ARG, "validity: ends before it begins%s",
			r->issuer ? " (it is cut at the issuer's end)" : "");
	err = put_time(r->not_before, &times, why);
	if (!err)
		err = put_time(end, &times, why);
	issue_der_wrap(out, DER_SEQUENCE, &times);
	buf_fini(&times);
	return err ? err : buf_check(out);
}

/* Takes the extension; NULL is a failure. */
static bool push(STACK_OF(X509_EXTENSION) * list, X509_EXTENSION *ext)
{
	if (ext && sk_X509_EXTENSION_push(list, ext) > 0)
		return true;
	X509_EXTENSION_free(ext);
	return false;
}

static bool push_text(STACK_OF(X509_EXTENSION) * list, int nid, const char *value)
{
	return !value || push(list, X509V3_EXT_nconf_nid(NULL, NULL, nid, value));
}

static bool push_subject_key_id(STACK_OF(X509_EXTENSION) * list, struct span spki)
{
	ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
	uint8_t sum[DIGEST_MAX];
	size_t len;
	bool good = id && public_key_id(spki, sum, &len) == ERR_OK &&
		    ASN1_OCTET_STRING_set(id, sum, (int)len) == 1 &&
		    push(list, X509V3_EXT_i2d(NID_subject_key_identifier, 0, id));

	ASN1_OCTET_STRING_free(id);
	return good;
}

static bool push_authority_key_id(STACK_OF(X509_EXTENSION) * list, const struct cert *issuer)
{
	X509 *x509 = cert_get_x509(issuer);
	const ASN1_OCTET_STRING *id = x509 ? X509_get0_subject_key_id(x509) : NULL;
	AUTHORITY_KEYID *ext;
	bool good;

	if (!x509)
		return false;
	if (!id)
		return true;
	ext = AUTHORITY_KEYID_new();
	if (ext)
		ext->keyid = ASN1_OCTET_STRING_dup(id);
	good = ext && ext->keyid &&
	       push(list, X509V3_EXT_i2d(NID_authority_key_identifier, 0, ext));
	AUTHORITY_KEYID_free(ext);
	return good;
}

static bool push_uri(STACK_OF(X509_EXTENSION) * list, const char *uri)
{
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *name = GENERAL_NAME_new();
	bool good = false;

	if (text && names && name && ASN1_STRING_set(text, uri, -1) == 1 &&
		sk_GENERAL_NAME_push(names, name) > 0) {
		GENERAL_NAME_set0_value(name, GEN_URI, text);
		text = NULL;
		name = NULL;
		good = push(list, X509V3_EXT_i2d(NID_subject_alt_name, 0, names));
	}
	ASN1_IA5STRING_free(text);
	GENERAL_NAME_free(name);
	GENERAL_NAMES_free(names);
	return good;
}

enum err issue_extensions(const struct issue_request *r, const struct cert *issuer, struct buf *out)
{
	const struct profile *p = &profiles[r->kind];
	STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
	enum err err = ERR_CRYPTO;
	uint8_t *at;
	int len;

	if (!list || !push_text(list, NID_basic_constraints, p->basic_constraints) ||
		!push_text(list, NID_key_usage, p->key_usage) ||
		!push_text(list, NID_ext_key_usage, p->ext_key_usage) ||
		!push_subject_key_id(list, r->spki) ||
		(issuer && !push_authority_key_id(list, issuer)) ||
		(r->san_uri && !push_uri(list, r->san_uri)))
		goto out;
	len = i2d_X509_EXTENSIONS(list, NULL);
	if (len <= 0)
		goto out;
	at = buf_grow(out, (size_t)len);
	if (at && i2d_X509_EXTENSIONS(list, &at) != len)
		goto out;
	err = buf_check(out);
out:
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	return err;
}

static enum err put_extensions(const struct issue_request *r, struct buf *out)
{
	struct buf content = {0};
	enum err err = issue_extensions(r, r->issuer, &content);

	if (!err)
		issue_der_wrap(out, DER_EXTENSIONS, &content);
	buf_fini(&content);
	return err ? err : buf_check(out);
}

enum err issue_check(const struct issue_request *r, struct fail *why)
{
	uint8_t id[DIGEST_MAX];
	size_t len;
	const char *c;

	if ((unsigned)r->kind > ISSUE_LSC)
		return fail_set(why, ERR_ARG, "certificate: unknown kind");
	if (r->digest != DIGEST_SHA1 && r->digest != DIGEST_SHA256)
		return fail_set(why, ERR_UNSUPPORTED,
			"certificate: it is signed over SHA-1 or SHA-256, nothing else");
	for (c = r->san_uri; c && *c; c++)
		if (*c <= 0x20 || *c >= 0x7F)
			return fail_set(why, ERR_ARG, "alternative name: not a URI");
	return public_key_id(r->spki, id, &len) == ERR_OK
		       ? ERR_OK
		       : fail_set(why, ERR_FORMAT, "public key: cannot be read");
}

enum err issue_tbs(const struct issue_request *r, struct buf *tbs, struct fail *why)
{
	static const uint8_t version_3[] = {0xA0, 0x03, 0x02, 0x01, 0x02};
	struct buf body = {0}, subject = {0};
	enum err err = issue_check(r, why);

	if (err)
		return err;
	err = issue_subject(r, &subject, why);
	if (err)
		goto out;
	buf_put(&body, span_of(version_3, sizeof(version_3)));
	err = put_serial(&body);
	if (err)
		goto out;
	buf_put(&body, issue_algorithm(r));
	if (r->issuer)
		err = put_issuer(r->issuer, &body);
	else
		buf_put(&body, buf_span(&subject));
	if (!err)
		err = put_validity(r, &body, why);
	if (err)
		goto out;
	buf_put(&body, buf_span(&subject));
	buf_put(&body, r->spki);
	err = put_extensions(r, &body);
	if (!err && body.len > CERT_SIZE_MAX)
		err = fail_set(why, ERR_LIMIT, "certificate: longer than %u bytes", CERT_SIZE_MAX);
	if (err)
		goto out;
	issue_der_wrap(tbs, DER_SEQUENCE, &body);
	err = buf_check(tbs);
out:
	buf_fini(&body);
	buf_fini(&subject);
	return err ? ossl_fail(why, err, "certificate: cannot be made") : ERR_OK;
}

enum err issue_assemble(struct cert **out, const struct issue_request *r, struct span tbs,
	struct span signature, struct fail *why)
{
	struct buf body = {0}, whole = {0};
	struct cert *c = NULL;
	enum err err;

	if (tbs.len > CERT_SIZE_MAX || signature.len > CERT_SIZE_MAX)
		return fail_set(why, ERR_LIMIT, "certificate: longer than %u bytes", CERT_SIZE_MAX);
	buf_put(&body, tbs);
	buf_put(&body, issue_algorithm(r));
	issue_der_head(&body, DER_BIT_STRING, signature.len + 1);
	buf_u8(&body, 0); /* no unused bits */
	buf_put(&body, signature);
	issue_der_wrap(&whole, DER_SEQUENCE, &body);
	err = buf_check(&body) ? buf_check(&body) : buf_check(&whole);
	if (!err)
		err = cert_from_der(&c, buf_span(&whole), why);
	/* A signer that used another key is found out here, not at the first phone. */
	if (!err) {
		const struct cert *by = r->issuer ? r->issuer : c;

		err = cert_key_is_rsa(by) != r->issuer_is_rsa
			      ? ERR_VERIFY
			      : cert_check_signature(by, r->digest, &tbs, 1, signature);
	}
	if (err) {
		fail_set(why, err, "certificate: %s", err_text(err));
		cert_free(c);
	} else {
		*out = c;
	}
	buf_fini(&body);
	buf_fini(&whole);
	return err;
}

enum err issue_now(struct cert **out, const struct issue_request *r, struct signer *s,
	const char *key_name, struct fail *why)
{
	struct buf tbs = {0}, signature = {0};
	struct span piece;
	enum err err = issue_tbs(r, &tbs, why);

	if (err)
		goto out;
	piece = buf_span(&tbs);
	err = signer_sign_now(s, key_name, r->digest, &piece, 1, &signature, why);
	if (!err)
		err = issue_assemble(out, r, piece, buf_span(&signature), why);
out:
	buf_fini(&tbs);
	buf_fini(&signature);
	return err;
}
