/* SPDX-License-Identifier: BSD-2-Clause
 * What services noted of phones goes to the store together, a moment later: phones never wait for
 * it. */
#include "daemon/node_priv.h"

#include "base/log.h"
#include "base/mem.h"

#include <stdlib.h>

#define GATHER_US (1000 * 1000ll)

static int by_time(const void *a, const void *b)
{
	const struct held_event *x = a, *y = b;

	return x->at_us < y->at_us ? -1 : x->at_us > y->at_us;
}

static void tell(void *ctx, const char *text)
{
	(void)ctx;
	log_line(LOG_WARN, "%s", text);
}

/* Several workers' notes in one order. */
static enum err merge(struct node *n, struct held_event **out, size_t *count)
{
	size_t total = 0, at = 0;
	unsigned i;

	for (i = 0; i < n->count; i++)
		total += n->each[i].noted.count;
	*count = total;
	*out = total ? mem_new(total * sizeof(**out)) : NULL;
	if (total && !*out)
		return ERR_NOMEM;
	for (i = 0; i < n->count; i++) {
		const struct notes_batch *b = &n->each[i].noted;

		if (b->count)
			memcpy(*out + at, b->events, b->count * sizeof(**out));
		at += b->count;
	}
	if (total)
		qsort(*out, total, sizeof(**out), by_time);
	return ERR_OK;
}

/* What was taken from the workers; they go on meanwhile. */
static void record(struct node *n)
{
	struct held_event *events;
	size_t count;
	struct fail why = {0};
	enum err err = merge(n, &events, &count);
	unsigned i;

	if (err == ERR_OK && count)
		err = held_take(n->book, events, count, tell, NULL, &why);
	if (err != ERR_OK)
		log_line(LOG_WARN, "what phones were offered could not be recorded: %s",
			why.text[0] ? why.text : err_text(err));
	mem_free(events);
	for (i = 0; i < n->count; i++)
		notes_batch_fini(&n->each[i].noted);
}

struct cut {
	struct node *node;
	int64_t until_us;
};

static void take_notes(void *ctx, unsigned index)
{
	const struct cut *cut = ctx;
	struct worker *w = &cut->node->each[index];

	notes_take(w->notes, cut->until_us, &w->noted);
}

static void work(void *arg)
{
	struct node *n = arg;
	/* Workers are asked one after the other, but what happened is taken in order. */
	struct cut cut = {n, clock_us(cluster_get_clock(n->cluster))};

	/* Workers that are being stopped are asked at their end. */
	if (workers_call(n->workers, n->count, take_notes, &cut) != ERR_OK)
		log_line(LOG_DEBUG, "the daemon is stopping");
	record(n);
}

static void done(void *arg)
{
	(void)arg;
}

static void on_timer(void *arg)
{
	struct node *n = arg;

	n->gathering = false;
	if (executor_run(n->each[0].blocking, work, done, n) != ERR_OK)
		log_line(LOG_WARN, "what phones were offered is recorded later: %s",
			err_text(ERR_NOMEM));
}

/* On worker 0's thread. */
static void gather_soon(void *arg)
{
	struct node *n = arg;

	if (n->gathering || !n->gather)
		return;
	n->gathering = true;
	loop_timer_set(n->gather, GATHER_US);
}

/* On the worker's own thread; without memory the next note asks again. */
static void wake(void *ctx)
{
	struct node *n = ctx;

	if (loop_post(workers_loop(n->workers, 0), gather_soon, n) != ERR_OK)
		log_line(LOG_WARN, "what phones were offered is recorded later: %s",
			err_text(ERR_NOMEM));
}

enum err node_notes_worker(struct node *n, struct worker *w)
{
	return notes_new(&w->notes, cluster_get_clock(n->cluster), wake, n);
}

enum err node_notes_start(struct node *n, struct loop *l)
{
	enum err err = held_book_new(&n->book, n->cluster);

	return err ? err : loop_timer_new(&n->gather, l, on_timer, n);
}

void node_notes_stop(struct node *n)
{
	loop_timer_free(n->gather);
	n->gather = NULL;
}

void node_notes_end(struct node *n)
{
	struct cut cut = {n, INT64_MAX};
	unsigned i;

	for (i = 0; n->each && i < n->count; i++)
		if (n->each[i].notes)
			take_notes(&cut, i);
	if (n->each && n->book)
		record(n);
	for (i = 0; n->each && i < n->count; i++) {
		notes_free(n->each[i].notes);
		n->each[i].notes = NULL;
	}
	held_book_free(n->book);
	n->book = NULL;
}
