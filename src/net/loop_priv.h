/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NET_LOOP_PRIV_H
#define NET_LOOP_PRIV_H

#include "net/event_calls.h"
#include "net/loop.h"

/* Inside this folder only: what streams, datagrams and the pool need of a loop. */

struct event_base *loop_get_base(struct loop *l);

/* Bytes that a callback may use until it returns to the loop. */
#define LOOP_SCRATCH (64u * 1024)
uint8_t *loop_get_scratch(struct loop *l);

/* A post whose memory the poster owns, so that it cannot fail. `run` is called once: on the loop's
 * thread, or by loop_free with `dropped`. */
struct loop_note {
	struct loop_note *next;
	void (*run)(struct loop_note *n, bool dropped);
};
void loop_post_note(struct loop *l, struct loop_note *n);

/* An object that nobody but the loop knows any more, e.g. a connection that is being finished.
 * loop_free drops those left. Nobody counts them either, so there are at most LOOP_ORPHANS_MAX: the
 * oldest makes room, else peers that never close would take all descriptors. */
#define LOOP_ORPHANS_MAX 256u
struct loop_orphan {
	struct loop_orphan *prev, *next;
	void (*drop)(struct loop_orphan *o);
};
void loop_adopt(struct loop *l, struct loop_orphan *o);
void loop_release(struct loop *l, struct loop_orphan *o);

/* What has its turn when the loop has looked at everything else: one event for all of them. Used on
 * the loop's thread; all zero when it does not wait. */
struct loop_soon {
	struct loop_soon *next, **link;
	void (*run)(struct loop_soon *n);
};
void loop_soon(struct loop *l, struct loop_soon *n); /* also when it waits already */
void loop_not_soon(struct loop *l, struct loop_soon *n);

static inline struct timeval loop_timeval(int64_t us)
{
	if (us < 0)
		us = 0;
	return (struct timeval){.tv_sec = us / 1000000, .tv_usec = us % 1000000};
}

#endif
