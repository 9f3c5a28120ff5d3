/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NET_POOL_H
#define NET_POOL_H

#include "base/executor.h"
#include "net/loop.h"

/* Threads for blocking work (keys, SQL, disks); the answer is posted back to the asking loop. */
struct pool;
enum err pool_new(struct pool **out, unsigned threads) MUST_USE;
void pool_free(struct pool *p); /* waits for what runs; what waits is dropped, done is not called */

/* An executor whose `done` runs on `l`; freed with pool_executor_free before the loop. run gives
 * ERR_NOMEM, or ERR_NOTNOW after pool_free; then neither function is called. */
enum err pool_executor_new(struct executor **out, struct pool *p, struct loop *l) MUST_USE;
/* On the loop's thread. Waits for its work that runs; after that none of its jobs is touched, those
 * without an answer so far stay without. Also after pool_free. */
void pool_executor_free(struct executor *x);

#endif
