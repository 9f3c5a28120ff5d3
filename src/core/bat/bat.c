/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/bat/bat.h"

#include "base/mem.h"
#include "base/str.h"
#include "core/device/rules.h"

#include <stdio.h>

#define BATCH 1000 /* phones of one transaction */

enum err bat_order_parse(struct bat_order *o, const char *query, const char *const *sets,
	size_t count, struct fail *why)
{
	enum err err = bat_query_parse(&o->parsed, query, why);
	size_t i;

	if (err)
		return err;
	str_copy(o->query, sizeof(o->query), query);
	o->count = 0;
	if (!count || count > BAT_SETS_MOST)
		return fail_set(why, ERR_FORMAT, "1 to %d fields can be set", BAT_SETS_MOST);
	for (i = 0; i < count; i++) {
		const char *equals = strchr(sets[i], '=');
		struct device_value *v = &o->values[o->count];
		char name[STORE_NAME] = "";

		if (!equals || (size_t)(equals - sets[i]) >= sizeof(name))
			return fail_set(why, ERR_FORMAT, "%.40s: is not FIELD=VALUE", sets[i]);
		memcpy(name, sets[i], (size_t)(equals - sets[i]));
		v->field = device_field_find(name);
		if (!v->field)
			return fail_set(why, ERR_FORMAT, "a phone has no field %.40s", name);
		if (!(v->field->use & DEVICE_FIELD_BULK) || (v->field->use & DEVICE_FIELD_SECRET))
			return fail_set(why, ERR_DENIED,
				"%s is each phone's own; use device import", v->field->label);
		if (!str_copy(o->texts[o->count], STORE_TEXT, equals + 1))
			return fail_set(why, ERR_FORMAT, "%s: at most %d bytes", v->field->label,
				STORE_TEXT - 1);
		v->text = o->texts[o->count++];
	}
	return ERR_OK;
}

/* The order as the store keeps it: a line for the query and for each field. */
static enum err pack(const struct bat_order *o, char *out, size_t size, struct fail *why)
{
	struct buf text = {0};
	size_t i;
	enum err err;

	buf_str(&text, o->query);
	for (i = 0; i < o->count; i++)
		buf_printf(&text, "\n%s=%s", o->values[i].field->label, o->values[i].text);
	buf_u8(&text, 0);
	err = buf_check(&text);
	if (!err && !str_copy(out, size, (const char *)text.data))
		err = ERR_LIMIT;
	buf_fini(&text);
	return err ? fail_set(why, err, "bulk change: %s", err_text(err)) : ERR_OK;
}

static enum err unpack(struct bat_order *o, const char *text, struct fail *why)
{
	char copy[sizeof(((struct store_change *)0)->order)];
	const char *sets[BAT_SETS_MOST];
	size_t count = 0;
	char *p;

	str_copy(copy, sizeof(copy), text);
	for (p = strchr(copy, '\n'); p && count < BAT_SETS_MOST; p = strchr(p, '\n')) {
		*p++ = '\0';
		sets[count++] = p;
	}
	return bat_order_parse(o, copy, sets, count, why);
}

struct finding {
	size_t left;
	enum err (*each)(void *ctx, const struct store_device *d);
	void *ctx;
};

static enum err find_one(void *ctx, const struct store_device *d)
{
	const struct finding *f = ctx;

	return f->each(f->ctx, d);
}

enum err bat_find(struct cluster *c, const struct bat_query *q, size_t most,
	enum err (*each)(void *ctx, const struct store_device *d), void *ctx, int64_t *found,
	struct fail *why)
{
	struct finding f = {.each = each, .ctx = ctx};
	struct store_filter filter = bat_query_filter(q);
	enum err err = store_device_count(cluster_get_store(c), &filter, found, why);

	filter.most = (int64_t)most;
	return err ? err : store_device_find(cluster_get_store(c), &filter, find_one, &f, why);
}

struct trying {
	struct cluster *c;
	const struct bat_order *o;
	struct device_rules rules;
	struct bat_counts *counts;
	struct finding show;
};

static enum err try_one(void *ctx, const struct store_device *d)
{
	struct trying *t = ctx;
	struct store_device row = *d;
	struct fail why = {0};
	enum err err = device_apply(t->c, &row, t->o->values, t->o->count, &why);

