/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_CLUSTER_STAGE_H
#define CORE_CLUSTER_STAGE_H

#include "core/cluster/cluster.h"

/* A CTL on its way: staged on every node, then activated on every node, else nothing changes.
 * ctl/staged.tlv and ctl/staged.json hold the list and its publication; ctl/last.json says which
 * publication was activated last; ctl/ever says that a CTL was once held. Every step is a file
 * replaced at once, so a node that dies comes back with one of the two lists, whole.
 * The mode is what the list says (server entries emptied: non-secure), so nobody changes it without
 * a token. These calls take the cluster's lock. */
#define STAGE_ID 33 /* 32 hex digits drawn by whoever publishes, and NUL */

struct stage_status {
	bool has_ctl;
	uint8_t ctl[32];            /* SHA-256 of the published list */
	bool ever;                  /* a CTL was held once: none is "first" any more */
	char last[STAGE_ID];        /* publication activated last; "" none */
	char staged[STAGE_ID];      /* publication that waits; "" none */
	int64_t staged_at;          /* seconds since 1970 */
	char staged_by[STORE_NAME]; /* account */
	int mode;                   /* 1 mixed, 0 non-secure */
};
enum err stage_status(struct cluster *c, struct stage_status *out, struct fail *why) MUST_USE;

struct stage_request {
	const char *id; /* of the publication, the same on every node */
	const char *by; /* account, for the audit */
	struct span list;
	bool has_present; /* what the publisher saw: refused when it is not so any more */
	uint8_t present[32];
};

/* Judges the list as a phone that holds the present one would, and puts it aside. Its SASTs come
 * into Phone-SAST-trust at once, so that TVS vouches for them before any phone meets the list.
 * ERR_VERIFY, ERR_TRUST (signer is no SAST of the present CTL; or none is published but one was:
 * only `file delete tftp CTLFile.tlv` starts over), ERR_NOTNOW (another publication waits; named
 * with who and when; older than STAGE_LIFE it gives way), ERR_EXISTS (the present CTL changed
 * meanwhile), ERR_EXPIRED (the list is older than the present one). The same id with the same list
 * again is no error. */
#define STAGE_LIFE 600 /* seconds */
enum err stage_put(struct cluster *c, const struct stage_request *r, struct fail *why) MUST_USE;

/* The staged list becomes tftp/CTLFile.tlv and its mode the cluster's. An id that was activated
 * last is no error. ERR_NOTFOUND for another. */
enum err stage_activate(
	struct cluster *c, const char *id, const char *by, struct fail *why) MUST_USE;

/* Forgets what is staged and the trust that came with it. Nothing staged is no error; ERR_NOTNOW
 * for an id that is active already. */
enum err stage_abort(struct cluster *c, const char *id, const char *by, struct fail *why) MUST_USE;

/* Both steps on this node alone. */
enum err stage_publish_here(
	struct cluster *c, struct span list, const char *by, struct fail *why) MUST_USE;

/* At start: finishes an activation that was cut off between its files. */
enum err stage_recover(struct cluster *c, struct fail *why) MUST_USE;

/* `file delete tftp CTLFile.tlv`: no list is served or published any more and the next one counts
 * as first. Phones keep theirs: they must be erased by hand. Audited by the caller. */
enum err stage_forget(struct cluster *c, struct fail *why) MUST_USE;

#endif
