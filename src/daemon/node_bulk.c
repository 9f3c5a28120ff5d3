/* SPDX-License-Identifier: BSD-2-Clause
 * A certificate operation for many phones goes on, whoever began it. */
#include "daemon/node_priv.h"

#include "base/executor.h"
#include "base/log.h"
#include "core/capf/bulk.h"

#define LOOK_US (1 * 1000000ll) /* somebody may have begun, stopped or resumed one */

static void work(void *arg)
{
	struct bulk_watch *w = arg;
	const struct bulk_io io = {.ctx = w->node, .stations = node_stations};

	fail_clear(&w->why);
	w->err = bulk_step(w->node->cluster, &io, w->told, &w->why);
}

static void done(void *arg)
{
	struct bulk_watch *w = arg;

	/* A store that is away is told of once. */
	if (w->err != ERR_OK && !w->failed)
		log_line(LOG_WARN, "the bulk operation waits: %s", w->why.text);
	if (w->told[0])
		log_line(LOG_INFO, "%s", w->told);
	w->failed = w->err != ERR_OK;
	loop_timer_set(w->timer, LOOK_US);
}

static void on_timer(void *arg)
{
	struct bulk_watch *w = arg;

	if (executor_run(w->node->each[0].blocking, work, done, w) != ERR_OK)
		loop_timer_set(w->timer, LOOK_US);
}

enum err node_bulk_start(struct node *n, struct loop *l)
{
	enum err err = loop_timer_new(&n->bulk.timer, l, on_timer, &n->bulk);

	n->bulk.node = n;
	if (err == ERR_OK)
		loop_timer_set(n->bulk.timer, LOOK_US);
	return err;
}

void node_bulk_stop(struct node *n)
{
	loop_timer_free(n->bulk.timer);
	n->bulk.timer = NULL;
}
