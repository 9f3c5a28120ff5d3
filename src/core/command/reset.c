/* SPDX-License-Identifier: BSD-2-Clause
 * Phones call CAPF when they start; those that are registered can be told to. */
#include "core/command/reset.h"

#include "base/mem.h"
#include "base/str.h"
#include "core/command/handlers.h"
#include "core/command/table_args.h"
#include "core/device/device.h"
#include "core/enrol/step.h"
#include "core/model/model.h"
#include "core/profile/profile.h"

#define PART 500 /* phones of one request, so that it stays short and nobody waits long */

const struct command_arg device_reset_args[] = {
	{ARG_WORDS, "phones", "SEP<MAC>...", true, 0, 0,
		"device names, or one query as in bat query"},
	END,
};

/* The daemon does it, where one runs. */
static enum err have_part_reset(struct command_ctx *ctx, const char (*devices)[16], size_t count,
	bool *registered, struct fail *why)
{
	struct json *args = json_object_new(), *names = json_array_new();
	struct command_reply reply;
	size_t i, k = 0;
	enum err err;

	for (i = 0; i < count; i++)
		json_append_take(names, json_span_new(span_str(devices[i])));
	json_set_take(args, "phones", names);
	err = ctx->runtime->ask_daemon(ctx->state, "device reset", args, &reply, why);
	json_free(args);
	if (err == ERR_NOTFOUND) {
		fail_clear(why);
		return ERR_OK;
	}
	if (!err && reply.exit != COMMAND_GOOD)
		err = fail_set(why, ERR_NOTNOW, "%s", reply.why.text);
	/* Both lists are in order. */
	names = json_get(reply.data, "reset");
	for (i = 0; !err && i < count; i++) {
		const char *name = json_str(json_at(names, k));

		registered[i] = name && strcmp(name, devices[i]) == 0;
		k += registered[i];
	}
	command_reply_fini(&reply);
	return err;
}

enum err command_reset(struct command_ctx *ctx, const struct bat_choice *phones, bool *registered,
	struct fail *why)
{
	const struct command_runtime *r = ctx->runtime;
	struct cluster *c = command_cluster(ctx, why);
	size_t at, n;
	enum err err = c ? ERR_OK : why->code;

	memset(registered, 0, phones->count * sizeof(*registered));
	for (at = 0; !err && r && at < phones->count; at += n) {
		const char(*part)[16] = (const char(*)[16])phones->names + at;

		n = phones->count - at < PART ? phones->count - at : PART;
		if (r->stations)
			err = enrol_reset(c, r->stations, r->ctx, part, n, registered + at, why);
		else if (r->ask_daemon)
			err = have_part_reset(ctx, part, n, registered + at, why);
		if (!err && ctx->progress && phones->count > PART)
			ctx->progress(at + n, phones->count);
	}
	return err;
}

enum err command_call(struct command_ctx *ctx, const char *device, bool keep,
	struct command_reply *reply, struct fail *why)
{
	struct bat_choice one = {0};
	struct device d;
	struct buf then = {0};
	bool registered = false;
	struct cluster *c = command_cluster(ctx, why);
	enum err err = c ? device_get(c, device, &d, why) : why->code;

	if (err || !d.operation)
		return err;
	err = bat_choose(c, d.name, &one, why);
	if (!err && !keep)
		err = command_reset(ctx, &one, &registered, why);
	bat_choice_fini(&one);
	if (err)
		return err;
	if (registered)
		buf_printf(&then, "%s was reset.\n", d.name);
	if (d.auth_mode == PROFILE_AUTH_STRING) {
		const char *keys = model_of(d.model)->update;

		buf_printf(&then,
			"It calls CAPF when somebody presses %s on it and types its string.\n",
			keys ? keys : "LSC, Update");
		if (!d.record.auth_string.len)
			buf_printf(&then, "None is set yet: cadeado device capf generate %s\n",
				d.name);
	} else {
		buf_printf(&then, "%s\n",
			registered ? "It calls CAPF now that it starts."
				   : "It is not told: it calls CAPF when it starts next.");
	}
	buf_printf(&then, "Look on: cadeado device capf watch %s\n", d.name);
	json_set_bool(reply->data, "reset", registered);
	json_set_take(reply->data, "then", json_span_new(buf_span(&then)));
	buf_put(&reply->text, buf_span(&then));
	buf_fini(&then);
	return ERR_OK;
}

static enum err choose(
	struct cluster *c, const struct json *words, struct bat_choice *out, struct fail *why)
{
	const char **names;
	size_t count = json_count(words), i;
	enum err err;

	memset(out, 0, sizeof(*out));
	if (count == 1)
		return bat_choose(c, json_str(json_at(words, 0)), out, why);
	names = mem_new(count * sizeof(*names));
	if (!names)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	for (i = 0; i < count; i++)
		names[i] = json_str(json_at(words, i));
	err = bat_choose_names(c, names, count, out, why);
	mem_free(names);
	return err;
}

void handle_device_reset(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct json *rows = json_array_new();
	struct bat_choice phones = {0};
	struct fail why = {0};
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? choose(c, json_get(args, "phones"), &phones, &why) : why.code;
	bool *registered = phones.count ? mem_new(phones.count * sizeof(*registered)) : NULL;
	size_t i, n = 0;

	if (!err && phones.count && !registered)
		err = fail_set(&why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	if (!err && phones.count)
		err = command_reset(ctx, &phones, registered, &why);
	for (i = 0; !err && i < phones.count; i++) {
		if (!registered[i])
			continue;
		json_append_take(rows, json_span_new(span_str(phones.names[i])));
		n++;
	}
	json_set_take(reply->data, "reset", rows);
	json_set_int(reply->data, "notRegistered", (int64_t)(phones.count - n));
	if (err)
		command_refuse(reply, &why);
	else
		buf_printf(&reply->text, "%zu phones reset, %zu are not registered\n", n,
			phones.count - n);
	mem_free(registered);
	bat_choice_fini(&phones);
}
