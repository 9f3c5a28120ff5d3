/* SPDX-License-Identifier: BSD-2-Clause
 * How a bulk operation begins, is stopped and taken back, and what became of it. What the daemon
 * does: bulk_step.c. */
#include "core/capf/bulk_priv.h"

#include "base/mem.h"
#include "base/str.h"
#include "core/device/rules.h"
#include "core/enrol/status.h"
#include "core/model/model.h"

#include <stdio.h>

#define WINDOW (7 * 24 * 60 * 60) /* seconds, where no end is given */
#define CHUNK  500

/* --- the order --- */

static enum err read_operation(const char *text, int64_t *out, struct fail *why)
{
	int op;

	for (op = ENROL_INSTALL; op < ENROL_OPERATIONS; op++)
		if (str_ieq(text, enrol_operation_text((enum enrol_operation)op))) {
			*out = op;
			return ERR_OK;
		}
	return fail_set(why, ERR_FORMAT,
		"%.40s: a bulk operation is Install/Upgrade, Delete or Troubleshoot", text);
}

static enum err read_order(
	struct cluster *c, const struct bulk_order *o, struct store_bulk *b, struct fail *why)
{
	int64_t now = clock_seconds(cluster_get_clock(c));
	enum err err = read_operation(o->operation, &b->operation, why);

	b->complete_by = now + WINDOW;
	if (!err && o->by && clock_parse(o->by, &b->complete_by))
		err = fail_set(why, ERR_FORMAT,
			"Operation Completes By: %.40s is no time; write 2026-12-01 or "
			"2026-12-01T18:00:00Z",
			o->by);
	if (!err && b->complete_by <= now)
		err = fail_set(why, ERR_ARG, "Operation Completes By: %.40s is over", o->by);
	str_copy(b->node, sizeof(b->node), cluster_get_settings(c)->node);
	snprintf(b->what, sizeof(b->what), "%.*s", (int)sizeof(b->what) - 1, o->what);
	if (!str_copy(b->auth, sizeof(b->auth), o->auth ? o->auth : "") && !err)
		err = fail_set(why, ERR_FORMAT, "Authentication Mode: too long");
	b->batch = o->batch;
	b->pause = o->pause;
	b->least = o->least;
	b->reset = o->reset;
	b->state = STORE_BULK_RUNNING;
	b->begun = b->next_at = now;
	b->present = -1;
	return err;
}

enum err bulk_apply(
	struct cluster *c, const struct store_bulk *b, struct store_device *row, struct fail *why)
{
	char by[CLOCK_DATE_MAX];
	struct device_value values[3];
	size_t n = 0;

	clock_print_iso(by, b->complete_by);
	values[n++] = (struct device_value){device_field_find("operation"),
		enrol_operation_text((enum enrol_operation)b->operation)};
	values[n++] = (struct device_value){device_field_find("operation-by"), by};
	if (b->auth[0])
		values[n++] = (struct device_value){device_field_find("auth"), b->auth};
	return device_apply(c, row, values, n, why);
}

enum err bulk_possible(struct device_rules *rules, const struct store_bulk *b,
	struct store_device *row, struct fail *why)
{
	const struct model *m = model_of((int)row->model);

	if (b->operation == ENROL_INSTALL && !m->rsa_max)
		return fail_set(
			why, ERR_UNSUPPORTED, "%s: a %s takes no certificate", row->name, m->name);
	return device_rules_check(rules, row, why);
}

static enum err try_all(struct cluster *c, const struct store_bulk *b,
	const struct bat_choice *phones, struct bulk_plan *out, struct fail *why)
{
	struct device_rules rules = {.c = c};
	struct store_device row;
	size_t i;
	enum err err = ERR_OK;

	for (i = 0; !err && i < phones->count; i++) {
		struct fail local = {0};

		err = store_device_get(cluster_get_store(c), phones->names[i], &row, why);
		/* Words that no phone could have are the order's fault. */
		if (!err)
			err = bulk_apply(c, b, &row, why);
		if (!err && bulk_possible(&rules, b, &row, &local) && out->refused++ == 0)
			out->first = local;
	}
	return err;
}

static enum err plan(struct cluster *c, const struct bulk_order *o, const struct bat_choice *phones,
	struct store_bulk *b, struct bulk_plan *out, struct fail *why)
{
	char by[CLOCK_DATE_MAX];
	enum err err;

	memset(out, 0, sizeof(*out));
	memset(b, 0, sizeof(*b));
	err = read_order(c, o, b, why);
	if (!err && !phones->count)
		err = fail_set(why, ERR_NOTFOUND, "no phone is chosen");
	if (!err)
		err = try_all(c, b, phones, out, why);
	if (err)
		return err;
	out->total = phones->count;
	b->total = (int64_t)phones->count;
	out->by = b->complete_by;
	out->batches = (b->total + b->batch - 1) / b->batch;
	out->seconds = (out->batches - 1) * b->pause;
	clock_print_iso(by, b->complete_by);
	if (b->begun + out->seconds >= b->complete_by)
		return fail_set(why, ERR_ARG,
			"%lld batches with %lld s between them do not end before %s: give more "
			"time (--operation-by), a larger --batch or a shorter --pause",
			(long long)out->batches, (long long)b->pause, by);
	return ERR_OK;
}

