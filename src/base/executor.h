/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_EXECUTOR_H
#define BASE_EXECUTOR_H

#include "base/err.h"

/* Where blocking work runs. `work` is called off the caller's loop, then `done` back on it; both
 * get `job`, which the caller owns. The inline executor calls both before run returns: good for
 * command-line tools and tests. net's pool gives the real one. */
struct executor {
	enum err (*run)(
		struct executor *x, void (*work)(void *job), void (*done)(void *job), void *job);
};

struct executor *executor_inline(void);

static inline MUST_USE enum err executor_run(
	struct executor *x, void (*work)(void *job), void (*done)(void *job), void *job)
{
	return x->run(x, work, done, job);
}

#endif
