/* SPDX-License-Identifier: BSD-2-Clause
 * What the daemon does of a bulk operation. Every step is committed before its effect, and an
 * effect that was not confirmed is repeated: a phone may be reset twice, none is forgotten. Whoever
 * stops it meanwhile is heard before the next write. */
#include "core/capf/bulk_priv.h"

#include "base/mem.h"
#include "base/str.h"
#include "core/audit/audit.h"
#include "core/device/rules.h"
#include "core/enrol/step.h"

#include <stdio.h>

#define CHUNK 500 /* phones that stations are asked about at once */

struct stepping {
	struct cluster *c;
	const struct bulk_io *io;
	struct store_bulk b;
	int64_t now;
	int64_t state;      /* that it is to have */
	const char *reason; /* of stopping */
	struct bulk_page page;
	struct store_device *rows;
	size_t ordered, passed;
	bool gone_on; /* it is still ours, and under way */
};

/* As it is now: somebody may have stopped it, or begun another one. */
static enum err look_again(struct stepping *x, struct store *s, struct fail *why)
{
	struct store_bulk now;
	enum err err = store_bulk_last(s, &now, why);

	x->gone_on = !err && now.number == x->b.number && now.state == STORE_BULK_RUNNING;
	if (x->gone_on)
		x->b = now;
	return err;
}

static enum err set_state(void *ctx, struct store *s, struct fail *why)
{
	struct stepping *x = ctx;
	enum err err = look_again(x, s, why);

	if (err || !x->gone_on)
		return err;
	x->b.state = x->state;
	x->b.ended = x->now;
	snprintf(x->b.reason, sizeof(x->b.reason), "%s", x->reason);
	return store_bulk_put(s, &x->b, why);
}

static enum err end(
	struct stepping *x, int64_t state, const char *reason, char told[256], struct fail *why)
{
	const struct audit_entry e = {.who = "cadeadod",
		.from = x->b.node,
		.action = "device capf bulk",
		.object = x->b.what,
		.result = reason[0] ? reason : "finished"};
	enum err err;

	x->state = state;
	x->reason = reason;
	err = store_transaction(cluster_get_store(x->c), set_state, x, why);
	if (err || !x->gone_on)
		return err;
	snprintf(told, 256, "the bulk operation is %s after %lld of %lld phones%s%.120s",
		bulk_state_text(state), (long long)x->b.done, (long long)x->b.total,
		reason[0] ? ": " : "", reason);
	return audit_append(x->c, &e, why);
}

/* --- who is there --- */

/* A page of phones as stations are asked about them. */
struct asked {
	char names[CHUNK][16];
	bool registered[CHUNK];
};

/* Calls `with` for every page of the phones of this state, -1 for all. */
static enum err each_page(struct stepping *x, int64_t state,
	enum err (*with)(struct stepping *x, struct asked *a, int64_t *sum, struct fail *why),
	int64_t *sum, struct fail *why)
{
	struct asked *a = mem_new(sizeof(*a));
	enum err err = a ? ERR_OK : fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	size_t i;

	*sum = 0;
	bulk_page_fini(&x->page);
	while (!err) {
		err = bulk_page_read(
			&x->page, cluster_get_store(x->c), x->b.number, state, CHUNK, why);
		if (err || !x->page.count)
			break;
		for (i = 0; i < x->page.count; i++)
			memcpy(a->names[i], x->page.of[i].device, sizeof(a->names[i]));
		err = with(x, a, sum, why);
	}
	bulk_page_fini(&x->page);
	mem_free(a);
	return err;
}

static enum err ask(struct stepping *x, struct asked *a, struct fail *why)
{
	return x->io->stations(
		x->io->ctx, (const char(*)[16])a->names, x->page.count, false, a->registered, why);
}

static enum err put_page(struct stepping *x, struct fail *why)
{
	return store_bulk_phone_put_many(
		cluster_get_store(x->c), x->b.number, x->page.of, x->page.count, why);
}

static enum err note_present(struct stepping *x, struct asked *a, int64_t *sum, struct fail *why)
{
	enum err err = ask(x, a, why);
	size_t i;

	for (i = 0; !err && i < x->page.count; i++) {
		x->page.of[i].present = a->registered[i];
		*sum += a->registered[i];
	}
	return err ? err : put_page(x, why);
}

/* Seconds for which a phone can be at CAPF: while it makes its key, and with every other step. What
 * is older was left by one that waits for an authority elsewhere, or by a daemon that was killed.
 */
#define KEY_MOST  (2 * 60 * 60)
#define STEP_MOST (2 * 60)

static bool is_at_capf(const struct store_enrolment *e, int64_t now)
{
	return e->step >= STORE_STEP_CONNECTED && e->step < STORE_STEP_DONE &&
	       now - e->step_since <= (e->step == STORE_STEP_KEY_GENERATION ? KEY_MOST : STEP_MOST);
}

/* Those that are at CAPF are not lost. */
static enum err count_there(struct stepping *x, struct asked *a, int64_t *sum, struct fail *why)
{
	struct store_enrolment e;
	enum err err = ask(x, a, why);
	size_t i;

	for (i = 0; !err && i < x->page.count; i++) {
		if (!x->page.of[i].present)
			continue;
		if (!a->registered[i])
			err = store_enrolment_get(
				cluster_get_store(x->c), x->page.of[i].device, &e, why);
		*sum += a->registered[i] || (!err && is_at_capf(&e, x->now));
	}
	return err;
}

/* Counts them at the begin; later says whether enough of them are there. */
static enum err enough_there(
	struct stepping *x, bool *enough, char reason[STORE_TEXT], struct fail *why)
{
	int64_t there = 0;
	enum err err;

