/* SPDX-License-Identifier: BSD-2-Clause
 * How far certificate operations are: what the store knows, and what the daemon sees now. */
#include "core/command/handlers.h"

#include "base/mem.h"
#include "base/str.h"
#include "core/bat/query.h"
#include "core/command/table_args.h"
#include "core/enrol/step.h"

#include <stdio.h>
#include <stdlib.h>

const struct command_arg capf_show_args[] = {
	{ARG_WORD, "phones", "QUERY", false, 0, 0,
		"SEP<MAC>, or a query (all whose operation goes on)"},
	{ARG_TEXT, "after", "CURSOR", false, 0, 0,
		"only the steps since the answer with this cursor"},
	END,
};

const struct command_arg capf_watch_args[] = {
	{ARG_WORD, "phones", "QUERY", false, 0, 0,
		"SEP<MAC>, or a query (all whose operation goes on)"},
	{ARG_FLAG, "follow", NULL, false, 0, 0, "go on when all operations have ended"},
	END,
};

/* --- what the daemon sees --- */

struct seeing {
	struct enrol_step *of;
	size_t count, room;
};

static enum err keep_step(void *arg, const struct enrol_step *step)
{
	struct seeing *s = arg;
	size_t room = s->room ? 2 * s->room : 256;
	struct enrol_step *of;

	if (s->count == s->room) {
		of = mem_resize(s->of, room * sizeof(*of));
		if (!of)
			return ERR_NOMEM;
		s->of = of;
		s->room = room;
	}
	s->of[s->count++] = *step;
	return ERR_OK;
}

static int by_device(const void *a, const void *b)
{
	const struct enrol_step *x = a, *y = b;
	int order = strcmp(x->device, y->device);

	return order ? order : x->at_us < y->at_us ? -1 : x->at_us > y->at_us;
}

/* The latest of a phone; NULL. They are in order of phones. */
static const struct enrol_step *latest(const struct seeing *s, const char *device)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(s->of[mid].device, device) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low && strcmp(s->of[low - 1].device, device) == 0 ? &s->of[low - 1] : NULL;
}

/* "installed", "Upgrade Failed: Invalid MIC", "key generation" */
static const char *step_words(const struct enrol_step *step)
{
	static const char *const good[ENROL_OPERATIONS] = {[ENROL_INSTALL] = "installed",
		[ENROL_DELETE] = "deleted",
		[ENROL_TROUBLESHOOT] = "fetched"};

	if (step->step != STORE_STEP_DONE)
		return enrol_step_text(step->step);
	if (step->outcome == ENROL_SUCCESS && good[step->op])
		return good[step->op];
	return enrol_status_text(step->op, step->outcome);
}

static struct json *step_json(const struct enrol_step *step)
{
	struct json *j = json_object_new();
	char at[CLOCK_DATE_MAX];
	bool done = step->step == STORE_STEP_DONE;

	clock_print_iso(at, step->at_us / 1000000);
	json_set_str(j, "at", at);
	json_set_int(j, "atMs", step->at_us / 1000);
	json_set_str(j, "name", step->device);
	json_set_str(j, "step", step_words(step));
	json_set_str(j, "operation", enrol_operation_text(step->op));
	json_set_str(j, "address", step->address);
	json_set_bool(j, "ended", done && !enrol_outcome_stays(step->outcome));
	json_set_bool(j, "good", done && step->outcome == ENROL_SUCCESS);
	if (done)
		json_set_str(j, "status", enrol_status_text(step->op, step->outcome));
	json_set_str(j, "note", step->note);
	return j;
}

struct answering {
	struct command_reply *reply;
	struct json *rows;
};

static enum err answer_step(void *arg, const struct enrol_step *step)
{
	struct answering *a = arg;

	json_append_take(a->rows, step_json(step));
	buf_printf(&a->reply->text, "%-16s %s%s%s\n", step->device, step_words(step),
		step->note[0] ? ": " : "", step->note);
	return ERR_OK;
}

/* --- what the store knows --- */

struct listing {
	struct command_reply *reply;
	struct json *rows;
	struct store *s;
	struct seeing seen;
	int64_t now;
	struct fail *why;
};

/* Of one phone: how far it is, since when. */
struct where {
	int64_t step, since; /* since 0: not known */
	const char *address;
	bool late; /* it may come no more */
};

static struct where where_is(
	const struct listing *l, const struct store_device *d, const struct store_enrolment *e)
{
	const struct enrol_step *live = latest(&l->seen, d->name);
	struct where w = {
		.step = d->operation ? STORE_STEP_PENDING : STORE_STEP_DONE, .address = e->address};

	w.late = d->operation && d->operation_by && d->operation_by < l->now;
	/* What was kept of an order that was taken back, or of the one before, is over. */
	if (e->step > STORE_STEP_NONE && (e->step < STORE_STEP_DONE) == (d->operation != 0)) {
		w.step = e->step;
		w.since = e->step_since;
	}
	if (live && live->step < STORE_STEP_DONE && live->at_us / 1000000 >= e->step_since &&
		(d->operation || live->step >= STORE_STEP_CONNECTED)) {
		w.step = live->step;
		w.since = live->at_us / 1000000;
		if (live->address[0])
			w.address = live->address;
	}
	return w;
}