enum err bulk_plan(struct cluster *c, const struct bulk_order *o, const struct bat_choice *phones,
	struct bulk_plan *out, struct fail *why)
{
	struct store_bulk b;

	return plan(c, o, phones, &b, out, why);
}

struct beginning {
	struct store_bulk *b;
	const struct bat_choice *phones;
};

static enum err begin(void *ctx, struct store *s, struct fail *why)
{
	const struct beginning *x = ctx;
	struct store_bulk last = {0};
	struct store_bulk_phone *rows;
	struct fail local = {0};
	size_t at, n, i;
	enum err err = store_bulk_last(s, &last, &local);

	if (err && err != ERR_NOTFOUND)
		return fail_set(why, err, "%s", local.text);
	if (last.state == STORE_BULK_RUNNING || last.state == STORE_BULK_STOPPED)
		return fail_set(why, ERR_NOTNOW,
			"the last bulk operation is %s after %lld of %lld phones: cadeado device "
			"capf bulk %s, or undo",
			last.state == STORE_BULK_RUNNING ? "under way" : "stopped",
			(long long)last.done, (long long)last.total,
			last.state == STORE_BULK_RUNNING ? "stop" : "resume");
	x->b->number = last.number + 1;
	rows = mem_new(CHUNK * sizeof(*rows));
	if (!rows)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	err = store_bulk_put(s, x->b, why);
	if (!err)
		err = store_bulk_forget_before(s, x->b->number, why);
	for (at = 0; !err && at < x->phones->count; at += n) {
		n = x->phones->count - at < CHUNK ? x->phones->count - at : CHUNK;
		memset(rows, 0, n * sizeof(*rows));
		for (i = 0; i < n; i++)
			str_copy(rows[i].device, sizeof(rows[i].device), x->phones->names[at + i]);
		err = store_bulk_phone_put_many(s, x->b->number, rows, n, why);
	}
	mem_free(rows);
	return err;
}

enum err bulk_begin(struct cluster *c, const struct bulk_order *o, const struct bat_choice *phones,
	struct store_bulk *out, struct fail *why)
{
	struct beginning x = {out, phones};
	struct bulk_plan unused;
	enum err err = plan(c, o, phones, out, &unused, why);

	return err ? err : store_transaction(cluster_get_store(c), begin, &x, why);
}

/* --- afterwards --- */

struct turning {
	struct cluster *c;
	struct store_bulk *b;
	int64_t to;
	size_t taken_back;
};

static enum err turn(void *ctx, struct store *s, struct fail *why)
{
	const struct turning *t = ctx;
	int64_t now = clock_seconds(cluster_get_clock(t->c));
	enum err err = store_bulk_last(s, t->b, why);
	bool stop = t->to == STORE_BULK_STOPPED;

	if (err)
		return err;
	if (t->b->state != (stop ? STORE_BULK_RUNNING : STORE_BULK_STOPPED))
		return fail_set(why, ERR_NOTNOW, "it is %s", bulk_state_text(t->b->state));
	if (!stop && t->b->complete_by <= now)
		return fail_set(why, ERR_NOTNOW,
			"its time is over; take it back (cadeado device capf bulk undo) and begin "
			"another one");
	t->b->state = t->to;
	str_copy(t->b->reason, sizeof(t->b->reason), stop ? "stopped by hand" : "");
	t->b->ended = stop ? now : 0;
	t->b->next_at = now;
	t->b->present = -1;
	return store_bulk_put(s, t->b, why);
}

enum err bulk_stop(struct cluster *c, struct store_bulk *out, struct fail *why)
{
	struct turning t = {.c = c, .b = out, .to = STORE_BULK_STOPPED};

	return store_transaction(cluster_get_store(c), turn, &t, why);
}

enum err bulk_resume(struct cluster *c, struct store_bulk *out, struct fail *why)
{
	struct turning t = {.c = c, .b = out, .to = STORE_BULK_RUNNING};

	return store_transaction(cluster_get_store(c), turn, &t, why);
}

/* Only an order that is this one's still. */
static enum err take_back(
	struct turning *t, struct store *s, struct store_bulk_phone *p, struct fail *why)
{
	const struct device_value none = {
		device_field_find("operation"), enrol_operation_text(ENROL_NONE)};
	struct store_device row;
	struct fail local = {0};
	enum err err = ERR_OK;

	if (p->state == STORE_BULK_ORDERED || p->state == STORE_BULK_TOLD) {
		err = store_device_get(s, p->device, &row, &local);
		if (err == ERR_NOTFOUND)
			return ERR_OK;
		if (err)
			return fail_set(why, err, "%s", local.text);
		if (row.operation != t->b->operation || row.operation_by != t->b->complete_by)
			return ERR_OK;
		err = device_apply(t->c, &row, &none, 1, why);
		row.version++;
		if (!err)
			err = store_device_put(s, &row, why);
		t->taken_back++;
	} else if (p->state != STORE_BULK_WAITS) {
		return ERR_OK;
	}
	p->state = STORE_BULK_BACK;
	return err ? err : store_bulk_phone_put_many(s, t->b->number, p, 1, why);
}

