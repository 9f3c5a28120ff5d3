/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/handlers.h"

#include "base/mem.h"
#include "base/str.h"
#include "core/bat/bat.h"
#include "core/command/reset.h"
#include "core/model/model.h"

#include <stdio.h>

#define SHOWN 10 /* phones of a dry run */

struct listing {
	struct command_reply *reply;
	struct json *rows;
};

static enum err list_one(void *ctx, const struct store_device *d)
{
	struct listing *l = ctx;
	struct json *j = json_object_new();
	char type[24];

	if (model_is_known((int)d->model))
		str_copy(type, sizeof(type), model_of((int)d->model)->name);
	else
		snprintf(type, sizeof(type), "%lld", (long long)d->model);
	json_set_str(j, "name", d->name);
	json_set_str(j, "deviceType", type);
	json_set_str(j, "profile", d->profile);
	json_set_str(j, "description", d->description);
	json_append_take(l->rows, j);
	buf_printf(&l->reply->text, "%-16s %-22s %-32s %s\n", d->name, type, d->profile,
		d->description);
	return ERR_OK;
}

static void put_more(struct command_reply *reply, int64_t found, size_t shown)
{
	if (found > (int64_t)shown)
		buf_printf(
			&reply->text, "... and %lld more\n", (long long)found - (long long)shown);
}

void handle_bat_query(struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct listing l = {.reply = reply, .rows = json_array_new()};
	struct fail why = {0};
	struct bat_query q;
	int64_t found = 0;
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? bat_query_parse(&q, json_get_str(args, "query"), &why) : why.code;

	if (!err)
		err = bat_find(c, &q, SHOWN, list_one, &l, &found, &why);
	put_more(reply, found, json_count(l.rows));
	json_set_int(reply->data, "found", found);
	json_set_take(reply->data, "first", l.rows);
	if (err)
		command_refuse(reply, &why);
	else
		buf_printf(&reply->text, "%lld phones found\n", (long long)found);
}

static void put_counts(
	struct command_reply *reply, const struct bat_counts *n, const struct listing *l)
{
	int64_t changing = n->found - n->same - n->refused;

	put_more(reply, changing, json_count(l->rows));
	json_set_int(reply->data, "found", n->found);
	json_set_int(reply->data, "change", changing);
	json_set_int(reply->data, "same", n->same);
	json_set_int(reply->data, "refused", n->refused);
	buf_printf(&reply->text,
		"%lld phones found: %lld would change, %lld are so already, %lld refused\n",
		(long long)n->found, (long long)changing, (long long)n->same,
		(long long)n->refused);
}

void handle_bat_update(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct listing l = {.reply = reply, .rows = json_array_new()};
	const struct json *given = json_get(args, "set");
	const char *sets[BAT_SETS_MOST + 1];
	struct fail why = {0};
	struct bat_order order;
	struct bat_counts counts = {0};
	size_t n = 0;
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? ERR_OK : why.code;

	for (; n < json_count(given) && n <= BAT_SETS_MOST; n++)
		sets[n] = json_str(json_at(given, n));
	if (!err)
		err = bat_order_parse(&order, json_get_str(args, "query"), sets, n, &why);
	if (!err)
		err = bat_prepare(c, &order, SHOWN, list_one, &l, &counts, &why);
	if (!err)
		put_counts(reply, &counts, &l);
	json_set_take(reply->data, "first", l.rows);
	if (!err && counts.refused)
		err = fail_set(&why, ERR_NOTNOW,
			"nothing is prepared, because the rules forbid it for %lld phones; the "
			"first: %.160s",
			(long long)counts.refused, counts.first.text);
	if (err)
		command_refuse(reply, &why);
	else if (counts.found > counts.same)
		buf_str(&reply->text, "Nothing is changed yet: cadeado bat apply\n");
}

