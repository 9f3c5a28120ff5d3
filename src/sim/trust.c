/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/trust.h"

#include "crypto/digest.h"
#include "sim/ossl.h"

#define SHA1_ONLY (1u << TLV_SHA1)
#define ALL       (1u << TLV_SHA1 | 1u << TLV_SHA256 | 1u << TLV_SHA512)

#define ROLE_SAST  (1u << TLV_ROLE_SAST)
#define ROLE_FILES (1u << TLV_ROLE_TFTP | 1u << TLV_ROLE_CCM_TFTP)
#define ROLE_CCM   (1u << TLV_ROLE_CCM | 1u << TLV_ROLE_CCM_TFTP)
#define ROLE_CAPF  (1u << TLV_ROLE_CAPF)
#define ROLE_TVS   (1u << TLV_ROLE_TVS)

/* Device types whose firmware checks SHA-1 signatures only; all others are taken to check all. */
static const int sha1_models[] = {
	7, 8, 115, 118, 119, 307, 308, 309, 348, 369, 404, 434, 435, 436, 437, 30006, 30018};

unsigned sim_model_digests(int model)
{
	for (size_t i = 0; i < sizeof(sha1_models) / sizeof(sha1_models[0]); i++) {
		if (sha1_models[i] == model)
			return SHA1_ONLY;
	}
	return ALL;
}

static bool has_role(const struct tlv_record *r, unsigned roles)
{
	return r->role < 32 && (roles & 1u << r->role);
}

static X509 *parse_cert(struct span der)
{
	const unsigned char *p = der.ptr;
	X509 *cert = NULL;

	if (der.len == 0 || der.len > INT32_MAX)
		return NULL;
	cert = d2i_X509(NULL, &p, (long)der.len);
	if (cert && p != der.ptr + der.len) {
		X509_free(cert);
		return NULL;
	}
	return cert;
}

static enum err check_dates(const struct sim_judge *judge, const X509 *cert, struct fail *why)
{
	time_t now = (time_t)judge->now;

	if (!judge->dates)
		return ERR_OK;
	if (X509_cmp_time(X509_get0_notBefore(cert), &now) >= 0)
		return fail_set(why, ERR_EXPIRED, "the certificate is not valid yet");
	if (X509_cmp_time(X509_get0_notAfter(cert), &now) <= 0)
		return fail_set(why, ERR_EXPIRED, "the certificate has expired");
	return ERR_OK;
}

/* True when tag 7 is the key of the certificate in tag 9: a record that contradicts itself proves
 * nothing. */
static bool same_key(EVP_PKEY *key, struct span list_key)
{
	unsigned char *der = NULL;
	int len = i2d_PublicKey(key, &der);
	bool same = len > 0 && span_eq(span_of(der, (size_t)len), list_key);

	OPENSSL_free(der);
	return same;
}

/* The key that a record stands for; the caller frees it. NULL with the reason in *why. */
static EVP_PKEY *record_key(
	const struct sim_judge *judge, const struct tlv_record *r, struct fail *why)
{
	EVP_PKEY *key = NULL;
	X509 *cert = NULL;
	const unsigned char *p = r->public_key.ptr;

	if (r->has & TLV_HAS(9)) {
		cert = parse_cert(r->certificate);
		if (!cert) {
			(void)fail_set(why, ERR_FORMAT, "the signer's certificate cannot be read");
			return NULL;
		}
		if (check_dates(judge, cert, why) == ERR_OK)
			key = X509_get_pubkey(cert);
		if (key && (r->has & TLV_HAS(7)) && !same_key(key, r->public_key)) {
			(void)fail_set(
				why, ERR_TRUST, "the signer's record contradicts its certificate");
			EVP_PKEY_free(key);
			key = NULL;
		}
		X509_free(cert);
	} else if ((r->has & TLV_HAS(7)) && r->public_key.len < INT32_MAX) {
		key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, (long)r->public_key.len);
	}
	if (!key)
		(void)fail_set(why, ERR_TRUST, "the signer's record holds no usable key");
	ERR_clear_error();
	return key;
}

