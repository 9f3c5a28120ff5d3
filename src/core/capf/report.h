/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_CAPF_REPORT_H
#define CORE_CAPF_REPORT_H

#include "core/cluster/cluster.h"
#include "store/capf.h"

/* What the fleet holds: the original's CAPF report, phones by issuer, and certificates that were
 * given out and are held by no phone any more. */

struct report_row {
	const struct store_device *device;
	const struct store_phone_cert *lsc; /* NULL: none is known */
};
/* Phones that the filter finds, in order of their names. */
enum err report_each(struct cluster *c, const struct store_filter *f,
	enum err (*each)(void *ctx, const struct report_row *row), void *ctx,
	struct fail *why) MUST_USE;

/* An authority: one that is trusted, or one that phones hold a certificate of, or both. */
struct report_issuer {
	char subject[STORE_TEXT];
	char fingerprint[STORE_FINGERPRINT]; /* "" in records of before it was kept */
	char place[STORE_NAME * 2];          /* "CAPF", "CAPF-trust/NAME"; "" not trusted */
	int64_t not_after;                   /* 0 not known */
	int64_t phones;
	bool issues; /* CAPF signs with it now */
};
/* First CAPF's own, then those of the trust units, then those that are not trusted. */
enum err report_issuers(struct cluster *c,
	enum err (*each)(void *ctx, const struct report_issuer *i), void *ctx,
	struct fail *why) MUST_USE;
/* How many phones hold an LSC of this authority. */
enum err report_issuer_phones(
	struct cluster *c, const struct cert *issuer, int64_t *phones, struct fail *why) MUST_USE;

/* May this certificate of others be removed? ERR_NOTNOW while phones hold an LSC of it and it is
 * trusted nowhere else: they could not register any more. */
enum err report_may_remove(
	struct cluster *c, const char *unit, const char *name, struct fail *why) MUST_USE;

/* Given out, but no phone's any more: another took its place, it was deleted or refused there, or
 * its phone is not known any more. `expired`: it can do no harm. */
struct report_stale {
	const struct store_issued *issued;
	const char *reason;
	bool expired;
};
enum err report_stale_each(struct cluster *c,
	enum err (*each)(void *ctx, const struct report_stale *s), void *ctx,
	struct fail *why) MUST_USE;
/* Forgets those that have expired; the others stay, for a phone that was switched off may still
 * show one. */
enum err report_stale_delete(
	struct cluster *c, int64_t *deleted, int64_t *kept, struct fail *why) MUST_USE;

#endif
