/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "net/loop_priv.h"

struct loop_timer {
	struct event ev;
	void (*fn)(void *arg);
	void *arg;
	unsigned firing;
	bool dead;
};

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct loop_timer *t = arg;

	t->firing++;
	t->fn(t->arg);
	t->firing--;
	if (t->dead && !t->firing)
		mem_free(t);
}

enum err loop_timer_new(struct loop_timer **out, struct loop *l, void (*fn)(void *arg), void *arg)
{
	struct loop_timer *t = mem_new(sizeof(*t));

	if (!t)
		return ERR_NOMEM;
	t->fn = fn;
	t->arg = arg;
	evtimer_assign(&t->ev, loop_get_base(l), on_timer, t);
	*out = t;
	return ERR_OK;
}

void loop_timer_free(struct loop_timer *t)
{
	if (!t)
		return;
	event_del(&t->ev);
	t->dead = true;
	if (!t->firing)
		mem_free(t);
}

void loop_timer_set(struct loop_timer *t, int64_t us)
{
	struct timeval tv = loop_timeval(us);

	evtimer_add(&t->ev, &tv);
}

void loop_timer_stop(struct loop_timer *t)
{
	event_del(&t->ev);
}