static const EVP_MD *digest_md(unsigned code)
{
	switch (code) {
	case TLV_SHA1: return EVP_sha1();
	case TLV_SHA256: return EVP_sha256();
	case TLV_SHA512: return EVP_sha512();
	default: return NULL;
	}
}

static enum err check_signature(
	EVP_PKEY *key, const struct tlv_header *h, struct span file, struct fail *why)
{
	struct span pieces[2];
	EVP_MD_CTX *ctx = NULL;
	enum err err = ERR_OK;

	if (!EVP_PKEY_is_a(key, "RSA"))
		return fail_set(why, ERR_UNSUPPORTED, "the signer's key is not RSA");
	ctx = EVP_MD_CTX_new();
	if (!ctx)
		return fail_set(why, ERR_NOMEM, "out of memory");
	tlv_signed_pieces(file, h, pieces);
	if (EVP_DigestVerifyInit(ctx, NULL, digest_md(h->digest), NULL, key) != 1 ||
		EVP_DigestVerifyUpdate(ctx, pieces[0].ptr, pieces[0].len) != 1 ||
		EVP_DigestVerifyUpdate(ctx, pieces[1].ptr, pieces[1].len) != 1)
		err = fail_set(why, ERR_CRYPTO, "the signature cannot be computed");
	else if (EVP_DigestVerifyFinal(ctx, h->signature.ptr, h->signature.len) != 1)
		err = fail_set(why, ERR_VERIFY, "the signature does not verify");
	EVP_MD_CTX_free(ctx);
	/* What is left in the thread's queue would be taken for a failure of its TLS connections.
	 */
	ERR_clear_error();
	return err;
}

/* Looks for the header's signer among the records of `roles` in one list. ERR_NOTFOUND: not there;
 * otherwise the outcome of its signature (any record that bears it out is enough). */
static enum err signed_by(const struct sim_judge *judge, struct span list_bytes, unsigned roles,
	const struct tlv_header *h, struct span file, struct fail *why)
{
	struct tlv_list list;
	struct tlv_iter it;
	struct tlv_record r;
	enum err err = ERR_NOTFOUND;

	if (list_bytes.len == 0 || tlv_parse(&list, list_bytes, NULL))
		return ERR_NOTFOUND;
	tlv_iter_init(&it, &list);
	while (err != ERR_OK && tlv_iter_next(&it, &r)) {
		struct fail reason = {0};
		EVP_PKEY *key = NULL;

		if (!has_role(&r, roles) || !span_eq(r.subject, h->signer_name) ||
			!span_eq(r.issuer, h->issuer_name) || !span_eq(r.serial, h->serial))
			continue;
		key = record_key(judge, &r, &reason);
		err = key ? check_signature(key, h, file, &reason) : reason.code;
		EVP_PKEY_free(key);
		if (err)
			(void)fail_set(why, err, "%s", reason.text);
	}
	if (err == ERR_OK)
		fail_clear(why);
	return err;
}

static enum err can_check(
	const struct sim_judge *judge, const struct tlv_header *h, struct fail *why)
{
	if (h->digest > TLV_SHA512 || !(judge->digests & 1u << h->digest))
		return fail_set(why, ERR_UNSUPPORTED,
			"this model cannot check digest algorithm %u of the signature", h->digest);
	if (h->algorithm != 0)
		return fail_set(why, ERR_UNSUPPORTED,
			"this model cannot check signature algorithm %u", h->algorithm);
	return ERR_OK;
}

static enum err signed_by_held(const struct sim_judge *judge, const struct sim_held *held,
	unsigned roles, const struct tlv_header *h, struct span file, struct fail *why)
{
	enum err err = can_check(judge, h, why);

	if (err)
		return err;
	err = signed_by(judge, held->ctl, roles, h, file, why);
	if (err == ERR_NOTFOUND)
		err = signed_by(judge, held->itl, roles, h, file, why);
	if (err == ERR_NOTFOUND)
		err = fail_set(
			why, ERR_TRUST, "the signer is not in the held trust list for this role");
	return err;
}