static enum err undo(void *ctx, struct store *s, struct fail *why)
{
	struct turning *t = ctx;
	struct bulk_page page = {0};
	size_t i;
	enum err err = store_bulk_last(s, t->b, why);

	t->taken_back = 0;
	if (!err && t->b->state == STORE_BULK_UNDONE)
		err = fail_set(why, ERR_NOTNOW, "it is taken back already");
	while (!err) {
		err = bulk_page_read(&page, s, t->b->number, -1, CHUNK, why);
		if (err || !page.count)
			break;
		for (i = 0; !err && i < page.count; i++)
			err = take_back(t, s, &page.of[i], why);
	}
	bulk_page_fini(&page);
	t->b->state = STORE_BULK_UNDONE;
	t->b->ended = clock_seconds(cluster_get_clock(t->c));
	return err ? err : store_bulk_put(s, t->b, why);
}

enum err bulk_undo(struct cluster *c, struct store_bulk *out, size_t *taken_back, struct fail *why)
{
	struct turning t = {.c = c, .b = out};
	enum err err = store_transaction(cluster_get_store(c), undo, &t, why);

	*taken_back = t.taken_back;
	return err;
}

const char *bulk_state_text(int64_t state)
{
	switch (state) {
	case STORE_BULK_RUNNING: return "under way";
	case STORE_BULK_STOPPED: return "stopped";
	case STORE_BULK_FINISHED: return "finished";
	case STORE_BULK_UNDONE: return "taken back";
	default: return "unknown";
	}
}

/* --- what became of it --- */

static enum err judge(struct store *s, const struct store_bulk *b, const struct store_bulk_phone *p,
	struct bulk_counts *n, char text[STORE_TEXT], struct fail *why)
{
	static const char *const texts[] = {[STORE_BULK_WAITS] = "waits",
		[STORE_BULK_PASSED] = "passed over",
		[STORE_BULK_BACK] = "taken back"};
	struct store_device row;
	struct enrol_status status;
	struct fail local = {0};
	enum err err;

	n->waits += p->state == STORE_BULK_WAITS;
	n->passed += p->state == STORE_BULK_PASSED;
	n->back += p->state == STORE_BULK_BACK;
	if (p->state != STORE_BULK_ORDERED && p->state != STORE_BULK_TOLD) {
		str_copy(text, STORE_TEXT, texts[p->state]);
		return ERR_OK;
	}
	err = store_device_get(s, p->device, &row, &local);
	if (err == ERR_NOTFOUND) {
		n->passed++;
		str_copy(text, STORE_TEXT, "deleted");
		return ERR_OK;
	}
	if (err)
		return fail_set(why, err, "%s", local.text);
	str_copy(text, STORE_TEXT, row.operation_status);
	if (row.operation == b->operation)
		n->pending++;
	else if (enrol_status_find(row.operation_status, &status) &&
		 status.outcome == ENROL_SUCCESS)
		n->good++;
	else
		n->failed++;
	return ERR_OK;
}

enum err bulk_look(struct cluster *c, struct store_bulk *out, struct bulk_counts *counts,
	enum err (*each)(void *ctx, const struct store_bulk_phone *p, const char *state), void *ctx,
	struct fail *why)
{
	struct store *s = cluster_get_store(c);
	struct bulk_page page = {0};
	char text[STORE_TEXT];
	size_t i;
	enum err err = store_bulk_last(s, out, why);

	memset(counts, 0, sizeof(*counts));
	while (!err) {
		err = bulk_page_read(&page, s, out->number, -1, CHUNK, why);
		if (err || !page.count)
			break;
		for (i = 0; !err && i < page.count; i++) {
			err = judge(s, out, &page.of[i], counts, text, why);
			if (!err && each)
				err = each(ctx, &page.of[i], text);
		}
	}
	bulk_page_fini(&page);
	return err;
}

/* --- pages --- */

static enum err keep_phone(void *ctx, const struct store_bulk_phone *p)
{
	struct bulk_page *page = ctx;

	page->of[page->count++] = *p;
	return ERR_OK;
}

enum err bulk_page_read(struct bulk_page *page, struct store *s, int64_t number, int64_t state,
	size_t most, struct fail *why)
{
	if (!page->of)
		page->of = mem_new(most * sizeof(*page->of));
	if (!page->of)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	if (page->count)
		str_copy(page->after, sizeof(page->after), page->of[page->count - 1].device);
	page->count = 0;
	return store_bulk_phone_each(
		s, number, state, page->after, (int64_t)most, keep_phone, page, why);
}

void bulk_page_fini(struct bulk_page *page)
{
	mem_free(page->of);
	memset(page, 0, sizeof(*page));
}
