/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NET_WORKER_H
#define NET_WORKER_H

#include "net/loop.h"

/* Threads with one loop each. A connection lives and dies on one worker; workers talk by posts. */
struct workers;

/* Starts `count` threads; `setup` runs on each before its loop, `teardown` after. A failing setup
 * stops all and is returned. */
enum err workers_start(struct workers **out, unsigned count,
	enum err (*setup)(void *ctx, unsigned index, struct loop *l, struct fail *why),
	void (*teardown)(void *ctx, unsigned index), void *ctx, struct fail *why) MUST_USE;
void workers_stop(struct workers *w); /* stops the loops, joins, frees */
struct loop *workers_loop(struct workers *w, unsigned index);

/* Runs `fn(ctx, i)` on the loops of the first `count` workers and returns when all have; from a
 * thread that is none of theirs. What they may wait for must not wait for the caller. ERR_NOTNOW
 * when a worker ended without running it: all are being stopped. */
enum err workers_call(struct workers *w, unsigned count, void (*fn)(void *ctx, unsigned index),
	void *ctx) MUST_USE;

#endif
