/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/handlers.h"

#include "base/str.h"

#include <stdio.h>

#define NAME_MAX_SIZE 64 /* of a service, its words joined */

/* NULL: no daemon runs, and nothing is started. */
static const struct command_runtime *daemon_of(const struct command_ctx *ctx)
{
	return ctx->runtime && ctx->runtime->service_do ? ctx->runtime : NULL;
}

static void list_names(struct fail *why, const char *name)
{
	struct buf all = {0};
	int s;

	for (s = 0; s < SERVICE_COUNT; s++)
		buf_printf(&all, "%s%s", s ? ", " : "", service_title((enum node_service)s));
	buf_u8(&all, 0);
	fail_set(why, ERR_ARG, "there is no service \"%s\"; services are: %s", name,
		buf_check(&all) ? "" : (const char *)all.data);
	buf_fini(&all);
}

/* The words after the command: "Cisco", "Tftp". */
static bool named(const struct json *args, enum node_service *out, struct command_reply *reply)
{
	const struct json *words = json_get(args, "name");
	char name[NAME_MAX_SIZE] = "";
	struct fail why = {0};
	size_t i, len = 0;

	for (i = 0; i < json_count(words) && len < sizeof(name); i++) {
		const char *word = json_str(json_at(words, i));

		len += (size_t)snprintf(
			name + len, sizeof(name) - len, "%s%s", i ? " " : "", word ? word : "");
	}
	if (service_find(name, out))
		return true;
	list_names(&why, name);
	command_refuse(reply, &why);
	reply->exit = COMMAND_USAGE;
	return false;
}

struct row {
	bool activated;
	struct service_state state;
};

static enum err look(struct command_ctx *ctx, struct cluster *c, enum node_service s,
	struct row *out, struct fail *why)
{
	const struct command_runtime *daemon = daemon_of(ctx);
	enum err err = service_activated(c, s, &out->activated, why);

	memset(&out->state, 0, sizeof(out->state));
	if (!err && daemon)
		err = daemon->service_status(daemon->ctx, s, &out->state, why);
	return err;
}

static void tell(struct command_reply *reply, enum node_service s, const struct row *r)
{
	buf_printf(&reply->text, "%s[%s]%s", service_title(s),
		r->state.started ? "STARTED" : "STOPPED",
		r->activated ? "" : "  Service Not Activated");
	if (r->state.waits[0])
		buf_printf(&reply->text, "  A restart brings in force: %s", r->state.waits);
	buf_str(&reply->text, "\n");
}

static struct json *row_json(enum node_service s, const struct row *r)
{
	struct json *o = json_object_new();

	json_set_str(o, "name", service_title(s));
	json_set_str(o, "word", service_word(s));
	json_set_bool(o, "activated", r->activated);
	json_set_bool(o, "started", r->state.started);
	json_set_str(o, "restartBringsInForce", r->state.waits);
	return o;
}

void handle_service_list(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	struct json *rows = json_array_new();
	struct cluster *c = command_cluster(ctx, &why);
	int s;

	(void)args;
	if (!daemon_of(ctx))
		buf_printf(&reply->text, "No daemon runs on %s.\n", ctx->state);
	for (s = 0; c && s < SERVICE_COUNT && !why.code; s++) {
		struct row r;

		if (look(ctx, c, (enum node_service)s, &r, &why) != ERR_OK)
			break;
		tell(reply, (enum node_service)s, &r);
		json_append_take(rows, row_json((enum node_service)s, &r));
	}
	json_set_bool(reply->data, "daemon", daemon_of(ctx) != NULL);
	json_set_take(reply->data, "services", rows);
	if (why.code != ERR_OK)
		command_refuse(reply, &why);
}

/* What has become of it, also after a failure. */
static void report(struct command_ctx *ctx, struct cluster *c, enum node_service s,
	struct command_reply *reply, struct fail *why)
{
	struct fail local = {0};
	struct row r;

