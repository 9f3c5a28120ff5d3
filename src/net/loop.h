/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* One event loop, run by one thread. Everything that is opened on a loop is used on its thread
 * only; loop_post and loop_stop may be called from any thread. */
struct loop;

/* The first loop of a process makes it ignore SIGPIPE, unless that was decided otherwise before. */
enum err loop_new(struct loop **out) MUST_USE;
/* Posts that have not run are dropped. */
void loop_free(struct loop *l);
void loop_run(struct loop *l); /* until loop_stop; posts made before that still run */
void loop_stop(struct loop *l);
/* Runs `fn(arg)` on the loop's thread, in the order of the posts. ERR_NOMEM. */
enum err loop_post(struct loop *l, void (*fn)(void *arg), void *arg) MUST_USE;

/* Calls `fn` on the loop, until loop_free, when one of the process' signals comes. Only one loop
 * of a process may ask for signals. */
enum err loop_on_signal(struct loop *l, int signo, void (*fn)(void *arg), void *arg) MUST_USE;

struct loop_timer;
enum err loop_timer_new(
	struct loop_timer **out, struct loop *l, void (*fn)(void *arg), void *arg) MUST_USE;
void loop_timer_free(struct loop_timer *t); /* NULL allowed; also while it is firing */
void loop_timer_set(
	struct loop_timer *t, int64_t us); /* once, from now; replaces an earlier setting */
void loop_timer_stop(struct loop_timer *t);

#endif
