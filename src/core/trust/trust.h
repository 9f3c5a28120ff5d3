/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_TRUST_H
#define CORE_TRUST_H

#include "core/cluster/cluster.h"

/* What TVS may vouch for: the nodes' own certificates (newest, and previous while it is in force),
 * the units of keys/trust, and every record of the CTL in force. A certificate's roles are the
 * union of what each of those gives it. spec: docs/formats/tvs.md */
struct trust_answer {
	bool valid;        /* known, and not expired */
	uint8_t roles[16]; /* TLV_ROLE_*, ascending */
	size_t role_count;
	uint32_t ttl; /* seconds a phone may keep the answer */
	const struct cert
		*cert;   /* borrowed from the cache until it is loaded anew; NULL: unknown */
	const char *why; /* "expired", "unknown", "CallManager of this node", … for the query log */
};

/* A cache of all of them, keyed by digest and by serial + issuer. Loaded anew when a list, a key or
 * the trust folder changed (trust_cache_fresh looks at their times and sizes). */
struct trust_cache;
enum err trust_cache_new(struct trust_cache **out, struct cluster *c, struct fail *why) MUST_USE;
void trust_cache_free(struct trust_cache *t);
enum err trust_cache_fresh(struct trust_cache *t, struct fail *why) MUST_USE;
void trust_by_cert(
	const struct trust_cache *t, struct span der, int64_t now, struct trust_answer *out);
/* Issuer in the form of lists; subject may be empty. */
void trust_by_name(const struct trust_cache *t, const char *subject, const char *issuer,
	struct span serial, int64_t now, struct trust_answer *out);

#endif
