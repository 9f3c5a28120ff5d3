/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/handlers.h"

#include "base/str.h"
#include "core/device/rules.h"
#include "core/profile/profile.h"

#include <stdio.h>

#define WARNINGS_BYTES 2048 /* more than that nobody reads */

static struct json *profile_json(const struct profile *p)
{
	const struct profile_field *f;
	struct json *j = json_object_new();
	struct buf text = {0};
	size_t i;

	json_set_str(j, "name", p->name);
	for (i = 0; (f = profile_field_at(i)); i++) {
		buf_clear(&text);
		profile_text(p, f, &text);
		buf_u8(&text, 0);
		json_set_str(j, f->key, buf_check(&text) ? "" : (const char *)text.data);
	}
	json_set_bool(j, "predefined", p->predefined);
	buf_fini(&text);
	return j;
}

static enum err users(struct cluster *c, const struct profile *p, struct json *j, struct buf *out,
	struct fail *why)
{
	int64_t count = 0;
	enum err err = profile_users(c, p->name, &count, why);

	json_set_int(j, "devices", count);
	if (out)
		buf_printf(out, "%-48s %lld phones\n", "Dependency Records:", (long long)count);
	return err;
}

static void put_text(const struct profile *p, struct buf *out)
{
	const struct profile_field *f;
	char label[64];
	size_t i;

	buf_printf(out, "%-48s %s%s\n", "Name:", p->name, p->predefined ? " (predefined)" : "");
	for (i = 0; (f = profile_field_at(i)); i++) {
		snprintf(label, sizeof(label), "%s:", f->label);
		buf_printf(out, "%-48s ", label);
		profile_text(p, f, out);
		buf_u8(out, '\n');
	}
}

static void tell(struct cluster *c, const char *name, struct command_reply *reply)
{
	struct profile p;
	struct json *j;
	struct fail why = {0};
	enum err err = profile_get(c, name, &p, &why);

	if (!err) {
		j = profile_json(&p);
		put_text(&p, &reply->text);
		err = users(c, &p, j, &reply->text, &why);
		json_set_take(reply->data, "profile", j);
	}
	if (err)
		command_refuse(reply, &why);
}

static enum err apply(struct profile *p, const struct json *args, struct fail *why)
{
	const struct profile_field *f;
	const char *text;
	enum err err = ERR_OK;
	size_t i;

	for (i = 0; !err && (f = profile_field_at(i)); i++) {
		text = json_get_str(args, f->option);
		if (text)
			err = profile_set(p, f->key, text, why);
	}
	return err;
}

struct warning {
	struct device_rules rules;
	struct buf text;
};

static enum err warn_one(void *ctx, const struct store_device *d)
{
	struct warning *w = ctx;

	if (w->text.len < WARNINGS_BYTES)
		device_rules_warn(&w->rules, d, &w->text);
	return ERR_OK;
}

/* What the profile, as it is now, means to those who use it. */
static void warn_users(struct cluster *c, const char *name, struct command_reply *reply)
{
	const struct store_term term = {
		.field = STORE_FIELD_PROFILE, .match = STORE_IS, .text = name};
	const struct store_filter filter = {.terms = &term, .count = 1};
	struct warning w = {.rules = {.c = c}};
	struct fail why = {0};

	if (store_device_find(cluster_get_store(c), &filter, warn_one, &w, &why))
		buf_printf(&w.text, "Warning: its phones could not be looked at: %s\n", why.text);
	if (w.text.len)
		json_set_take(reply->data, "warnings", json_span_new(buf_span(&w.text)));
	buf_put(&reply->text, buf_span(&w.text));
	buf_fini(&w.text);
}

static void change(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply, bool add)
{
	const char *name = json_get_str(args, "name");
	struct fail why = {0};
	struct profile p;
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? profile_get(c, name, &p, &why) : why.code;

	if (!err && add)
		err = fail_set(&why, ERR_EXISTS,
			"there is a profile %s already; change it with: cadeado profile update",
			p.name);
	else if (err == ERR_NOTFOUND && add) {
		fail_clear(&why);
		profile_defaults(&p, name);
		err = str_copy(p.name, sizeof(p.name), name)
			      ? ERR_OK
			      : fail_set(&why, ERR_FORMAT,
					"name of the profile: at most %d characters",
					PROFILE_NAME_MAX);
	}
	if (!err)
		err = apply(&p, args, &why);
	if (!err)
		err = profile_put(c, &p, &why);
	if (err) {
		command_refuse(reply, &why);
		return;
	}
	tell(c, p.name, reply);
	if (!add)
		warn_users(c, p.name, reply);
}

void handle_profile_add(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	change(ctx, args, reply, true);
}

void handle_profile_update(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	change(ctx, args, reply, false);
}

void handle_profile_show(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	struct cluster *c = command_cluster(ctx, &why);

	if (c)
		tell(c, json_get_str(args, "name"), reply);
	else
		command_refuse(reply, &why);
}

struct listing {
	struct cluster *c;
	struct command_reply *reply;
	struct json *rows;
	struct fail *why;
};

static enum err list_one(void *ctx, const struct profile *p)
{
	static const char *const modes[] = {"", "Non Secure", "Authenticated", "Encrypted"};
	struct listing *l = ctx;
	struct json *j = profile_json(p);
	enum err err = users(l->c, p, j, NULL, l->why);

	buf_printf(&l->reply->text, "%-50s %-8s %-13s %-9s %lld\n", p->name,
		p->protocol == STORE_SIP ? "SIP" : "SCCP",
		modes[p->mode >= 1 && p->mode <= 3 ? p->mode : 0],
		p->encrypted_config ? "yes" : "no", (long long)json_get_int(j, "devices", 0));
	json_append_take(l->rows, j);
	return err;
}

void handle_profile_list(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	struct listing l = {.reply = reply, .rows = json_array_new(), .why = &why};

	(void)args;
	l.c = command_cluster(ctx, &why);
	buf_printf(&reply->text, "%-50s %-8s %-13s %-9s %s\n", "Phone Security Profile", "Protocol",
		"Mode", "Encrypted", "Phones");
	if (!l.c || profile_each(l.c, list_one, &l, &why) != ERR_OK)
		command_refuse(reply, &why);
	json_set_take(reply->data, "profiles", l.rows);
}

void handle_profile_rename(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	const char *to = json_get_str(args, "to");
	struct cluster *c = command_cluster(ctx, &why);

	if (!c || profile_rename(c, json_get_str(args, "name"), to, &why) != ERR_OK)
		command_refuse(reply, &why);
	else
		tell(c, to, reply);
}

void handle_profile_delete(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	const char *name = json_get_str(args, "name");
	struct cluster *c = command_cluster(ctx, &why);

	if (!c || profile_delete(c, name, &why) != ERR_OK) {
		command_refuse(reply, &why);
		return;
	}
	json_set_str(reply->data, "deleted", name);
	buf_printf(&reply->text, "deleted %s\n", name);
}
