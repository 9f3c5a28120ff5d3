/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "net/pool.h"
#include "rig.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define JOBS 200

struct job {
	unsigned *done;
	unsigned in, out;
	pthread_t home;
	bool elsewhere, back_home;
};

static void work(void *arg)
{
	struct job *j = arg;

	j->out = j->in * j->in;
	j->elsewhere = !pthread_equal(pthread_self(), j->home);
}

static void done(void *arg)
{
	struct job *j = arg;

	j->back_home = pthread_equal(pthread_self(), j->home);
	++*j->done;
}

static void answers_come_to_the_asking_loop(void **state)
{
	static struct job jobs[JOBS];
	unsigned count = 0, i;
	struct executor *x;
	struct pool *p;
	struct rig r;

	rig_init(&r);
	assert_int_equal(pool_new(&p, 3), ERR_OK);
	assert_int_equal(pool_executor_new(&x, p, r.loop), ERR_OK);
	for (i = 0; i < JOBS; i++) {
		jobs[i] = (struct job){.done = &count, .in = i, .home = pthread_self()};
		assert_int_equal(executor_run(x, work, done, &jobs[i]), ERR_OK);
	}
	/* Never before the caller is back in its loop. */
	assert_int_equal(count, 0);
	rig_until(&r, &count, JOBS);
	for (i = 0; i < JOBS; i++) {
		assert_int_equal(jobs[i].out, i * i);
		assert_true(jobs[i].elsewhere);
		assert_true(jobs[i].back_home);
	}
	pool_executor_free(x);
	pool_free(p);
	rig_fini(&r);
}

struct gate {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool open;
	atomic_uint entered, left;
	unsigned done;
};

static void work_at_gate(void *arg)
{
	struct gate *g = arg;

	atomic_fetch_add(&g->entered, 1);
	pthread_mutex_lock(&g->lock);
	while (!g->open)
		pthread_cond_wait(&g->changed, &g->lock);
	pthread_mutex_unlock(&g->lock);
	atomic_fetch_add(&g->left, 1);
}

static void done_at_gate(void *arg)
{
	struct gate *g = arg;

	g->done++;
}

static void *open_gate(void *arg)
{
	struct gate *g = arg;

	usleep(20000);
	pthread_mutex_lock(&g->lock);
	g->open = true;
	pthread_cond_broadcast(&g->changed);
	pthread_mutex_unlock(&g->lock);
	return NULL;
}

/* Whether the pool or its executor goes first: what runs is waited for, what waits is dropped, no
 * answer comes. */
static void ending(bool executor_first)
{
	struct gate g = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
	struct executor *x;
	pthread_t opener;
	struct pool *p;
	struct rig r;
	int i;

	rig_init(&r);
	assert_int_equal(pool_new(&p, 1), ERR_OK);
	assert_int_equal(pool_executor_new(&x, p, r.loop), ERR_OK);
	for (i = 0; i < 5; i++)
		assert_int_equal(executor_run(x, work_at_gate, done_at_gate, &g), ERR_OK);
	while (!atomic_load(&g.entered))
		usleep(100);
	pthread_create(&opener, NULL, open_gate, &g);
	if (executor_first) {
		pool_executor_free(x);
		assert_int_equal(atomic_load(&g.left), 1);
		pool_free(p);
	} else {
		pool_free(p);
		assert_int_equal(atomic_load(&g.left), 1);
		assert_int_equal(executor_run(x, work_at_gate, done_at_gate, &g), ERR_NOTNOW);
		pool_executor_free(x);
	}
	pthread_join(opener, NULL);
	rig_for(&r, 2000);
	assert_int_equal(g.done, 0);
	assert_int_equal(atomic_load(&g.entered), 1);
	rig_fini(&r);
}

static void executor_ends_first(void **state)
{
	ending(true);
}

static void pool_ends_first(void **state)
{
	ending(false);
}

struct self {
	struct executor *x;
	unsigned done;
};

static void work_nothing(void *arg)
{
}

static void done_and_free(void *arg)
{
	struct self *s = arg;

	s->done++;
	pool_executor_free(s->x);
}

static void an_executor_freed_in_its_answer(void **state)
{
	struct self s = {.done = 0};
	struct pool *p;
	struct rig r;

	rig_init(&r);
	assert_int_equal(pool_new(&p, 1), ERR_OK);
	assert_int_equal(pool_executor_new(&s.x, p, r.loop), ERR_OK);
	assert_int_equal(executor_run(s.x, work_nothing, done_and_free, &s), ERR_OK);
	assert_int_equal(executor_run(s.x, work_nothing, done_and_free, &s), ERR_OK);
	rig_until(&r, &s.done, 1);
	rig_for(&r, 2000);
	assert_int_equal(s.done, 1);
	pool_free(p);
	rig_fini(&r);
}

static void answers_left_in_a_freed_loop(void **state)
{
	struct self s = {.done = 0};
	struct pool *p;
	struct rig r;

	rig_init(&r);
	assert_int_equal(pool_new(&p, 1), ERR_OK);
	assert_int_equal(pool_executor_new(&s.x, p, r.loop), ERR_OK);
	assert_int_equal(executor_run(s.x, work_nothing, done_and_free, &s), ERR_OK);
	usleep(5000);
	pool_executor_free(s.x);
	rig_fini(&r);
	pool_free(p);
	assert_int_equal(s.done, 0);
}

static void without_memory(void **state)
{
	struct executor *x;
	struct pool *p;
	struct rig r;

	rig_init(&r);
	assert_int_equal(pool_new(&p, 0), ERR_ARG);
	mem_fail_from(1);
	assert_int_equal(pool_new(&p, 1), ERR_NOMEM);
	mem_fail_from(0);
	assert_int_equal(pool_new(&p, 1), ERR_OK);
	mem_fail_from(1);
	assert_int_equal(pool_executor_new(&x, p, r.loop), ERR_NOMEM);
	mem_fail_from(0);
	assert_int_equal(pool_executor_new(&x, p, r.loop), ERR_OK);
	mem_fail_from(1);
	assert_int_equal(executor_run(x, work_nothing, work_nothing, NULL), ERR_NOMEM);
	mem_fail_from(0);
	pool_executor_free(x);
	pool_free(p);
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_come_to_the_asking_loop),
		cmocka_unit_test(executor_ends_first),
		cmocka_unit_test(pool_ends_first),
		cmocka_unit_test(an_executor_freed_in_its_answer),
		cmocka_unit_test(answers_left_in_a_freed_loop),
		cmocka_unit_test(without_memory),
	};

	return cmocka_run_group_tests_name("net/pool", tests, NULL, NULL);
}
