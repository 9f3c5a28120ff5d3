/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_ISSUE_LSC_H
#define CORE_ISSUE_LSC_H

#include "core/device/device.h"

/* CAPF's decisions, without the protocol. All block: call them from a pool. */
enum lsc_order { LSC_UNKNOWN_DEVICE, LSC_NONE_PENDING, LSC_BAD_AUTH, LSC_INSTALL };

/* What to do with a phone that answered AUTH_RES. The device's own record decides how it must
 * prove itself: in null-string mode `password` is empty. *key_bits: the key to ask for, 0 unless
 * LSC_INSTALL. For LSC_BAD_AUTH *why tells the reason though the call succeeds. A request after
 * "Operation Completes By" ends the operation. */
enum err lsc_authorise(struct cluster *c, const char *device, struct span password,
	enum lsc_order *order, unsigned *key_bits, struct fail *why) MUST_USE;

/* Checks the key (RSA of the size asked for) and issues an LSC signed by CAPF; nothing is recorded.
 * ERR_NOTNOW without a pending order, ERR_FORMAT, ERR_SHORT, ERR_UNSUPPORTED for the key,
 * ERR_EXPIRED when CAPF itself is. Caller frees. */
enum err lsc_issue(struct cluster *c, const char *device, struct span spki, struct cert **out,
	struct fail *why) MUST_USE;

/* After STORE_CERT_RES: records the LSC, clears the order, "Upgrade Success". */
enum err lsc_installed(
	struct cluster *c, const char *device, const struct cert *lsc, struct fail *why) MUST_USE;
/* The operation failed for good ("Upgrade Failed…"); a lost connection keeps the order. */
enum err lsc_failed(
	struct cluster *c, const char *device, const char *status, struct fail *why) MUST_USE;

/* Judges a certificate that a phone shows on Secure SCCP: signed by CAPF, valid now, an LSC.
 * ERR_TRUST, ERR_EXPIRED. `device` gets the common name. */
enum err lsc_check(const struct cert *capf, int64_t now, struct span der, char device[16],
	struct fail *why) MUST_USE;

/* The authorities whose LSCs are accepted: CAPF's certificate in force, its newest, and those of
 * CallManager-trust and of CAPF-trust, where earlier ones are kept. May be read by any thread. */
struct lsc_issuers;
enum err lsc_issuers_load(struct lsc_issuers **out, struct cluster *c, struct fail *why) MUST_USE;
void lsc_issuers_free(struct lsc_issuers *issuers);
/* lsc_check by whichever of them has issued it. */
enum err lsc_check_issued(const struct lsc_issuers *issuers, int64_t now, struct span der,
	char device[16], struct fail *why) MUST_USE;

#endif