	if (look(ctx, c, s, &r, &local) == ERR_OK) {
		tell(reply, s, &r);
		json_set_take(reply->data, "service", row_json(s, &r));
	} else if (why->code == ERR_OK) {
		*why = local;
	}
	if (why->code != ERR_OK)
		command_refuse(reply, why);
}

/* Starting a service brings lists and certificates in force, not settings. */
static void warn_settings(const struct cluster *c, struct command_reply *reply)
{
	bool changed = cluster_settings_changed(c);

	if (changed)
		buf_str(&reply->text,
			"Warning: cadeado.conf has changed since cadeadod was started, which reads it "
			"only then; restart cadeadod for it\n");
	json_set_bool(reply->data, "settingsChanged", changed);
}

static void change(struct command_ctx *ctx, const struct json *args, struct command_reply *reply,
	enum service_action what)
{
	const struct command_runtime *daemon = daemon_of(ctx);
	struct fail why = {0};
	enum node_service s;
	struct cluster *c;

	if (!named(args, &s, reply))
		return;
	c = command_cluster(ctx, &why);
	if (c && !daemon)
		fail_set(&why, ERR_NOTNOW, "no daemon runs on %s: cadeadod --state %s", ctx->state,
			ctx->state);
	if (why.code != ERR_OK) {
		command_refuse(reply, &why);
		return;
	}
	if (daemon->service_do(daemon->ctx, s, what, &why) == ERR_OK && what != SERVICE_START)
		buf_printf(&reply->text, "%s[STOPPING]\n", service_title(s));
	if (why.code == ERR_OK && what != SERVICE_STOP)
		buf_printf(&reply->text, "%s[STARTING]\n", service_title(s));
	if (why.code == ERR_OK && what != SERVICE_STOP)
		warn_settings(c, reply);
	report(ctx, c, s, reply, &why);
}

void handle_service_start(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	change(ctx, args, reply, SERVICE_START);
}

void handle_service_stop(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	change(ctx, args, reply, SERVICE_STOP);
}

void handle_service_restart(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	change(ctx, args, reply, SERVICE_RESTART);
}

/* A service that is activated is started too, and the other way round, as on the original. */
static void activate(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply, bool yes)
{
	const struct command_runtime *daemon = daemon_of(ctx);
	struct fail why = {0};
	enum node_service s;
	struct cluster *c;
	enum err err;

	if (!named(args, &s, reply))
		return;
	c = command_cluster(ctx, &why);
	if (!c) {
		command_refuse(reply, &why);
		return;
	}
	err = service_set_activated(c, s, yes, &why);
	if (err == ERR_OK && daemon)
		err = daemon->service_do(daemon->ctx, s, yes ? SERVICE_START : SERVICE_STOP, &why);
	report(ctx, c, s, reply, &why);
}

void handle_service_activate(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	activate(ctx, args, reply, true);
}

void handle_service_deactivate(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	activate(ctx, args, reply, false);
}

void handle_system_restart(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const struct command_runtime *daemon = daemon_of(ctx);
	struct fail why = {0};
	struct json *rows = json_array_new();
	struct cluster *c = command_cluster(ctx, &why);
	size_t i;

	(void)args;
	if (c && !daemon)
		fail_set(&why, ERR_NOTNOW, "no daemon runs on %s: cadeadod --state %s", ctx->state,
			ctx->state);
	for (i = 0; !why.code && service_order[i] != SERVICE_COUNT; i++) {
		enum node_service s = service_order[i];
		struct row r;

		if (look(ctx, c, s, &r, &why) != ERR_OK)
			break;
		if (r.activated &&
			daemon->service_do(daemon->ctx, s, SERVICE_RESTART, &why) != ERR_OK)
			fail_prefix(&why, "%s", service_title(s));
		if (!why.code && look(ctx, c, s, &r, &why) == ERR_OK) {
			tell(reply, s, &r);
			json_append_take(rows, row_json(s, &r));
		}
	}
	if (!why.code)
		warn_settings(c, reply);
	json_set_take(reply->data, "services", rows);
	if (why.code != ERR_OK)
		command_refuse(reply, &why);
}