static enum err show_one(void *ctx, const struct store_device *d)
{
	struct listing *l = ctx;
	struct store_enrolment e;
	struct where w;
	struct json *j;
	char since[CLOCK_DATE_MAX], by[CLOCK_DATE_MAX];
	const char *status = d->operation_status[0] ? d->operation_status : "None";
	enum err err = store_enrolment_get(l->s, d->name, &e, l->why);

	if (err)
		return err;
	w = where_is(l, d, &e);
	command_iso(since, w.since);
	command_iso(by, d->operation ? d->operation_by : 0);
	j = json_object_new();
	json_set_str(j, "name", d->name);
	json_set_str(j, "description", d->description);
	json_set_str(j, "operation", enrol_operation_text((enum enrol_operation)d->operation));
	json_set_str(j, "status", status);
	json_set_str(j, "step", enrol_step_text(w.step));
	json_set_str(j, "since", since);
	json_set_str(j, "completesBy", by);
	json_set_bool(j, "tooLate", w.late);
	json_set_str(j, "address", w.address);
	json_set_int(j, "failures", e.failures);
	json_set_int(j, "blockedUntil", e.blocked_until);
	json_set_str(j, "note", e.note);
	if (json_count(l->rows) == 0)
		buf_printf(&l->reply->text, "%-16s %-24s %-28s %s\n", "Device Name", "Step",
			"Certificate Operation Status", "Since, Address");
	json_append_take(l->rows, j);
	buf_printf(&l->reply->text, "%-16s %-24s %-28s %s%s%s\n", d->name, enrol_step_text(w.step),
		status, since, since[0] ? " " : "", w.address);
	if (w.late)
		buf_printf(&l->reply->text, "  it was to be completed by %s: order it again\n", by);
	if (e.failures)
		buf_printf(
			&l->reply->text, "  %lld wrong proofs in a row\n", (long long)e.failures);
	if (e.note[0])
		buf_printf(&l->reply->text, "  %s\n", e.note);
	return ERR_OK;
}

static enum err list_going_on(struct listing *l)
{
	const struct store_term ordered = {
		.field = STORE_FIELD_OPERATION, .match = STORE_IS_NOT, .number = 0};
	const struct store_filter going_on = {.terms = &ordered, .count = 1};
	enum err err = store_device_find(l->s, &going_on, show_one, l, l->why);

	if (!err && json_count(l->rows) == 0)
		buf_str(&l->reply->text, "No certificate operation goes on.\n");
	return err;
}

static enum err list_chosen(struct listing *l, const char *phones)
{
	char name[DEVICE_NAME_SIZE];
	struct store_device d;
	struct bat_query q;
	struct store_filter filter;
	enum err err;

	if (str_device_name(name, phones) == ERR_OK) {
		err = store_device_get(l->s, name, &d, l->why);
		return err ? err : show_one(l, &d);
	}
	err = bat_query_parse(&q, phones, l->why);
	if (err)
		return err;
	filter = bat_query_filter(&q);
	return store_device_find(l->s, &filter, show_one, l, l->why);
}

void handle_device_capf_show(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const struct command_runtime *r = ctx->runtime;
	const char *phones = json_get_str(args, "phones"), *after = json_get_str(args, "after");
	struct answering a = {.reply = reply, .rows = json_array_new()};
	char cursor[COMMAND_CURSOR] = "";
	int64_t lost = 0;
	struct fail why = {0};
	struct listing l = {.reply = reply, .rows = json_array_new(), .why = &why};
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? ERR_OK : why.code;
	bool live = r && r->enrol_steps;

	str_copy(cursor, sizeof(cursor), after ? after : "");
	if (!err && after && !live)
		err = fail_set(&why, ERR_NOTNOW, "no daemon runs, and nobody but it sees steps");
	if (!err && live)
		err = after ? r->enrol_steps(r->ctx, cursor, answer_step, &a, &lost, &why)
			    : r->enrol_steps(r->ctx, cursor, keep_step, &l.seen, &lost, &why);
	if (!err && !after) {
		if (l.seen.count)
			qsort(l.seen.of, l.seen.count, sizeof(*l.seen.of), by_device);
		l.s = cluster_get_store(c);
		l.now = clock_seconds(cluster_get_clock(c));
		err = phones ? list_chosen(&l, phones) : list_going_on(&l);
	}
	json_set_take(reply->data, after ? "steps" : "operations", after ? a.rows : l.rows);
	json_free(after ? l.rows : a.rows);
	if (live) {
		json_set_str(reply->data, "cursor", cursor);
		json_set_int(reply->data, "lost", lost);
	}
	if (err)
		command_refuse(reply, &why);
	mem_free(l.seen.of);
}
