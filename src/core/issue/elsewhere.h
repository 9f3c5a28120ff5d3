/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_ISSUE_ELSEWHERE_H
#define CORE_ISSUE_ELSEWHERE_H

#include "base/str.h"
#include "core/issue/lsc.h"
#include "store/capf.h"

/* LSCs that another authority signs. The phone's key waits in the store until the certificate is
 * there; the phone keeps the key and gets the certificate when it calls again. CAPF answers for it
 * that the phone holds the key: the phone signs no request
 * (docs/decisions/0006-lsc-signed-elsewhere.md). All block. */

/* Who signs, by the setting capf_ca: "own", "offline", "est". ERR_FORMAT. */
enum lsc_authority { LSC_OWN, LSC_OFFLINE, LSC_EST };
enum err lsc_authority_parse(const char *word, enum lsc_authority *out, struct fail *why) MUST_USE;

/* By the setting: somebody else than CAPF. */
bool lsc_signed_elsewhere(const struct cluster *c);

/* What an authority that answers at once is asked, and what it said. */
struct lsc_ask {
	struct buf request; /* PKCS #10, DER; empty: it need not be asked */
	bool answered;
	struct buf answer; /* as bundle_read takes it */
	enum err err;      /* why there is no answer; ERR_NOTNOW: it has to be asked again later */
	int64_t retry_after; /* seconds, with ERR_NOTNOW: not before */
	struct fail why;
};
void lsc_ask_fini(struct lsc_ask *ask);

/* An LSC for this key, which was checked, from whoever signs now. As lsc_issue; and ERR_NOTNOW when
 * it is not there yet: the request waits for an authority, and with ask->request filled that is to
 * be asked: call again with the answer. ERR_DENIED for an answer that is of no use, or the
 * authority's refusal; what else ask->err says when there is no answer. `ask` is used with LSC_EST
 * only. */
enum err lsc_make(struct cluster *c, const char *device, struct span spki, struct lsc_ask *ask,
	struct cert **out, struct cert **issuer, struct fail *why) MUST_USE;

/* The key that a phone has made already and that waits for its certificate (SubjectPublicKeyInfo);
 * empty for none, or when CAPF signs itself. Appends. */
enum err lsc_waiting(
	struct cluster *c, const char *device, struct buf *spki, struct fail *why) MUST_USE;

/* What is handed to an authority, both in PEM: a request that CAPF has signed, and the phone's key.
 * In the request stands CAPF's own key, so that it verifies, and the certificate must be made for
 * the phone's key (openssl x509 -req -force_pubkey); with `phone_key` the phone's, for authorities
 * that take CAPF's word instead of a proof. ERR_NOTFOUND. */
enum err lsc_request_export(struct cluster *c, const char *device, bool phone_key,
	struct buf *request, struct buf *key, struct fail *why) MUST_USE;
/* Notes that it was handed over. */
enum err lsc_request_exported(struct cluster *c, const char *device, struct fail *why) MUST_USE;

/* A certificate that came back. It is for the phone whose waiting key it holds; `device` tells
 * which. ERR_NOTFOUND when no such key waits; ERR_VERIFY, ERR_TRUST, ERR_EXPIRED, ERR_FORMAT when
 * it is none that the phone could use; ERR_EXISTS when its serial number was given out before. The
 * same one again is no error. */
enum err lsc_import(struct cluster *c, const struct cert *cert, char device[DEVICE_NAME_SIZE],
	struct fail *why) MUST_USE;

#endif
