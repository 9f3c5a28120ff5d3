/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/enrol/proof.h"

#include "base/str.h"
#include "store/capf.h"

#define INNER_TYPE_MIC 2
#define HASH_HEAD      3u /* of SHA2_SIGNED_DATA: hash code, length */

bool proof_names(const struct cert *c, const char *device)
{
	const char *name = cert_common_name(c);
	size_t len = strlen(name), want = strlen(device);

	return len >= want && str_ieq(name + len - want, device) &&
	       (len == want || name[len - want - 1] == '-');
}

static enum err refuse(struct proof *p, enum enrol_outcome outcome, const char *text)
{
	p->kind = 0;
	p->outcome = outcome;
	if (!p->why.code)
		fail_set(&p->why, ERR_DENIED, "%s", text);
	return ERR_OK;
}

/* SHA2_SIGNED_DATA names its digest; the length must be that of what follows. */
static bool split(struct span in, enum digest_alg *alg, struct span *signature)
{
	if (in.len < HASH_HEAD || in.ptr[0] < DIGEST_SHA1 || in.ptr[0] > DIGEST_SHA512 ||
		((size_t)in.ptr[1] << 8 | in.ptr[2]) != in.len - HASH_HEAD)
		return false;
	*alg = (enum digest_alg)in.ptr[0];
	*signature = span_of(in.ptr + HASH_HEAD, in.len - HASH_HEAD);
	return true;
}

static bool signatures_hold(const struct cert *c, const struct capf_message *m)
{
	const struct span pieces[] = {m->device_name, span_of("", 1), m->certificate};
	enum digest_alg alg;
	struct span signature;

	if ((m->has & CAPF_HAS(CAPF_E_SIGNED_DATA)) &&
		cert_check_bare_signature(c, DIGEST_SHA1, pieces, 3, m->signed_data) != ERR_OK)
		return false;
	if (!(m->has & CAPF_HAS(CAPF_E_SHA2_SIGNED_DATA)))
		return true;
	return split(m->sha2_signed_data, &alg, &signature) &&
	       cert_check_bare_signature(c, alg, pieces, 3, signature) == ERR_OK;
}

/* Issued by an own authority, or by a manufacturer; which of them decides of what kind it is. */
static enum err judge_issuer(struct cluster *c, const struct lsc_issuers *issuers, struct proof *p)
{
	struct fail lsc = {0}, mic = {0};

	if (lsc_issuers_find(issuers, p->cert, &p->issuer, &lsc) == ERR_OK) {
		p->kind = STORE_LSC;
		return ERR_OK;
	}
	if (manufacturer_check(c, p->cert, &p->issuer, p->expired, &mic) == ERR_OK) {
		p->kind = STORE_MIC;
		return ERR_OK;
	}
	return ERR_TRUST;
}

static enum err judge_dates(struct cluster *c, struct proof *p, struct fail *why)
{
	int64_t now = clock_seconds(cluster_get_clock(c));
	enum mic_expiry policy;
	enum err err;

	if (p->kind == STORE_LSC) {
		if (cert_valid_at(p->cert, now) && cert_valid_at(p->issuer, now))
			return ERR_OK;
		return refuse(p, ENROL_BAD_LSC, "the LSC, or its issuer, is not valid now");
	}
	err = mic_expiry_parse(cluster_get_settings(c)->mic_expiry, &policy, why);
	if (err)
		return err;
	if (p->expired[0] && policy == MIC_EXPIRY_REJECT) {
		fail_set(&p->why, ERR_EXPIRED, "%s (setting mic_expiry: reject)", p->expired);
		return refuse(p, ENROL_BAD_MIC, "");
	}
	return ERR_OK;
}

static bool looks_like_mic(const struct capf_message *m, const struct cert *c)
{
	return m->certificate_type == INNER_TYPE_MIC || strstr(cert_issuer(c), "Manufacturing") ||
	       strncmp(cert_common_name(c), "CP-", 3) == 0;
}

static enum err judge(struct cluster *c, const char *device, const struct capf_message *m,
	struct proof *p, struct fail *why)
{
	struct lsc_issuers *issuers = NULL;
	enum enrol_outcome bad;
	enum err err;

	if (cert_from_der(&p->cert, m->certificate, &p->why) != ERR_OK)
		return refuse(p, ENROL_BAD_CREDENTIALS, "the certificate cannot be read");
	bad = looks_like_mic(m, p->cert) ? ENROL_BAD_MIC : ENROL_BAD_LSC;
	err = lsc_issuers_load(&issuers, c, why);
	if (!err && judge_issuer(c, issuers, p) != ERR_OK) {
		fail_set(&p->why, ERR_TRUST,
			"%.60s was issued by %.60s, which is no CAPF and no manufacturer here",
			cert_common_name(p->cert), cert_issuer(p->cert));
		err = refuse(p, bad, "");
	} else if (!err) {
		bad = p->kind == STORE_MIC ? ENROL_BAD_MIC : ENROL_BAD_LSC;
		if (cert_is_ca(p->cert))
			err = refuse(p, bad, "the certificate is an authority's, not a phone's");
		else if (!proof_names(p->cert, device))
			err = refuse(p, bad, "the certificate is not this device's");
		else if (!signatures_hold(p->cert, m))
			err = refuse(p, ENROL_BAD_CREDENTIALS,
				"the proof that the phone holds the certificate's key is wrong");
		else
			err = judge_dates(c, p, why);
	}
	lsc_issuers_free(issuers);
	return err;
}

enum err proof_check(struct cluster *c, const char *device, const struct capf_message *m,
	struct proof *p, struct fail *why)
{
	memset(p, 0, sizeof(*p));
	p->outcome = ENROL_SUCCESS;
	p->given = (m->has & CAPF_HAS(CAPF_E_CERTIFICATE)) &&
		   (m->has & (CAPF_HAS(CAPF_E_SIGNED_DATA) | CAPF_HAS(CAPF_E_SHA2_SIGNED_DATA)));
	if (!p->given)
		return refuse(p, ENROL_BAD_CREDENTIALS,
			"the phone sent no certificate with a proof, though one is asked for");
	return judge(c, device, m, p, why);
}

void proof_fini(struct proof *p)
{
	cert_free(p->cert);
	cert_free(p->issuer);
	memset(p, 0, sizeof(*p));
}