enum sim_verdict sim_trust_list(const struct sim_judge *judge, const struct sim_held *held,
	struct span offered, const char *filename, struct fail *why)
{
	struct tlv_list list;
	bool ctl = strcmp(filename, "CTLFile.tlv") == 0;
	enum err err;

	if (offered.len && span_eq(offered, ctl ? held->ctl : held->itl))
		return SIM_LIST_SAME;
	if (tlv_parse(&list, offered, why))
		return SIM_LIST_UNREADABLE;
	if (!span_eq(list.header.filename, span_str(filename))) {
		(void)fail_set(
			why, ERR_FORMAT, "the list says it is another file than %s", filename);
		return SIM_LIST_UNREADABLE;
	}
	if (held->ctl.len || held->itl.len) {
		err = signed_by_held(judge, held, ROLE_SAST, &list.header, offered, why);
		/* A token-era CTL names the ITL's signer as the server that signs files. */
		if (err == ERR_TRUST && !ctl &&
			signed_by(judge, held->ctl, ROLE_FILES, &list.header, offered, why) ==
				ERR_OK)
			err = ERR_OK;
	} else {
		err = can_check(judge, &list.header, why);
		if (err == ERR_OK)
			err = signed_by(judge, offered, ROLE_SAST, &list.header, offered, why);
		if (err == ERR_NOTFOUND)
			(void)fail_set(
				why, ERR_TRUST, "the list holds no SAST record of its signer");
	}
	return err ? SIM_LIST_UNVERIFIED : SIM_LIST_NEW;
}

enum err sim_trust_file(const struct sim_judge *judge, const struct sim_held *held,
	const struct tlv_header *header, struct span file, const char *asked, struct fail *why)
{
	if (!span_eq(header->filename, span_str(asked)))
		return fail_set(why, ERR_TRUST, "signed for another name than %s", asked);
	return signed_by_held(judge, held, ROLE_FILES, header, file, why);
}

static bool record_is_cert(const struct tlv_record *r, struct span der)
{
	uint8_t hash[DIGEST_MAX];
	unsigned alg;
	size_t len;

	if (r->has & TLV_HAS(9))
		return span_eq(r->certificate, der);
	alg = (r->has & TLV_HAS(12)) ? r->hash_algorithm : TLV_SHA1;
	if (!(r->has & TLV_HAS(11)) || alg < TLV_SHA1 || alg > TLV_SHA512)
		return false;
	len = digest_one((enum digest_alg)alg, der, hash);
	return len > 0 && span_eq(r->cert_hash, span_of(hash, len));
}

static bool list_has_server(struct span list_bytes, unsigned roles, struct span der)
{
	struct tlv_list list;
	struct tlv_iter it;
	struct tlv_record r;

	if (list_bytes.len == 0 || tlv_parse(&list, list_bytes, NULL))
		return false;
	tlv_iter_init(&it, &list);
	while (tlv_iter_next(&it, &r)) {
		if (has_role(&r, roles) && record_is_cert(&r, der))
			return true;
	}
	return false;
}

unsigned sim_trust_roles_list(void)
{
	return ROLE_SAST;
}

unsigned sim_trust_roles_file(void)
{
	return ROLE_FILES;
}

unsigned sim_trust_roles_server(enum sim_server server)
{
	switch (server) {
	case SIM_SERVER_CAPF: return ROLE_CAPF;
	case SIM_SERVER_TVS: return ROLE_TVS;
	case SIM_SERVER_CCM:
	default: return ROLE_CCM;
	}
}

