/* SPDX-License-Identifier: BSD-2-Clause
 * What commands ask of registered phones, and of those that are at CAPF. */
#include "daemon/node_priv.h"

#include "base/mem.h"
#include "service/sccp/sccp.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void *callmanager(const struct node *n, unsigned index)
{
	return n->each[index].instances[SERVICE_CALLMANAGER][0];
}

struct gone {
	struct node *node;
	const char *device;
};

static void end_station(void *ctx, unsigned index)
{
	const struct gone *g = ctx;

	service_sccp_reset(callmanager(g->node, index), g->device);
}

enum err node_device_gone(void *ctx, const char *device, struct fail *why)
{
	struct node *n = ctx;
	struct gone g = {.node = n, .device = device};
	enum err err = workers_call(n->workers, 1, end_station, &g);

	return err ? fail_set(why, err, "the daemon is stopping") : ERR_OK;
}

struct asking {
	struct node *node;
	const char (*devices)[16];
	size_t count;
	bool reset, *registered;
};

static void ask_stations(void *ctx, unsigned index)
{
	const struct asking *a = ctx;
	struct enrol_step step = {.step = STORE_STEP_RESET_SENT,
		.at_us = clock_us(cluster_get_clock(a->node->cluster))};
	size_t i;

	service_sccp_stations(
		callmanager(a->node, index), a->devices, a->count, a->reset, a->registered);
	for (i = 0; a->reset && i < a->count; i++)
		if (a->registered[i]) {
			str_copy(step.device, sizeof(step.device), a->devices[i]);
			steps_put(a->node->each[index].steps, &step);
		}
}

enum err node_stations(void *ctx, const char (*devices)[16], size_t count, bool reset,
	bool *registered, struct fail *why)
{
	struct node *n = ctx;
	struct asking a = {n, devices, count, reset, registered};
	enum err err = workers_call(n->workers, 1, ask_stations, &a);

	return err ? fail_set(why, err, "the daemon is stopping") : ERR_OK;
}

/* --- steps --- */

/* "<when this process began>" and for each worker ".<number of its last step>". */
static bool read_cursor(const struct node *n, const char *cursor, uint64_t *after)
{
	char *end;
	unsigned i;

	memset(after, 0, n->count * sizeof(*after));
	if (strtoll(cursor, &end, 10) != n->begun_us)
		return false;
	for (i = 0; i < n->count && *end == '.'; i++)
		after[i] = strtoull(end + 1, &end, 10);
	return i == n->count && !*end;
}

static void print_cursor(const struct node *n, char cursor[COMMAND_CURSOR])
{
	size_t at = (size_t)snprintf(cursor, COMMAND_CURSOR, "%" PRId64, n->begun_us);
	unsigned i;

	for (i = 0; i < n->count && at < COMMAND_CURSOR; i++)
		at += (size_t)snprintf(
			cursor + at, COMMAND_CURSOR - at, ".%" PRIu64, n->each[i].seen.last);
}

struct taking {
	struct node *node;
	const uint64_t *after;
};

static void take_steps(void *ctx, unsigned index)
{
	const struct taking *t = ctx;
	struct worker *w = &t->node->each[index];

	w->err = steps_after(w->steps, t->after[index], &w->seen);
}

static int by_time(const void *a, const void *b)
{
	const struct enrol_step *const *x = a, *const *y = b;

	return (*x)->at_us < (*y)->at_us ? -1 : (*x)->at_us > (*y)->at_us;
}

static enum err hand_over(struct node *n,
	enum err (*each)(void *arg, const struct enrol_step *step), void *arg, struct fail *why)
{
	const struct enrol_step **all;
	size_t total = 0, count = 0, i;
	enum err err = ERR_OK;
	unsigned w;

	for (w = 0; w < n->count; w++)
		total += n->each[w].seen.count;
	all = total ? mem_new(total * sizeof(*all)) : NULL;
	if (total && !all)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	for (w = 0; w < n->count; w++)
		for (i = 0; i < n->each[w].seen.count; i++)
			all[count++] = &n->each[w].seen.of[i];
	if (count)
		qsort(all, count, sizeof(*all), by_time);
	for (i = 0; !err && i < count; i++)
		err = each(arg, all[i]);
	mem_free(all);
	return err;
}

enum err node_enrol_steps(void *ctx, char cursor[COMMAND_CURSOR],
	enum err (*each)(void *arg, const struct enrol_step *step), void *arg, int64_t *lost,
	struct fail *why)
{
	struct node *n = ctx;
	uint64_t *after = mem_new(n->count * sizeof(*after));
	struct taking t = {n, after};
	enum err err = after ? ERR_OK : fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	unsigned i;

	*lost = 0;
	if (!err && !read_cursor(n, cursor, after) && *cursor)
		*lost = 1;
	if (!err && workers_call(n->workers, n->count, take_steps, &t))
		err = fail_set(why, ERR_NOTNOW, "the daemon is stopping");
	for (i = 0; !err && i < n->count; i++) {
		err = n->each[i].err ? fail_set(why, n->each[i].err, "%s", err_text(n->each[i].err))
				     : ERR_OK;
		*lost += *cursor ? (int64_t)n->each[i].seen.lost : 0;
	}
	if (!err)
		err = hand_over(n, each, arg, why);
	if (!err)
		print_cursor(n, cursor);
	for (i = 0; i < n->count; i++) {
		mem_free(n->each[i].seen.of);
		n->each[i].seen.of = NULL;
	}
	mem_free(after);
	return err;
}