	*enough = true;
	if (x->b.present < 0) {
		err = each_page(x, -1, note_present, &there, why);
		x->b.present = there;
		return err;
	}
	if (!x->b.present || !x->b.least)
		return ERR_OK;
	err = each_page(x, -1, count_there, &there, why);
	*enough = err || there * 100 >= x->b.least * x->b.present;
	snprintf(reason, STORE_TEXT,
		"%lld of the %lld phones that were registered are there, less than %lld %%",
		(long long)there, (long long)x->b.present, (long long)x->b.least);
	return err;
}

/* --- a batch --- */

static enum err order_one(struct stepping *x, struct store *s, struct device_rules *rules,
	struct store_bulk_phone *p, struct fail *why)
{
	struct store_device *row = &x->rows[x->ordered];
	struct fail local = {0};
	enum err err = store_device_get(s, p->device, row, &local);

	if (err && err != ERR_NOTFOUND)
		return fail_set(why, err, "%s", local.text);
	if (!err) {
		err = bulk_apply(x->c, &x->b, row, why);
		if (err)
			return err;
		err = bulk_possible(rules, &x->b, row, &local);
	}
	if (err) {
		p->state = STORE_BULK_PASSED;
		snprintf(p->note, sizeof(p->note), "%.*s", (int)sizeof(p->note) - 1, local.text);
		x->passed++;
		return ERR_OK;
	}
	row->version++;
	p->state = x->b.reset ? STORE_BULK_ORDERED : STORE_BULK_TOLD;
	x->ordered++;
	return ERR_OK;
}

static enum err order_batch(void *ctx, struct store *s, struct fail *why)
{
	struct stepping *x = ctx;
	struct device_rules rules = {.c = x->c};
	int64_t present = x->b.present;
	size_t i;
	enum err err = look_again(x, s, why);

	x->ordered = x->passed = 0;
	bulk_page_fini(&x->page);
	if (err || !x->gone_on)
		return err;
	err = bulk_page_read(&x->page, s, x->b.number, STORE_BULK_WAITS, (size_t)x->b.batch, why);
	for (i = 0; !err && i < x->page.count; i++)
		err = order_one(x, s, &rules, &x->page.of[i], why);
	x->b.present = present;
	x->b.done += (int64_t)x->page.count;
	x->b.next_at = x->now + (x->page.count ? x->b.pause : 0);
	if (!err && x->ordered)
		err = store_device_put_many(s, x->rows, x->ordered, why);
	if (!err && x->page.count)
		err = store_bulk_phone_put_many(s, x->b.number, x->page.of, x->page.count, why);
	return err ? err : store_bulk_put(s, &x->b, why);
}

static enum err tell_page(struct stepping *x, struct asked *a, int64_t *reset, struct fail *why)
{
	enum err err = enrol_reset(x->c, x->io->stations, x->io->ctx, (const char(*)[16])a->names,
		x->page.count, a->registered, why);
	size_t i;

	for (i = 0; !err && i < x->page.count; i++) {
		x->page.of[i].state = STORE_BULK_TOLD;
		*reset += a->registered[i];
	}
	return err ? err : put_page(x, why);
}

/* Resets those that have their order and were not told yet. */
static enum err tell(struct stepping *x, int64_t *reset, struct fail *why)
{
	return each_page(x, STORE_BULK_ORDERED, tell_page, reset, why);
}

static enum err run_batch(struct stepping *x, char told[256], struct fail *why)
{
	int64_t reset;
	enum err err;

	x->rows = mem_new((size_t)x->b.batch * sizeof(*x->rows));
	if (!x->rows)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	err = store_transaction(cluster_get_store(x->c), order_batch, x, why);
	mem_free(x->rows);
	if (err || !x->gone_on)
		return err;
	err = tell(x, &reset, why);
	if (!err && x->b.done >= x->b.total)
		return end(x, STORE_BULK_FINISHED, "", told, why);
	snprintf(told, 256,
		"bulk operation: %zu phones ordered, of which %lld were reset, %zu passed over; "
		"%lld of %lld",
		x->ordered, (long long)reset, x->passed, (long long)x->b.done,
		(long long)x->b.total);
	return err;
}

static enum err step(struct stepping *x, char told[256], struct fail *why)
{
	char reason[STORE_TEXT] = "";
	int64_t again;
	bool enough;
	enum err err = tell(x, &again, why); /* what an interruption left */

	if (!err && x->b.complete_by <= x->now)
		return end(x, STORE_BULK_STOPPED, "Operation Completes By is reached", told, why);
	if (!err)
		err = enough_there(x, &enough, reason, why);
	if (err)
		return err;
	return enough ? run_batch(x, told, why) : end(x, STORE_BULK_STOPPED, reason, told, why);
}

enum err bulk_step(struct cluster *c, const struct bulk_io *io, char told[256], struct fail *why)
{
	struct stepping x = {.c = c, .io = io, .now = clock_seconds(cluster_get_clock(c))};
	struct fail local = {0};
	enum err err = store_bulk_last(cluster_get_store(c), &x.b, &local);

	told[0] = '\0';
	if (err == ERR_NOTFOUND)
		return ERR_OK;
	if (err)
		return fail_set(why, err, "%s", local.text);
	if (x.b.state != STORE_BULK_RUNNING || !str_ieq(x.b.node, cluster_get_settings(c)->node))
		return ERR_OK;
	if (x.now >= x.b.next_at)
		err = step(&x, told, why);
	bulk_page_fini(&x.page);
	return err;
}
