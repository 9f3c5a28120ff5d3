/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_ISSUE_LSC_H
#define CORE_ISSUE_LSC_H

#include "core/device/device.h"

/* How an LSC is made, and by whom one may have been issued; who may have one is core/enrol's
 * matter. All block: call them from a pool. */

/* CAPF's own key issues an LSC for this key, which was checked. `issuer` is a copy of the
 * authority's certificate; the caller frees both. Nothing is recorded. ERR_FORMAT, ERR_ARG for a
 * key that cannot be issued for; ERR_EXPIRED when CAPF itself is. */
enum err lsc_issue(struct cluster *c, const char *device, struct span spki, struct cert **out,
	struct cert **issuer, struct fail *why) MUST_USE;

/* Judges a certificate that a phone shows on Secure SCCP: signed by CAPF, valid now, an LSC.
 * ERR_TRUST, ERR_EXPIRED. `device` gets the common name. */
enum err lsc_check(const struct cert *capf, int64_t now, struct span der, char device[16],
	struct fail *why) MUST_USE;

/* The authorities whose LSCs are accepted: CAPF's certificate in force, its newest, and those of
 * CallManager-trust and of CAPF-trust, where earlier ones are kept. May be read by any thread. */
struct lsc_issuers;
enum err lsc_issuers_load(struct lsc_issuers **out, struct cluster *c, struct fail *why) MUST_USE;
void lsc_issuers_free(struct lsc_issuers *issuers);
/* Which of them has signed this certificate, valid or not: a copy, the caller's. ERR_TRUST. */
enum err lsc_issuers_find(const struct lsc_issuers *issuers, const struct cert *c,
	struct cert **issuer, struct fail *why) MUST_USE;
/* lsc_check by whichever of them has issued it. */
enum err lsc_check_issued(const struct lsc_issuers *issuers, int64_t now, struct span der,
	char device[16], struct fail *why) MUST_USE;

#endif
