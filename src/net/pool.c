/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/pool.h"
#include "base/mem.h"
#include "net/loop_priv.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

/* One lock for all: work takes milliseconds, handing it over does not. */
struct pool {
	pthread_mutex_t lock; /* of everything here, and of the executors and tasks */
	pthread_cond_t work;  /* something waits, or the pool ends */
	pthread_cond_t idle;  /* some work is over */
	struct task *first, **last;
	bool ended;
	unsigned users; /* the pool's owner and the executors */
	unsigned count;
	pthread_t threads[];
};

struct loop_executor {
	struct executor x;
	struct pool *pool;
	struct loop *loop;
	bool closed;
	unsigned running;  /* on the pool's threads */
	unsigned answered; /* posted to the loop */
};

struct task {
	struct loop_note note;
	struct task *next;
	struct loop_executor *x;
	void (*work)(void *job);
	void (*done)(void *job);
	void *job;
};

/* With the lock held, which it gives back. */
static void unlock_and_release(struct pool *p, struct loop_executor *x)
{
	bool last = false;

	if (x && x->closed && !x->running && !x->answered) {
		mem_free(x);
		last = --p->users == 0;
	}
	pthread_mutex_unlock(&p->lock);
	if (!last)
		return;
	pthread_cond_destroy(&p->idle);
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
	mem_free(p);
}

static void answer(struct loop_note *n, bool dropped)
{
	struct task *t = (struct task *)n;
	struct loop_executor *x = t->x;
	struct pool *p = x->pool;
	bool wanted;

	pthread_mutex_lock(&p->lock);
	wanted = !dropped && !x->closed;
	pthread_mutex_unlock(&p->lock);
	/* Only this thread closes the executor, so the answer is still wanted here. */
	if (wanted)
		t->done(t->job);
	mem_free(t);
	pthread_mutex_lock(&p->lock);
	x->answered--;
	unlock_and_release(p, x);
}

static void *run_thread(void *arg)
{
	struct pool *p = arg;
	struct loop_executor *x;
	struct task *t;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		while (!p->first && !p->ended)
			pthread_cond_wait(&p->work, &p->lock);
		if (p->ended)
			break;
		t = p->first;
		p->first = t->next;
		if (!p->first)
			p->last = &p->first;
		x = t->x;
		x->running++;
		pthread_mutex_unlock(&p->lock);
		t->work(t->job);
		pthread_mutex_lock(&p->lock);
		x->running--;
		if (x->closed) {
			mem_free(t);
		} else {
			x->answered++;
			/* Under the lock: the loop lives as long as the executor is open. */
			loop_post_note(x->loop, &t->note);
		}
		pthread_cond_broadcast(&p->idle);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

enum err pool_new(struct pool **out, unsigned threads)
{
	sigset_t all, old;
	struct pool *p;
	int error = 0;

	if (!threads)
		return ERR_ARG;
	p = mem_new(sizeof(*p) + threads * sizeof(p->threads[0]));
	if (!p)
		return ERR_NOMEM;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_cond_init(&p->idle, NULL);
	p->last = &p->first;
	p->users = 1;
	/* Signals are for the threads with a loop. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (p->count < threads && !error) {
		error = pthread_create(&p->threads[p->count], NULL, run_thread, p);
		if (!error)
			p->count++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error) {
		pool_free(p);
		return ERR_IO;
	}
	*out = p;
	return ERR_OK;
}

/* Forgets what waits: all of it, or one executor's. */
static void drop_waiting(struct pool *p, const struct loop_executor *x)
{
	struct task **at = &p->first, *t;

	while ((t = *at)) {
		if (x && t->x != x) {
			at = &t->next;
			continue;
		}
		*at = t->next;
		mem_free(t);
	}
	p->last = at;
}

void pool_free(struct pool *p)
{
	bool last;
	unsigned i;

	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->ended = true;
	drop_waiting(p, NULL);
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (i = 0; i < p->count; i++)
		pthread_join(p->threads[i], NULL);
	pthread_mutex_lock(&p->lock);
	last = --p->users == 0;
	pthread_mutex_unlock(&p->lock);
	if (!last)
		return;
	pthread_cond_destroy(&p->idle);
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
	mem_free(p);
}

static enum err run(
	struct executor *base, void (*work)(void *job), void (*done)(void *job), void *job)
{
	struct loop_executor *x = (struct loop_executor *)base;
	struct pool *p = x->pool;
	struct task *t = mem_new(sizeof(*t));

	if (!t)
		return ERR_NOMEM;
	t->note.run = answer;
	t->x = x;
	t->work = work;
	t->done = done;
	t->job = job;
	pthread_mutex_lock(&p->lock);
	if (p->ended) {
		pthread_mutex_unlock(&p->lock);
		mem_free(t);
		return ERR_NOTNOW;
	}
	*p->last = t;
	p->last = &t->next;
	pthread_cond_signal(&p->work);
	pthread_mutex_unlock(&p->lock);
	return ERR_OK;
}

enum err pool_executor_new(struct executor **out, struct pool *p, struct loop *l)
{
	struct loop_executor *x = mem_new(sizeof(*x));

	if (!x)
		return ERR_NOMEM;
	x->x.run = run;
	x->pool = p;
	x->loop = l;
	pthread_mutex_lock(&p->lock);
	p->users++;
	pthread_mutex_unlock(&p->lock);
	*out = &x->x;
	return ERR_OK;
}

void pool_executor_free(struct executor *base)
{
	struct loop_executor *x = (struct loop_executor *)base;
	struct pool *p;

	if (!x)
		return;
	p = x->pool;
	pthread_mutex_lock(&p->lock);
	x->closed = true;
	drop_waiting(p, x);
	while (x->running)
		pthread_cond_wait(&p->idle, &p->lock);
	unlock_and_release(p, x);
}
