/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_TFTP_TABLE_H
#define SERVICE_TFTP_TABLE_H

#include "net/addr.h"

#include <stddef.h>

/* Which transfers there are: by the client's address and port, by address alone, by when they are
 * due, and those that nobody has acknowledged yet in the order in which they began. No socket; the
 * time (monotonic, microseconds) is handed in. */

#define TABLE_TICK_US (50 * 1000ll) /* how exactly transfers are due */
#define TABLE_SLOTS   512u          /* ticks that the wheel goes round in */
#define TABLE_PEERS   16384u        /* a power of two */
#define TABLE_SOURCES 8192u         /* the same */

struct table_source {
	struct table_source *next;
	struct net_addr addr;
	unsigned count;
};

/* First member of a transfer. */
struct table_entry {
	struct table_entry *next;            /* of the same bucket */
	struct table_entry *slot, **slot_at; /* of the same tick of the wheel */
	struct table_entry *older, *newer;   /* unproven ones */
	struct table_source *source;
	struct net_addr peer;
	bool unproven;
	int64_t due_us;
};

struct table {
	struct table_entry *peers[TABLE_PEERS];
	struct table_source *sources[TABLE_SOURCES];
	struct table_entry *wheel[TABLE_SLOTS];
	int64_t tick; /* the last that was looked at */
	struct table_entry *oldest, *newest;
	unsigned count;
	uint64_t seed; /* so that nobody can choose addresses that fall into one bucket */
};

void table_init(struct table *t, uint64_t seed, int64_t now_us);

struct table_entry *table_find(const struct table *t, const struct net_addr *peer);
/* How many of this address, whatever their ports. */
unsigned table_of_source(const struct table *t, const struct net_addr *peer);

/* `e` is zeroed but for what follows it; its peer is in none yet. It is unproven, and due at
 * `due_us`. ERR_NOMEM. */
enum err table_add(struct table *t, struct table_entry *e, const struct net_addr *peer,
	int64_t due_us) MUST_USE;
void table_remove(struct table *t, struct table_entry *e);
void table_proven(struct table *t, struct table_entry *e);

/* Later costs nothing: the wheel finds out when it gets there. Sooner than before moves the entry.
 */
void table_set_due(struct table *t, struct table_entry *e, int64_t due_us);
/* The next one that is due; it has been taken off the wheel and must be removed or set due anew.
 * NULL: none. */
struct table_entry *table_take_due(struct table *t, int64_t now_us);

/* For removing all: one of those that are left, or NULL; *at is 0 at first. */
struct table_entry *table_any(const struct table *t, size_t *at);

#endif
