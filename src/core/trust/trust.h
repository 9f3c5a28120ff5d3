/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_TRUST_H
#define CORE_TRUST_H

#include "core/cluster/cluster.h"

/* What TVS may vouch for: the node's own certificates (newest, and previous while it is kept), the
 * units of keys/trust, and every record of the CTL that is published and of the one that TFTP still
 * serves. A certificate's roles are the union of what each of those gives it. spec:
 * docs/formats/tvs.md */
struct trust_answer {
	bool valid;        /* known, and not expired */
	uint8_t roles[32]; /* TLV_ROLE_*, ascending */
	size_t role_count;
	const struct cert *cert; /* borrowed until the cache is loaded anew; NULL: unknown */
	const char *why;         /* for the query log: where it was found, "unknown" or "expired" */
};

#define TRUST_ENTRIES_MAX 512u /* certificates known at once */

/* All of them in memory. Loaded anew when a list, a key or the trust folder has changed. */
struct trust_cache;
/* `c` is borrowed; the first load is trust_cache_fresh's. ERR_NOMEM. */
enum err trust_cache_new(struct trust_cache **out, struct cluster *c) MUST_USE;
void trust_cache_free(struct trust_cache *t);
/* Reads files when there is something new: in a pool. The error of a certificate of others that
 * cannot be read is told once, and all the rest is known; any other leaves what was known. */
enum err trust_cache_fresh(struct trust_cache *t, struct fail *why) MUST_USE;
size_t trust_cache_count(const struct trust_cache *t);

/* The very certificate (its DER); `now` in seconds since 1970. */
void trust_by_cert(
	const struct trust_cache *t, struct span der, int64_t now, struct trust_answer *out);
/* Serial and issuer as lists write them; `subject` may be empty: any. */
void trust_by_name(const struct trust_cache *t, struct span subject, struct span issuer,
	struct span serial, int64_t now, struct trust_answer *out);

#endif
