/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/handlers.h"

#include "base/str.h"
#include "core/capf/bulk.h"
#include "core/command/choose.h"
#include "core/command/table_args.h"
#include "core/enrol/status.h"

#include <stdio.h>

#define HOUR   3600
#define MINUTE 60

const struct command_arg bulk_start_args[] = {
	COMMAND_CHOICE_ARGS,
	{ARG_TEXT, "operation", "WORDS", false, 0, 0,
		"Install/Upgrade, Delete or Troubleshoot (Install/Upgrade)"},
	{ARG_TEXT, "operation-by", "TIME", false, 0, 0,
		"Operation Completes By, UTC, for all (seven days from now)"},
	{ARG_TEXT, "auth", "WORDS", false, 0, 0, "set this Authentication Mode too"},
	{ARG_NUMBER, "batch", "N", false, 1, BULK_BATCH_MOST, "phones at once (20)"},
	{ARG_NUMBER, "pause", "SECONDS", false, 0, BULK_PAUSE_MOST, "between two batches (120)"},
	{ARG_NUMBER, "least", "PERCENT", false, 0, 100,
		"stop with fewer of the registered phones there (80)"},
	{ARG_FLAG, "no-reset", NULL, false, 0, 0, "do not reset registered phones"},
	END,
};

const struct command_arg bulk_status_args[] = {
	{ARG_FLAG, "phones", NULL, false, 0, 0, "list the phones, and what became of each"},
	END,
};

static void read_order(const struct json *args, struct bulk_order *o)
{
	const char *operation = json_get_str(args, "operation"),
		   *phones = json_get_str(args, "phones");

	*o = (struct bulk_order){
		.what = phones ? phones : json_get_str(args, "csv"),
		.operation = operation ? operation : enrol_operation_text(ENROL_INSTALL),
		.by = json_get_str(args, "operation-by"),
		.auth = json_get_str(args, "auth"),
		.batch = json_get_int(args, "batch", BULK_BATCH_DEFAULT),
		.pause = json_get_int(args, "pause", BULK_PAUSE_DEFAULT),
		.least = json_get_int(args, "least", BULK_LEAST_DEFAULT),
		.reset = !json_get_bool(args, "no-reset"),
	};
	if (!o->what)
		o->what = "";
}

static void put_duration(struct buf *out, int64_t s)
{
	if (s >= 2 * HOUR)
		buf_printf(out, "%lld h %lld min", (long long)(s / HOUR),
			(long long)(s % HOUR / MINUTE));
	else if (s >= 2 * MINUTE)
		buf_printf(out, "%lld min", (long long)((s + MINUTE - 1) / MINUTE));
	else
		buf_printf(out, "%lld s", (long long)s);
}

static void put_plan(
	const struct bulk_order *o, const struct bulk_plan *p, struct command_reply *reply)
{
	char by[CLOCK_DATE_MAX];

	clock_print_iso(by, p->by);
	buf_printf(&reply->text, "%s for %zu phones, %lld at once, in %lld batches: ", o->operation,
		p->total, (long long)o->batch, (long long)p->batches);
	put_duration(&reply->text, p->seconds);
	buf_printf(&reply->text,
		" until the last is told.\nOperation Completes By: %s. Stops when fewer than %lld "
		"%% of the phones that are registered now are there.\n",
		by, (long long)o->least);
	if (p->refused)
		buf_printf(&reply->text, "%zu of them will be passed over; the first: %s\n",
			p->refused, p->first.text);
	json_set_int(reply->data, "phones", (int64_t)p->total);
	json_set_int(reply->data, "refused", (int64_t)p->refused);
	json_set_int(reply->data, "batches", p->batches);
	json_set_int(reply->data, "seconds", p->seconds);
	json_set_str(reply->data, "completesBy", by);
}

static bool served(const struct command_ctx *ctx)
{
	const struct command_runtime *r = ctx->runtime;

	return !r || !r->daemon_runs || r->daemon_runs(r->ctx, ctx->state);
}

static void start(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply, bool begin)
{
	struct bat_choice phones = {0};
	struct bulk_order o;
	struct bulk_plan p = {0};
	struct store_bulk b;
	struct fail why = {0};
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? command_choose(c, args, &phones, &why) : why.code;

	read_order(args, &o);
	if (!err)
		err = bulk_plan(c, &o, &phones, &p, &why);
	if (!err)
		put_plan(&o, &p, reply);
	/* They have read it, and agreed. */
	if (!err && begin && ctx->previewed)
		buf_clear(&reply->text);
	if (!err && p.refused == p.total)
		err = fail_set(
			&why, ERR_NOTNOW, "none of these phones can take it: %s", p.first.text);
	if (!err && begin)
		err = bulk_begin(c, &o, &phones, &b, &why);
	bat_choice_fini(&phones);
	if (err) {
		command_refuse(reply, &why);
		return;
	}
	if (!begin)
		return;
	json_set_int(reply->data, "number", b.number);
	if (!served(ctx))
		buf_printf(&reply->text, "It begins when a daemon runs: cadeadod --state %s\n",
			ctx->state);
	else
		buf_str(&reply->text,
			"cadeadod does it; this program may end, and the machine it runs on.\n");
	buf_str(&reply->text,
		"Look on: cadeado device capf bulk status, cadeado device capf watch\n");
}

void preview_bulk_start(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	start(ctx, args, reply, false);
}

