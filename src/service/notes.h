/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_NOTES_H
#define SERVICE_NOTES_H

#include "core/held/held.h"
#include "net/addr.h"

/* What one worker's services saw of phones, until the node takes it to core/held: services only add
 * a note, and never wait. Used on the worker's thread. A NULL notes takes none. */
struct notes;

#define NOTES_MOST 32768u /* events that wait; more are dropped */

/* `wake` is called when there is something to take and nobody knows yet. */
enum err notes_new(
	struct notes **out, const struct clock *clock, void (*wake)(void *ctx), void *ctx) MUST_USE;
void notes_free(struct notes *n); /* NULL allowed */

/* A file was sent whole; only trust lists count. `digest` is the caller's, who keeps it with the
 * bytes: "" before the first call, then held_digest of them. */
void notes_sent(struct notes *n, const char *asked, struct span bytes, char digest[HELD_DIGEST],
	const struct net_addr *peer);
/* A name that was asked for and is answered now; only configuration counts. */
void notes_asked(struct notes *n, const char *asked, const struct net_addr *peer);
/* The phone came to CAPF or the call manager. */
void notes_came(struct notes *n, const char *device, const struct net_addr *peer);
/* The same over TLS, where it took our certificate in one of the roles (LIST_ROLE), and is known by
 * its own. `cert` is HELD_CERT bytes of held_cert. */
void notes_trusted(struct notes *n, const char *device, const uint8_t *cert, uint32_t roles,
	const struct net_addr *peer);

/* What was noted until a moment of the wall clock, so that what several workers noted can be put in
 * one order; what came later stays, and wakes again. */
struct notes_batch {
	struct held_event *events;
	size_t count;
	struct buf *contents; /* what events borrow from */
	size_t contents_count;
};
void notes_take(struct notes *n, int64_t until_us, struct notes_batch *out);
void notes_batch_fini(struct notes_batch *b);

#endif
