/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_SOURCES_H
#define SERVICE_SOURCES_H

#include "net/addr.h"

/* Addresses from which logins failed lately: each has to wait, longer with every failure in a row,
 * whatever names it tries. A table of one loop; where it is full the one that failed longest ago
 * gives way. */
#define SOURCES_MAX      256u
#define SOURCES_FREE     5u                /* failures without a wait */
#define SOURCES_WAIT_MAX 60                /* seconds: doubling from one */
#define SOURCES_KEEP_US  (600 * 1000000ll) /* a failure is remembered so long */

struct source {
	struct net_addr addr;
	unsigned failures;
	int64_t last_us, until_us; /* monotonic; last_us 0: free */
};
struct sources {
	struct source all[SOURCES_MAX];
};

/* Seconds that this address still has to wait; 0 for none. */
int64_t sources_wait(const struct sources *s, const struct net_addr *addr, int64_t now_us);
void sources_failed(struct sources *s, const struct net_addr *addr, int64_t now_us);
/* A login from it succeeded. */
void sources_good(struct sources *s, const struct net_addr *addr);

#endif
