/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/worker.h"
#include "base/mem.h"
#include "net/loop_priv.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

struct worker {
	struct loop_note call; /* first: a call on its way to the loop */
	struct workers *all;
	unsigned index;
	struct loop *loop;
	pthread_t thread;
	bool ready;  /* setup has returned `err` */
	bool called; /* its call has not run */
	bool ended;  /* its loop runs nothing any more */
	enum err err;
	struct fail why;
};

struct workers {
	pthread_mutex_t lock; /* of the flags, err and why of each, and of the call */
	pthread_cond_t changed;
	bool calling; /* one call at a time */
	void (*call)(void *ctx, unsigned index);
	void *call_ctx;
	enum err (*setup)(void *ctx, unsigned index, struct loop *l, struct fail *why);
	void (*teardown)(void *ctx, unsigned index);
	void *ctx;
	unsigned count;
	struct worker of[];
};

static void *run_worker(void *arg)
{
	struct worker *w = arg;
	struct workers *all = w->all;
	struct fail why = {.code = ERR_OK};
	enum err err = all->setup(all->ctx, w->index, w->loop, &why);

	pthread_mutex_lock(&all->lock);
	w->ready = true;
	w->err = err;
	w->why = why;
	pthread_cond_broadcast(&all->changed);
	pthread_mutex_unlock(&all->lock);
	if (err)
		return NULL;
	loop_run(w->loop);
	pthread_mutex_lock(&all->lock);
	w->ended = true;
	pthread_cond_broadcast(&all->changed);
	pthread_mutex_unlock(&all->lock);
	if (all->teardown)
		all->teardown(all->ctx, w->index);
	return NULL;
}

static enum err start_one(struct workers *all, struct fail *why)
{
	struct worker *w = &all->of[all->count];
	sigset_t every, old;
	enum err err;
	int error;

	w->all = all;
	w->index = all->count;
	err = loop_new(&w->loop);
	if (err)
		return fail_set(why, err, "%s", err_text(err));
	/* Signals are for the thread that asked for them. */
	sigfillset(&every);
	pthread_sigmask(SIG_SETMASK, &every, &old);
	error = pthread_create(&w->thread, NULL, run_worker, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error) {
		loop_free(w->loop);
		return fail_set(why, ERR_IO, "starting a thread: %s", strerror(error));
	}
	pthread_mutex_lock(&all->lock);
	while (!w->ready)
		pthread_cond_wait(&all->changed, &all->lock);
	pthread_mutex_unlock(&all->lock);
	if (w->err) {
		pthread_join(w->thread, NULL);
		loop_free(w->loop);
		return fail_set(why, w->err, "%s", w->why.code ? w->why.text : err_text(w->err));
	}
	all->count++;
	return ERR_OK;
}

enum err workers_start(struct workers **out, unsigned count,
	enum err (*setup)(void *ctx, unsigned index, struct loop *l, struct fail *why),
	void (*teardown)(void *ctx, unsigned index), void *ctx, struct fail *why)
{
	struct workers *all;
	enum err err = ERR_OK;

	if (!count)
		return fail_set(why, ERR_ARG, "no worker asked for");
	all = mem_new(sizeof(*all) + count * sizeof(all->of[0]));
	if (!all)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	pthread_mutex_init(&all->lock, NULL);
	pthread_cond_init(&all->changed, NULL);
	all->setup = setup;
	all->teardown = teardown;
	all->ctx = ctx;
	while (all->count < count && !err)
		err = start_one(all, why);
	if (err) {
		workers_stop(all);
		return err;
	}
	*out = all;
	return ERR_OK;
}

void workers_stop(struct workers *all)
{
	unsigned i;

	if (!all)
		return;
	for (i = 0; i < all->count; i++)
		loop_stop(all->of[i].loop);
	for (i = 0; i < all->count; i++)
		pthread_join(all->of[i].thread, NULL);
	/* After all have ended: until then one may post to another. */
	for (i = 0; i < all->count; i++)
		loop_free(all->of[i].loop);
	pthread_cond_destroy(&all->changed);
	pthread_mutex_destroy(&all->lock);
	mem_free(all);
}

struct loop *workers_loop(struct workers *all, unsigned index)
{
	return all->of[index].loop;
}

static void run_call(struct loop_note *n, bool dropped)
{
	struct worker *w = (struct worker *)n;
	struct workers *all = w->all;

	if (dropped)
		return;
	all->call(all->call_ctx, w->index);
	pthread_mutex_lock(&all->lock);
	w->called = false;
	pthread_cond_broadcast(&all->changed);
	pthread_mutex_unlock(&all->lock);
}

enum err workers_call(
	struct workers *all, unsigned count, void (*fn)(void *ctx, unsigned index), void *ctx)
{
	enum err err = ERR_OK;
	unsigned i;

	pthread_mutex_lock(&all->lock);
	while (all->calling)
		pthread_cond_wait(&all->changed, &all->lock);
	all->calling = true;
	all->call = fn;
	all->call_ctx = ctx;
	for (i = 0; i < count && i < all->count; i++) {
		struct worker *w = &all->of[i];

		if (w->ended)
			continue;
		w->called = true;
		w->call.run = run_call;
		loop_post_note(w->loop, &w->call);
	}
	for (i = 0; i < count && i < all->count; i++) {
		struct worker *w = &all->of[i];

		while (w->called && !w->ended)
			pthread_cond_wait(&all->changed, &all->lock);
		if (w->ended)
			err = ERR_NOTNOW;
	}
	all->calling = false;
	pthread_cond_broadcast(&all->changed);
	pthread_mutex_unlock(&all->lock);
	return err;
}
