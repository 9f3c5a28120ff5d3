/* SPDX-License-Identifier: BSD-2-Clause */
#include "rig.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POSTERS 4
#define POSTS   2000

struct poster {
	struct loop *loop;
	pthread_t thread;
	unsigned next;
	struct counters *counters;
};

struct counters {
	unsigned total, disorder, elsewhere;
	pthread_t home;
};

struct numbered {
	struct poster *from;
	unsigned number;
};

static void on_post(void *arg)
{
	struct numbered *n = arg;
	struct counters *c = n->from->counters;

	c->disorder += n->number != n->from->next;
	c->elsewhere += !pthread_equal(pthread_self(), c->home);
	n->from->next++;
	c->total++;
	free(n);
}

static void *post_many(void *arg)
{
	struct poster *p = arg;
	struct numbered *n;
	unsigned i;

	for (i = 0; i < POSTS; i++) {
		n = malloc(sizeof(*n));
		n->from = p;
		n->number = i;
		if (loop_post(p->loop, on_post, n))
			abort();
	}
	return NULL;
}

static void posts_come_in_order_from_any_thread(void **state)
{
	struct counters c = {.home = pthread_self()};
	struct poster posters[POSTERS];
	struct rig r;
	int i;

	rig_init(&r);
	for (i = 0; i < POSTERS; i++) {
		posters[i] = (struct poster){.loop = r.loop, .counters = &c};
		pthread_create(&posters[i].thread, NULL, post_many, &posters[i]);
	}
	rig_until(&r, &c.total, POSTERS * POSTS);
	for (i = 0; i < POSTERS; i++)
		pthread_join(posters[i].thread, NULL);
	assert_int_equal(c.total, POSTERS * POSTS);
	assert_int_equal(c.disorder, 0);
	assert_int_equal(c.elsewhere, 0);
	rig_fini(&r);
}

static void count_up(void *arg)
{
	++*(unsigned *)arg;
}

static void posts_before_stop_run(void **state)
{
	unsigned count = 0;
	struct loop *l;

	assert_int_equal(loop_new(&l), ERR_OK);
	assert_int_equal(loop_post(l, count_up, &count), ERR_OK);
	loop_stop(l);
	loop_run(l);
	assert_int_equal(count, 1);
	/* Dropped, not run. */
	assert_int_equal(loop_post(l, count_up, &count), ERR_OK);
	loop_free(l);
	assert_int_equal(count, 1);
}

static void *stop_it(void *arg)
{
	loop_stop(arg);
	return NULL;
}

static void any_thread_may_stop(void **state)
{
	pthread_t thread;
	struct loop *l;
	int i;

	for (i = 0; i < 200; i++) {
		assert_int_equal(loop_new(&l), ERR_OK);
		pthread_create(&thread, NULL, stop_it, l);
		loop_run(l);
		loop_free(l);
		pthread_join(thread, NULL);
	}
}

struct timers {
	struct loop_timer *early, *late, *never, *self;
	char order[8];
	unsigned fired;
};

static void on_early(void *arg)
{
	struct timers *t = arg;

	strcat(t->order, "e");
	t->fired++;
	loop_timer_stop(t->never);
}

static void on_late(void *arg)
{
	struct timers *t = arg;

	strcat(t->order, "l");
	t->fired++;
}

static void on_self(void *arg)
{
	struct timers *t = arg;

	loop_timer_free(t->self);
	t->self = NULL;
	strcat(t->order, "s");
	t->fired++;
}

static void on_never(void *arg)
{
	struct timers *t = arg;

	strcat(t->order, "!");
}

static void timers_fire_once_in_order(void **state)
{
	struct timers t = {.fired = 0};
	struct rig r;

	rig_init(&r);
	assert_int_equal(loop_timer_new(&t.early, r.loop, on_early, &t), ERR_OK);
	assert_int_equal(loop_timer_new(&t.late, r.loop, on_late, &t), ERR_OK);
	assert_int_equal(loop_timer_new(&t.never, r.loop, on_never, &t), ERR_OK);
	assert_int_equal(loop_timer_new(&t.self, r.loop, on_self, &t), ERR_OK);
	loop_timer_set(t.late, 40000);
	loop_timer_set(t.never, 30000);
	loop_timer_set(t.early, 3600 * 1000000ll);
	loop_timer_set(t.early, 10000); /* replaces */
	loop_timer_set(t.self, 20000);
	rig_until(&r, &t.fired, 3);
	rig_for(&r, 50000);
	assert_string_equal(t.order, "esl");
	loop_timer_free(t.early);
	loop_timer_free(t.late);
	loop_timer_free(t.never);
	loop_timer_free(NULL);
	rig_fini(&r);
}

static void signals_come_to_the_loop(void **state)
{
	unsigned usr1 = 0, usr2 = 0;
	struct rig r;

	rig_init(&r);
	assert_int_equal(loop_on_signal(r.loop, SIGUSR1, count_up, &usr1), ERR_OK);
	assert_int_equal(loop_on_signal(r.loop, SIGUSR2, count_up, &usr2), ERR_OK);
	assert_int_equal(loop_on_signal(r.loop, -5, count_up, &usr2), ERR_ARG);
	kill(getpid(), SIGUSR1);
	rig_until(&r, &usr1, 1);
	kill(getpid(), SIGUSR1);
	rig_until(&r, &usr1, 2);
	assert_int_equal(usr2, 0);
	kill(getpid(), SIGUSR2);
	rig_until(&r, &usr2, 1);
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(posts_come_in_order_from_any_thread),
		cmocka_unit_test(posts_before_stop_run),
		cmocka_unit_test(any_thread_may_stop),
		cmocka_unit_test(timers_fire_once_in_order),
		cmocka_unit_test(signals_come_to_the_loop),
	};

	return cmocka_run_group_tests_name("net/loop", tests, NULL, NULL);
}