void handle_bulk_start(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	start(ctx, args, reply, true);
}

static void put_time(struct json *j, const char *key, int64_t when)
{
	char at[CLOCK_DATE_MAX];

	command_iso(at, when);
	json_set_str(j, key, at);
}

static void put_bulk(const struct store_bulk *b, struct command_reply *reply)
{
	struct json *j = json_object_new();
	char at[CLOCK_DATE_MAX];

	json_set_int(j, "number", b->number);
	json_set_str(j, "phones", b->what);
	json_set_str(j, "operation", enrol_operation_text((enum enrol_operation)b->operation));
	json_set_str(j, "state", bulk_state_text(b->state));
	json_set_str(j, "reason", b->reason);
	json_set_str(j, "node", b->node);
	json_set_int(j, "total", b->total);
	json_set_int(j, "done", b->done);
	json_set_int(j, "registeredAtBegin", b->present);
	json_set_int(j, "batch", b->batch);
	json_set_int(j, "pause", b->pause);
	json_set_int(j, "least", b->least);
	put_time(j, "begun", b->begun);
	put_time(j, "ended", b->ended);
	put_time(j, "completesBy", b->complete_by);
	put_time(j, "nextBatch", b->state == STORE_BULK_RUNNING ? b->next_at : 0);
	json_set_take(reply->data, "bulk", j);
	buf_printf(&reply->text, "%s for %s: %s%s%s\n%lld of %lld phones have the order",
		enrol_operation_text((enum enrol_operation)b->operation), b->what,
		bulk_state_text(b->state), b->reason[0] ? ", " : "", b->reason, (long long)b->done,
		(long long)b->total);
	if (b->state == STORE_BULK_RUNNING && b->done) {
		clock_print_iso(at, b->next_at);
		buf_printf(&reply->text, "; the next batch: %s", at);
	}
	clock_print_iso(at, b->complete_by);
	buf_printf(&reply->text, "\nOperation Completes By: %s\n", at);
	if (b->state == STORE_BULK_STOPPED)
		buf_str(&reply->text, "Go on: cadeado device capf bulk resume; take back what is "
				      "not done: cadeado device capf bulk undo\n");
}

struct listing {
	struct command_reply *reply;
	struct json *rows;
	bool text;
};

static enum err list_one(void *ctx, const struct store_bulk_phone *p, const char *state)
{
	struct listing *l = ctx;
	struct json *j = json_object_new();

	json_set_str(j, "name", p->device);
	json_set_str(j, "state", state);
	json_set_str(j, "note", p->note);
	json_append_take(l->rows, j);
	buf_printf(&l->reply->text, "%-16s %s%s%s\n", p->device, state, p->note[0] ? ": " : "",
		p->note);
	return ERR_OK;
}

static void put_counts(const struct bulk_counts *n, struct command_reply *reply)
{
	const struct {
		const char *key, *words;
		int64_t count;
	} rows[] = {{"good", "done", n->good}, {"failed", "failed", n->failed},
		{"pending", "pending", n->pending}, {"waits", "wait for their batch", n->waits},
		{"passedOver", "passed over", n->passed}, {"takenBack", "taken back", n->back}};
	const char *between = "";

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_set_int(reply->data, rows[i].key, rows[i].count);
		if (!rows[i].count)
			continue;
		buf_printf(&reply->text, "%s%lld %s", between, (long long)rows[i].count,
			rows[i].words);
		between = ", ";
	}
	buf_str(&reply->text, "\n");
}

void handle_bulk_status(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct listing l = {.reply = reply, .rows = json_array_new()};
	bool phones = json_get_bool(args, "phones");
	struct bulk_counts counts = {0};
	struct store_bulk b;
	struct fail why = {0};
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? bulk_look(c, &b, &counts, phones ? list_one : NULL, &l, &why) : why.code;

	json_set_take(reply->data, "list", l.rows);
	if (c && err == ERR_NOTFOUND) {
		buf_str(&reply->text, "No bulk operation was begun.\n");
	} else if (err) {
		command_refuse(reply, &why);
	} else {
		put_bulk(&b, reply);
		put_counts(&counts, reply);
		if (b.state == STORE_BULK_RUNNING && !served(ctx))
			buf_printf(&reply->text, "It waits for a daemon: cadeadod --state %s\n",
				ctx->state);
	}
}

static void turn(struct command_ctx *ctx, struct command_reply *reply,
	enum err (*how)(struct cluster *c, struct store_bulk *out, struct fail *why))
{
	struct store_bulk b = {0};
	struct fail why = {0};
	struct cluster *c = command_cluster(ctx, &why);

	if (!c || how(c, &b, &why))
		command_refuse(reply, &why);
	else
		put_bulk(&b, reply);
}

void handle_bulk_stop(struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	turn(ctx, reply, bulk_stop);
}

void handle_bulk_resume(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	turn(ctx, reply, bulk_resume);
}

void handle_bulk_undo(struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct store_bulk b = {0};
	struct fail why = {0};
	size_t taken_back = 0;
	struct cluster *c = command_cluster(ctx, &why);

	if (!c || bulk_undo(c, &b, &taken_back, &why)) {
		command_refuse(reply, &why);
		return;
	}
	put_bulk(&b, reply);
	json_set_int(reply->data, "takenBack", (int64_t)taken_back);
	buf_printf(&reply->text,
		"%zu orders taken back; what phones have done already stays done\n", taken_back);
}
