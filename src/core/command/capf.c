/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/str.h"
#include "core/command/handlers.h"
#include "core/command/table_args.h"
#include "core/enrol/enrol.h"
#include "core/enrol/status.h"

#include <stdio.h>

#define END                                                                                        \
	{                                                                                          \
		ARG_END, NULL, NULL, false, 0, 0, NULL                                             \
	}

const struct command_arg capf_explain_args[] = {
	{ARG_WORD, "status", "STATUS", false, 0, 0,
		"a Certificate Operation Status: \"Upgrade Failed: Invalid MIC\" (all)"},
	END,
};

const struct command_arg capf_keep_alive_args[] = {
	{ARG_WORD, "minutes", "MINUTES", true, 0, 0, "5 to 60"},
	END,
};

const struct command_arg capf_show_args[] = {
	{ARG_WORD, "name", "SEP<MAC>", false, 0, 0, "device name (all whose operation goes on)"},
	END,
};

static void explain_one(
	struct command_reply *reply, struct json *rows, const struct enrol_status *s)
{
	struct json *j = json_object_new();

	json_set_str(j, "status", s->text);
	json_set_str(j, "cause", s->cause);
	json_set_str(j, "next", s->next);
	json_append_take(rows, j);
	buf_printf(&reply->text, "%s\n  Cause: %s\n  Next:  %s\n", s->text, s->cause, s->next);
}

void handle_capf_explain(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *text = json_get_str(args, "status");
	struct json *rows = json_array_new();
	struct enrol_status s;
	struct fail why = {0};

	(void)ctx;
	if (!text) {
		for (size_t i = 0; enrol_status_at(i, &s); i++)
			explain_one(reply, rows, &s);
	} else if (enrol_status_find(text, &s)) {
		explain_one(reply, rows, &s);
	} else {
		(void)fail_set(&why, ERR_NOTFOUND,
			"\"%.80s\" is no Certificate Operation Status; cadeado capf explain lists "
			"all of them",
			text);
		command_refuse(reply, &why);
	}
	json_set_take(reply->data, "statuses", rows);
}

void handle_capf_keep_alive(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *text = json_get_str(args, "minutes");
	struct fail why = {0};
	long minutes = 0;
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? ERR_OK : why.code;

	if (!err && str_number(text, ENROL_KEEP_ALIVE_LEAST, ENROL_KEEP_ALIVE_MOST, &minutes))
		err = fail_set(&why, ERR_FORMAT,
			"keep_alive takes minutes from %d to %d, not \"%.20s\"",
			ENROL_KEEP_ALIVE_LEAST, ENROL_KEEP_ALIVE_MOST, text);
	if (!err)
		err = enrol_set_keep_alive(c, (int)minutes, &why);
	if (err) {
		command_refuse(reply, &why);
		return;
	}
	json_set_int(reply->data, "minutes", minutes);
	buf_printf(&reply->text,
		"A phone that makes its key may be silent for %ld minutes, from its next session "
		"on.\n",
		minutes);
}

/* --- how far operations are --- */

static const char *const steps[] = {[STORE_STEP_NONE] = "none",
	[STORE_STEP_PENDING] = "pending",
	[STORE_STEP_RESET_SENT] = "reset sent",
	[STORE_STEP_CONNECTED] = "connected",
	[STORE_STEP_KEY_GENERATION] = "key generation",
	[STORE_STEP_CA] = "waits for the authority",
	[STORE_STEP_STORING] = "storing the certificate",
	[STORE_STEP_DONE] = "done"};

struct listing {
	struct command_reply *reply;
	struct json *rows;
	struct store *s;
	struct fail *why;
};

static enum err show_one(void *ctx, const struct store_device *d)
{
	struct listing *l = ctx;
	struct store_enrolment e;
	struct json *j;
	char since[CLOCK_DATE_MAX] = "";
	int64_t step;
	enum err err = store_enrolment_get(l->s, d->name, &e, l->why);

	if (err)
		return err;
	step = e.step > STORE_STEP_NONE && e.step < STORE_STEP_DONE ? e.step
	       : d->operation                                       ? STORE_STEP_PENDING
								    : STORE_STEP_DONE;
	if (e.step_since && step == e.step)
		clock_print_iso(since, e.step_since);
	j = json_object_new();
	json_set_str(j, "name", d->name);
	json_set_str(j, "operation", enrol_operation_text((enum enrol_operation)d->operation));
	json_set_str(j, "status", d->operation_status[0] ? d->operation_status : "None");
	json_set_str(j, "step", steps[step]);
	json_set_str(j, "since", since);
	json_set_str(j, "address", e.address);
	json_set_int(j, "failures", e.failures);
	json_set_int(j, "blockedUntil", e.blocked_until);
	json_set_str(j, "note", e.note);
	json_append_take(l->rows, j);
	buf_printf(&l->reply->text, "%-16s %-24s %-24s %s%s%s\n", d->name, steps[step],
		d->operation_status[0] ? d->operation_status : "None", since, since[0] ? " " : "",
		e.address);
	if (e.failures)
		buf_printf(
			&l->reply->text, "  %lld wrong proofs in a row\n", (long long)e.failures);
	if (e.note[0])
		buf_printf(&l->reply->text, "  %s\n", e.note);
	return ERR_OK;
}

void handle_device_capf_show(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const struct store_term ordered = {
		.field = STORE_FIELD_OPERATION, .match = STORE_IS_NOT, .number = 0};
	const struct store_filter going_on = {.terms = &ordered, .count = 1};
	const char *name = json_get_str(args, "name");
	struct fail why = {0};
	struct listing l = {.reply = reply, .rows = json_array_new(), .why = &why};
	struct store_device d;
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? ERR_OK : why.code;

	l.s = c ? cluster_get_store(c) : NULL;
	if (!err && name) {
		err = store_device_get(l.s, name, &d, &why);
		if (!err)
			err = show_one(&l, &d);
	} else if (!err) {
		err = store_device_find(l.s, &going_on, show_one, &l, &why);
		if (!err && json_count(l.rows) == 0)
			buf_str(&reply->text, "No certificate operation goes on.\n");
	}
	json_set_take(reply->data, "operations", l.rows);
	if (err)
		command_refuse(reply, &why);
}