static void put_change(struct command_reply *reply, const struct store_change *change)
{
	struct json *j = json_object_new();
	const char *state = change->undone     ? "taken back"
			    : change->finished ? "finished"
			    : change->started  ? "interrupted"
					       : "prepared";
	const char *p, *end;

	json_set_int(j, "number", change->number);
	json_set_str(j, "order", change->order);
	json_set_str(j, "state", state);
	json_set_int(j, "total", change->total);
	json_set_int(j, "done", change->done);
	json_set_int(j, "started", change->started);
	json_set_int(j, "finished", change->finished);
	json_set_int(j, "undone", change->undone);
	json_set_take(reply->data, "update", j);
	for (p = change->order; p; p = end ? end + 1 : NULL) {
		end = strchr(p, '\n');
		buf_printf(&reply->text, "%s %.*s\n", p == change->order ? "Query:" : "Set:  ",
			end ? (int)(end - p) : (int)strlen(p), p);
	}
	buf_printf(&reply->text, "%lld of %lld phones done, %s\n", (long long)change->done,
		(long long)change->total, state);
}

/* Whether phones have to call CAPF for it. */
static bool orders_operation(const struct store_change *change)
{
	static const char sets[] = "\nCertificate Operation=";
	const char *at = strstr(change->order, sets);

	return at && strncmp(at + sizeof(sets) - 1, "No Pending", 10) != 0;
}

struct changed {
	struct bat_choice phones;
	struct fail *why;
};

static enum err take_changed(void *ctx, const struct store_device *before)
{
	struct changed *x = ctx;

	return bat_choice_add(&x->phones, before->name, x->why);
}

static enum err reset_changed(struct command_ctx *ctx, struct cluster *c,
	const struct store_change *change, struct command_reply *reply, struct fail *why)
{
	struct changed x = {.why = why};
	bool *registered = NULL;
	size_t i, n = 0;
	enum err err =
		store_change_kept(cluster_get_store(c), change->number, take_changed, &x, why);

	if (!err && x.phones.count) {
		registered = mem_new(x.phones.count * sizeof(*registered));
		err = registered ? command_reset(ctx, &x.phones, registered, why)
				 : fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	}
	for (i = 0; !err && i < x.phones.count; i++)
		n += registered[i];
	if (!err) {
		json_set_int(reply->data, "reset", (int64_t)n);
		buf_printf(&reply->text,
			"%zu registered phones were reset, and call CAPF when they have started; the "
			"others call at their next start. Those that authenticate by string call when "
			"somebody presses LSC, Update.\nLook on: cadeado device capf watch\n",
			n);
	}
	mem_free(registered);
	bat_choice_fini(&x.phones);
	return err;
}

void handle_bat_apply(struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct store_change change = {0};
	struct fail why = {0};
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? bat_apply(c, ctx->progress, &change, &why) : why.code;

	if (!err)
		put_change(reply, &change);
	if (!err && orders_operation(&change) && !json_get_bool(args, "no-reset"))
		err = reset_changed(ctx, c, &change, reply, &why);
	if (err)
		command_refuse(reply, &why);
}

void handle_bat_undo(struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct store_change change = {0};
	size_t restored = 0;
	struct fail why = {0};
	struct cluster *c = command_cluster(ctx, &why);

	(void)args;
	if (!c || bat_undo(c, &change, &restored, &why) != ERR_OK) {
		command_refuse(reply, &why);
		return;
	}
	put_change(reply, &change);
	json_set_int(reply->data, "restored", (int64_t)restored);
	buf_printf(&reply->text, "%zu phones are as they were\n", restored);
}

void handle_bat_status(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct store_change change = {0};
	struct fail why = {0};
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? bat_last(c, &change, &why) : why.code;

	(void)args;
	if (c && err == ERR_NOTFOUND)
		buf_str(&reply->text, "No bulk change was made.\n");
	else if (err)
		command_refuse(reply, &why);
	else
		put_change(reply, &change);
}
