/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_MONITOR_H
#define CORE_MONITOR_H

#include "core/cluster/cluster.h"

/* Which certificates end soon, and how many phones that hits. */
enum monitor_state { MONITOR_GOOD, MONITOR_SOON, MONITOR_EXPIRED };

struct monitor_item {
	enum monitor_state state;
	char name[STORE_NAME * 2]; /* "CAPF/CAPF.pem", "CAPF-trust/x.pem", "LSCs", "MICs" */
	char subject[STORE_TEXT];  /* "" for those of phones */
	int64_t not_after;         /* of phones' certificates: the first that ends */
	int64_t phones;            /* that notice */
	const char *effect;        /* what they notice, and what to do */
};

/* The node's own certificates, those of others that are trusted, and those of the phones (one item
 * for those that have expired and one for those that will within `days`). `each` gets all of the
 * node's and of others', whatever their state. */
enum err monitor_each(struct cluster *c, long days,
	enum err (*each)(void *ctx, const struct monitor_item *item), void *ctx,
	struct fail *why) MUST_USE;

#endif