	t->counts->found++;
	if (!err && memcmp(&row, d, sizeof(row)) == 0) {
		t->counts->same++;
		return ERR_OK;
	}
	if (!err)
		err = device_rules_check(&t->rules, &row, &why);
	if (err) {
		if (t->counts->refused++ == 0)
			t->counts->first = why;
		return ERR_OK;
	}
	if (!t->show.left)
		return ERR_OK;
	t->show.left--;
	return t->show.each(t->show.ctx, &row);
}

static bool half_done(const struct store_change *c)
{
	return c->started && !c->finished && !c->undone;
}

enum err bat_last(struct cluster *c, struct store_change *out, struct fail *why)
{
	return store_change_last(cluster_get_store(c), out, why);
}

enum err bat_prepare(struct cluster *c, const struct bat_order *o, size_t most,
	enum err (*each)(void *ctx, const struct store_device *d), void *ctx,
	struct bat_counts *counts, struct fail *why)
{
	struct trying t = {.c = c,
		.o = o,
		.rules = {.c = c},
		.counts = counts,
		.show = {.left = most, .each = each, .ctx = ctx}};
	struct store_filter filter = bat_query_filter(&o->parsed);
	struct store *s = cluster_get_store(c);
	struct store_change last = {0}, change = {0};
	struct fail local = {0};
	enum err err = bat_last(c, &last, &local);

	memset(counts, 0, sizeof(*counts));
	if (err && err != ERR_NOTFOUND)
		return fail_set(why, err, "%s", local.text);
	if (!err && half_done(&last))
		return fail_set(why, ERR_NOTNOW,
			"the last bulk change stopped after %lld of %lld phones; go on with it "
			"(cadeado bat apply) or take it back (cadeado bat undo)",
			(long long)last.done, (long long)last.total);
	change.number = err ? 1 : last.started ? last.number + 1 : last.number;
	err = pack(o, change.order, sizeof(change.order), why);
	if (!err)
		err = store_device_find(s, &filter, try_one, &t, why);
	change.total = counts->found;
	if (err || counts->refused || counts->same == counts->found)
		return err;
	return store_change_put(s, &change, why);
}

struct batch {
	struct cluster *c;
	struct bat_order order;
	struct store_change change, next; /* as it was before this batch, and is behind it */
	struct device_rules rules;
	struct store_device *before, *after;
	size_t found, changed;
};

static enum err take_one(void *ctx, const struct store_device *d)
{
	struct batch *b = ctx;

	b->before[b->found++] = *d;
	return ERR_OK;
}

static enum err change_found(struct batch *b, struct fail *why)
{
	enum err err = ERR_OK;
	size_t i;

	for (i = 0; !err && i < b->found; i++) {
		struct store_device *row = &b->after[b->changed];

		*row = b->before[i];
		err = device_apply(b->c, row, b->order.values, b->order.count, why);
		if (err || memcmp(row, &b->before[i], sizeof(*row)) == 0)
			continue;
		err = device_rules_check(&b->rules, row, why);
		row->version++;
		/* Both lists hold the changed ones only, in the same order. */
		b->before[b->changed++] = b->before[i];
	}
	return err;
}

/* Changes, what was found, and how far it came: one transaction. */
static enum err run_batch(void *ctx, struct store *s, struct fail *why)
{
	struct batch *b = ctx;
	struct store_filter filter = bat_query_filter(&b->order.parsed);
	enum err err = ERR_OK;

	fail_clear(why);
	b->found = b->changed = 0;
	b->next = b->change;
	memset(&b->rules, 0, sizeof(b->rules));
	b->rules.c = b->c;
	if (!b->change.started) {
		b->next.started = clock_seconds(cluster_get_clock(b->c));
		err = store_device_count(s, &filter, &b->next.total, why);
		if (!err)
			err = store_change_forget_before(s, b->change.number, why);
	}
	filter.after = b->change.after;
	filter.most = BATCH;
	if (!err)
		err = store_device_find(s, &filter, take_one, b, why);
	if (!err && b->found) {
		str_copy(b->next.after, sizeof(b->next.after), b->before[b->found - 1].name);
		b->next.done += (int64_t)b->found;
		err = change_found(b, why);
	}
	if (b->found < BATCH)
		b->next.finished = clock_seconds(cluster_get_clock(b->c));
	/* The row of the change comes before those that refer to it. */
	if (!err)
		err = store_change_put(s, &b->next, why);
	if (!err && b->changed)
		err = store_change_keep_many(s, b->change.number, b->before, b->changed, why);
	if (!err && b->changed)
		err = store_device_put_many(s, b->after, b->changed, why);
	return err;
}