/* True when a list holds any record of that role. */
static bool list_has_role(struct span list_bytes, unsigned roles)
{
	struct tlv_list list;
	struct tlv_iter it;
	struct tlv_record r;

	if (list_bytes.len == 0 || tlv_parse(&list, list_bytes, NULL))
		return false;
	tlv_iter_init(&it, &list);
	while (tlv_iter_next(&it, &r))
		if (has_role(&r, roles))
			return true;
	return false;
}

bool sim_trust_has_tvs(const struct sim_held *held)
{
	return list_has_role(held->itl, ROLE_TVS);
}

enum err sim_trust_vouched(const struct sim_judge *judge, const struct tlv_header *h,
	struct span file, struct span der, struct fail *why)
{
	X509 *cert = NULL;
	EVP_PKEY *key = NULL;
	BIGNUM *named = NULL, *own = NULL;
	enum err err = can_check(judge, h, why);

	if (err)
		return err;
	cert = parse_cert(der);
	key = cert ? X509_get_pubkey(cert) : NULL;
	named = BN_bin2bn(h->serial.ptr, (int)h->serial.len, NULL);
	own = cert ? ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL) : NULL;
	if (!key)
		err = fail_set(why, ERR_FORMAT, "the certificate from TVS cannot be read");
	else if (!named || !own || BN_cmp(named, own) != 0)
		err = fail_set(why, ERR_TRUST, "TVS answered with another certificate");
	if (!err)
		err = check_dates(judge, cert, why);
	if (!err)
		err = check_signature(key, h, file, why);
	BN_free(named);
	BN_free(own);
	EVP_PKEY_free(key);
	X509_free(cert);
	ERR_clear_error();
	return err;
}

enum err sim_trust_server(const struct sim_judge *judge, const struct sim_held *held,
	enum sim_server server, struct span der, struct fail *why)
{
	static const char *const names[] = {
		[SIM_SERVER_CAPF] = "CAPF", [SIM_SERVER_CCM] = "CCM", [SIM_SERVER_TVS] = "TVS"};
	unsigned roles = sim_trust_roles_server(server);
	bool in_ctl = server != SIM_SERVER_TVS && list_has_server(held->ctl, roles, der);
	X509 *cert = NULL;
	enum err err;

	if (!in_ctl && !list_has_server(held->itl, roles, der))
		return fail_set(why, ERR_TRUST,
			"the server's certificate is not in the trust list with role %s",
			names[server]);
	cert = parse_cert(der);
	if (!cert)
		return fail_set(why, ERR_FORMAT, "the server's certificate cannot be read");
	err = check_dates(judge, cert, why);
	X509_free(cert);
	ERR_clear_error();
	return err;
}

static bool list_file_signer(struct span list_bytes)
{
	const uint32_t named = TLV_HAS(7) | TLV_HAS(9);
	struct tlv_list list;
	struct tlv_iter it;
	struct tlv_record r;

	if (list_bytes.len == 0 || tlv_parse(&list, list_bytes, NULL))
		return false;
	tlv_iter_init(&it, &list);
	while (tlv_iter_next(&it, &r)) {
		if (has_role(&r, ROLE_FILES) && (r.has & named))
			return true;
	}
	return false;
}

bool sim_trust_file_signer(const struct sim_held *held)
{
	return list_file_signer(held->ctl) || list_file_signer(held->itl);
}

static bool list_address(struct span list_bytes, const char *name, uint8_t address[4])
{
	struct tlv_list list;
	struct tlv_iter it;
	struct tlv_record r;

	if (list_bytes.len == 0 || tlv_parse(&list, list_bytes, NULL))
		return false;
	tlv_iter_init(&it, &list);
	while (tlv_iter_next(&it, &r)) {
		if ((r.has & TLV_HAS(2)) && (r.has & TLV_HAS(10)) && r.address.len == 4 &&
			span_eq(r.dns, span_str(name))) {
			memcpy(address, r.address.ptr, 4);
			return true;
		}
	}
	return false;
}

bool sim_trust_address(const struct sim_held *held, const char *name, uint8_t address[4])
{
	return list_address(held->ctl, name, address) || list_address(held->itl, name, address);
}
