/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/cli.h"

#include "net/pool.h"

#include <malloc.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#define CORES_MAX  64u
#define KEPT_BYTES (64 << 20)

struct crew {
	atomic_size_t next;
	size_t count;
	void (*fn)(void *arg, size_t i);
	void *arg;
	unsigned left; /* threads that are not done; of the loop's thread */
	struct loop *loop;
};

/* Cores that this process may use. */
static unsigned cores(void)
{
	cpu_set_t set;
	int n;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return 1;
	n = CPU_COUNT(&set);
	return n < 1 ? 1 : n > (int)CORES_MAX ? CORES_MAX : (unsigned)n;
}

static void work(void *job)
{
	struct crew *c = job;
	size_t i;

	while ((i = atomic_fetch_add(&c->next, 1)) < c->count)
		c->fn(c->arg, i);
}

static void done(void *job)
{
	struct crew *c = job;

	if (--c->left == 0)
		loop_stop(c->loop);
}

void cli_parallel(void *ctx, size_t count, void (*fn)(void *arg, size_t i), void *arg)
{
	struct crew c = {.count = count, .fn = fn, .arg = arg};
	struct executor *x = NULL;
	struct pool *pool = NULL;
	unsigned threads = cores();

	(void)ctx;
	if (threads > count)
		threads = (unsigned)count;
	/* What the threads give back is asked for again at once, a page at a time, which costs a
	 * system call each. */
	mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
	if (threads > 1 && loop_new(&c.loop) == ERR_OK && pool_new(&pool, threads) == ERR_OK &&
		pool_executor_new(&x, pool, c.loop) == ERR_OK)
		for (unsigned i = 0; i < threads; i++)
			if (executor_run(x, work, done, &c) == ERR_OK)
				c.left++;
	/* Without threads, or with fewer, all of it is done all the same. */
	if (c.left)
		loop_run(c.loop);
	else
		work(&c);
	if (x)
		pool_executor_free(x);
	if (pool)
		pool_free(pool);
	if (c.loop)
		loop_free(c.loop);
}

void cli_progress(size_t done_count, size_t total)
{
	static const char bar[] = "##############################";
	const int width = (int)sizeof(bar) - 1;
	int full = total ? (int)(done_count * (size_t)width / total) : 0;

	if (!isatty(STDERR_FILENO))
		return;
	if (done_count < total)
		fprintf(stderr, "\r[%.*s%*s] %3zu %%  %zu of %zu", full, bar, width - full, "",
			done_count * 100 / total, done_count, total);
	else
		fprintf(stderr, "\r\033[K");
	fflush(stderr);
}