enum err bat_apply(
	struct cluster *c, bat_progress *progress, struct store_change *out, struct fail *why)
{
	struct batch b = {.c = c};
	struct fail local = {0};
	enum err err = bat_last(c, &b.change, &local);

	if (err == ERR_NOTFOUND || (!err && (b.change.finished || b.change.undone)))
		return fail_set(why, ERR_NOTFOUND,
			"no bulk change is prepared: cadeado bat update QUERY --set FIELD=VALUE");
	if (err)
		return fail_set(why, err, "%s", local.text);
	err = unpack(&b.order, b.change.order, why);
	b.before = mem_new(BATCH * sizeof(*b.before));
	b.after = mem_new(BATCH * sizeof(*b.after));
	if (!err && (!b.before || !b.after))
		err = fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	while (!err && !b.change.finished) {
		fail_clear(&local);
		err = store_transaction(cluster_get_store(c), run_batch, &b, &local);
		if (err) {
			fail_set(why, err, "after %lld of %lld phones: %s",
				(long long)b.change.done, (long long)b.change.total, local.text);
			break;
		}
		b.change = b.next;
		if (progress && !b.change.finished)
			progress((size_t)b.change.done, (size_t)b.change.total + 1);
	}
	if (!err && progress)
		progress((size_t)b.change.done, (size_t)b.change.done);
	mem_free(b.before);
	mem_free(b.after);
	*out = b.change;
	return err;
}

struct undoing {
	struct cluster *c;
	struct bat_order order;
	struct store_change change;
	struct store_device *rows;
	size_t count, room, restored;
	struct fail *why;
};

static enum err keep_one(void *ctx, const struct store_device *before)
{
	struct undoing *u = ctx;
	size_t want = u->room ? u->room * 2 : BATCH;
	struct store_device *rows;

	if (u->count == u->room) {
		rows = mem_resize(u->rows, want * sizeof(*rows));
		if (!rows)
			return fail_set(u->why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
		u->rows = rows;
		u->room = want;
	}
	u->rows[u->count++] = *before;
	return ERR_OK;
}

/* The present row with the fields of the order as they were; false: the phone is gone. */
static enum err restore_one(struct undoing *u, struct store *s, struct device_rules *rules,
	struct store_device *row, bool *there, struct fail *why)
{
	struct store_device now;
	struct fail local = {0};
	enum err err = store_device_get(s, row->name, &now, &local);
	size_t i;

	*there = !err;
	if (err)
		return err == ERR_NOTFOUND ? ERR_OK : fail_set(why, err, "%s", local.text);
	for (i = 0; i < u->order.count; i++)
		device_field_copy(&now, row, u->order.values[i].field);
	now.version++;
	*row = now;
	return device_rules_check(rules, row, why);
}

static enum err undo(void *ctx, struct store *s, struct fail *why)
{
	struct undoing *u = ctx;
	struct device_rules rules = {.c = u->c};
	enum err err;
	bool there;
	size_t i;

	fail_clear(why);
	u->count = u->restored = 0;
	u->why = why;
	err = store_change_kept(s, u->change.number, keep_one, u, why);
	for (i = 0; !err && i < u->count; i++) {
		err = restore_one(u, s, &rules, &u->rows[i], &there, why);
		if (!err && there)
			u->rows[u->restored++] = u->rows[i];
	}
	if (!err && u->restored)
		err = store_device_put_many(s, u->rows, u->restored, why);
	u->change.undone = clock_seconds(cluster_get_clock(u->c));
	return err ? err : store_change_put(s, &u->change, why);
}

enum err bat_undo(struct cluster *c, struct store_change *out, size_t *restored, struct fail *why)
{
	struct undoing u = {.c = c};
	struct fail local = {0};
	enum err err = bat_last(c, &u.change, &local);

	if (err == ERR_NOTFOUND || (!err && !u.change.started))
		return fail_set(why, ERR_NOTFOUND, "no bulk change was applied");
	if (!err && u.change.undone)
		return fail_set(why, ERR_NOTNOW, "the last bulk change is taken back already");
	if (!err)
		err = unpack(&u.order, u.change.order, &local);
	if (!err)
		err = store_transaction(cluster_get_store(c), undo, &u, &local);
	mem_free(u.rows);
	*out = u.change;
	*restored = u.restored;
	return err ? fail_set(why, err, "%s", local.text) : ERR_OK;
}
