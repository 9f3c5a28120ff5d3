/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/handlers.h"

#include "base/str.h"
#include "core/command/held.h"
#include "core/command/reset.h"
#include "core/device/device.h"
#include "core/device/line.h"
#include "core/device/rules.h"
#include "core/enrol/status.h"

#include <stdio.h>

#define VALUES_MOST 32

/* The rest of the record, as its fields name it. Of a secret, whether there is one. */
static void put_fields(struct json *j, const struct store_device *row)
{
	const struct device_field *f;
	struct buf text = {0};
	size_t i;

	for (i = 0; (f = device_field_at(i)); i++) {
		if (json_get(j, f->key))
			continue;
		if (f->use & DEVICE_FIELD_SECRET) {
			json_set_bool(j, f->key, device_field_given(row, f));
			continue;
		}
		buf_clear(&text);
		device_field_text(row, f, &text);
		buf_u8(&text, 0);
		json_set_str(j, f->key, buf_check(&text) ? "" : (const char *)text.data);
	}
	buf_fini(&text);
}

static struct json *device_json(const struct device *d)
{
	struct json *j = json_object_new();

	json_set_str(j, "name", d->name);
	json_set_int(j, "model", d->model);
	json_set_str(j, "description", d->description);
	json_set_str(j, "number", d->number);
	json_set_str(j, "display", d->display);
	json_set_str(j, "profile", d->profile);
	json_set_str(j, "deviceSecurityMode", device_mode_text(d->profile_mode));
	json_set_str(j, "modeInForce", device_mode_text(d->security_mode));
	json_set_bool(j, "tftpEncryptedConfig", d->encrypted_config);
	json_set_str(j, "certificateOperation",
		enrol_operation_text((enum enrol_operation)d->operation));
	json_set_str(j, "certificateOperationStatus", d->operation_status);
	json_set_int(j, "operationCompletesBy", d->operation_by);
	json_set_int(j, "lastSeen", d->last_seen);
	put_fields(j, &d->record);
	return j;
}

static void device_line(struct buf *out, const struct device *d)
{
	buf_printf(out, "%-16s %-10s %-20s %-20s %s\n", d->name, d->number, d->profile,
		enrol_operation_text((enum enrol_operation)d->operation), d->operation_status);
}

static void device_head(struct buf *out)
{
	buf_printf(out, "%-16s %-10s %-20s %-20s %s\n", "Device Name", "Number", "Security Profile",
		"Cert. Operation", "Certificate Operation Status");
}

static size_t read_values(const struct json *args, struct device_value values[VALUES_MOST])
{
	const struct device_field *f;
	size_t i, n = 0;

	for (i = 0; n < VALUES_MOST && (f = device_field_at(i)); i++)
		if (f->option && json_get_str(args, f->option))
			values[n++] = (struct device_value){f, json_get_str(args, f->option)};
	return n;
}

/* For people behind the answer, for programs a text of lines. */
static void put_warnings(
	struct device_rules *rules, const struct device *d, struct command_reply *reply)
{
	struct buf text = {0};

	device_rules_warn(rules, &d->record, &text);
	if (text.len)
		json_set_take(reply->data, "warnings", json_span_new(buf_span(&text)));
	buf_put(&reply->text, buf_span(&text));
	buf_fini(&text);
}

static void change(struct command_ctx *ctx, const struct json *args, struct command_reply *reply,
	enum device_change how)
{
	struct device_value values[VALUES_MOST + 2];
	const char *name = json_get_str(args, "name");
	int64_t model = json_get_int(args, "model", 0);
	char type[24];
	struct fail why = {0};
	struct device made;
	struct device_rules rules = {0};
	struct cluster *c = command_cluster(ctx, &why);
	size_t n = read_values(args, values);

	snprintf(type, sizeof(type), "%lld", (long long)model);
	if (model)
		values[n++] = (struct device_value){device_field_find("device-type"), type};
	if (json_get_bool(args, "install"))
		values[n++] =
			(struct device_value){device_field_find("operation"), "Install/Upgrade"};
	if (!c || device_set(c, name, how, values, n, &why) != ERR_OK ||
		device_get(c, name, &made, &why) != ERR_OK) {
		command_refuse(reply, &why);
		return;
	}
	json_set_take(reply->data, "device", device_json(&made));
	device_head(&reply->text);
	device_line(&reply->text, &made);
	rules = (struct device_rules){.c = c, .ahead = how == DEVICE_ADD};
	put_warnings(&rules, &made, reply);
	if ((json_get_bool(args, "install") || json_get_str(args, "operation")) &&
		command_call(ctx, made.name, json_get_bool(args, "no-reset"), reply, &why))
		command_refuse(reply, &why);
}

void handle_device_add(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	change(ctx, args, reply, DEVICE_ADD);
}

void handle_device_update(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	change(ctx, args, reply, DEVICE_UPDATE);
}

void handle_device_secret(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	static const struct {
		const char *word, *label;
	} secrets[] = {{"ssh-password", "Secure Shell Password"},
		{"auth-string", "Authentication String"},
		{"digest-credentials", "Digest Credentials"}};
	const char *name = json_get_str(args, "name"), *word = json_get_str(args, "field");
	char prompt[64];
	struct device_value value = {.text = ""};
	struct fail why = {0};
	struct device made;
	struct device_rules rules = {0};
	struct buf secret = {0};
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? ERR_OK : why.code;
	size_t i;

	for (i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		if (str_ieq(word, secrets[i].word))
			value.field = device_field_find(secrets[i].label);
	if (!err && !value.field)
		err = fail_set(&why, ERR_ARG,
			"%.32s: ssh-password, auth-string or digest-credentials", word);
	if (!err)
		err = device_get(c, name, &made, &why);
	if (!err && !json_get_bool(args, "none")) {
		snprintf(prompt, sizeof(prompt), "%s: ", value.field->label);
		err = command_secret(ctx, args, "secret-file", prompt, &secret, &why);
		value.text = (const char *)secret.data;
	}
	if (!err)
		err = device_set(c, name, DEVICE_UPDATE, &value, 1, &why);
	buf_wipe(&secret);
	if (!err)
		err = device_get(c, name, &made, &why);
	if (err) {
		command_refuse(reply, &why);
		return;
	}
	json_set_take(reply->data, "device", device_json(&made));
	buf_printf(&reply->text, "%s: %s %s\n", made.name, value.field->label,
		json_get_bool(args, "none") ? "taken away" : "set");
	rules.c = c;
	put_warnings(&rules, &made, reply);
}

struct listing {
	struct command_reply *reply;
	struct json *rows;
};

static enum err list_one(void *ctx, const struct device *d)
{
	struct listing *l = ctx;

	json_append_take(l->rows, device_json(d));
	device_line(&l->reply->text, d);
	return ERR_OK;
}

void handle_device_list(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	struct listing l = {.reply = reply, .rows = json_array_new()};
	struct cluster *c = command_cluster(ctx, &why);

	(void)args;
	device_head(&reply->text);
	if (!c || device_each(c, list_one, &l, &why) != ERR_OK)
		command_refuse(reply, &why);
	if (json_count(l.rows) == 0)
		buf_str(&reply->text,
			"(none; add one with: cadeado device add SEP<MAC> --number N)\n");
	json_set_take(reply->data, "devices", l.rows);
}

static enum err list_line(void *ctx, const struct store_line *line)
{
	struct listing *l = ctx;
	struct json *j;
	char label[40];

	if (line->index < 2)
		return ERR_OK;
	snprintf(label, sizeof(label), "Directory Number %lld:", (long long)line->index);
	buf_printf(&l->reply->text, "%-29s %s (%s)\n", label, line->number, line->display);
	j = json_object_new();
	json_set_int(j, "line", line->index);
	json_set_str(j, "number", line->number);
	json_set_str(j, "display", line->display);
	json_set_str(j, "label", line->label);
	json_append_take(l->rows, j);
	return ERR_OK;
}

/* Those after the first, which is a part of the record. */
static bool list_lines(
	struct cluster *c, const char *device, struct json *into, struct command_reply *reply)
{
	struct listing l = {.reply = reply, .rows = json_array_new()};
	struct fail why = {0};
	enum err err = store_line_each(cluster_get_store(c), device, list_line, &l, &why);

	json_set_take(into, "lines", l.rows);
	if (err == ERR_OK)
		return true;
	command_refuse(reply, &why);
	return false;
}

void handle_device_show(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	struct device d;
	struct buf *out = &reply->text;
	const struct device_field *f;
	char label[64], date[CLOCK_DATE_MAX];
	struct json *j;
	size_t i;
	struct cluster *c = command_cluster(ctx, &why);

	if (!c || device_get(c, json_get_str(args, "name"), &d, &why) != ERR_OK) {
		command_refuse(reply, &why);
		return;
	}
	j = device_json(&d);
	json_set_take(reply->data, "device", j);
	buf_printf(out, "Device Name:                  %s\n", d.name);
	for (i = 0; (f = device_field_at(i)); i++) {
		snprintf(label, sizeof(label), "%s:", f->label);
		buf_printf(out, "%-29s ", label);
		device_field_text(&d.record, f, out);
		buf_str(out, device_field_given(&d.record, f) ? "(set)\n" : "\n");
	}
	buf_printf(out, "%-29s %s (in force: %s)\n",
		"Device Security Mode:", device_mode_text(d.profile_mode),
		device_mode_text(d.security_mode));
	buf_printf(out, "%-29s %s\n", "TFTP Encrypted Config:", d.encrypted_config ? "yes" : "no");
	buf_printf(out, "%-29s %s\n", "Certificate Operation Status:", d.operation_status);
	if (!list_lines(c, d.name, j, reply))
		return;
	if (d.last_seen) {
		clock_print_iso(date, d.last_seen);
		buf_printf(out, "%-29s %s\n", "Last Active:", date);
	}
	if (command_put_held(c, d.name, j, out, &why) != ERR_OK)
		command_refuse(reply, &why);
}

void handle_device_line(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *name = json_get_str(args, "name"), *number = json_get_str(args, "line");
	const struct device_line_values values = {json_get_str(args, "number"),
		json_get_str(args, "display"), json_get_str(args, "label")};
	struct fail why = {0};
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? ERR_OK : why.code;
	long index = 0;

	/* What is no number is no line. */
	if (!err && str_number(number, 1, DEVICE_LINES_MOST, &index))
		index = 0;
	if (!err)
		err = json_get_bool(args, "delete")
			      ? device_line_delete(c, name, index, &why)
			      : device_line_put(c, name, index, &values, &why);
	if (err || !list_lines(c, name, reply->data, reply))
		command_refuse(reply, &why);
}

void handle_device_delete(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	struct device d;
	const char *name = json_get_str(args, "name");
	struct cluster *c = command_cluster(ctx, &why);

	if (!c || device_get(c, name, &d, &why) != ERR_OK ||
		device_delete(c, name, &why) != ERR_OK ||
		(ctx->runtime && ctx->runtime->device_gone &&
			ctx->runtime->device_gone(ctx->runtime->ctx, d.name, &why) != ERR_OK)) {
		command_refuse(reply, &why);
		return;
	}
	json_set_str(reply->data, "deleted", d.name);
	buf_printf(&reply->text, "deleted %s\n", d.name);
}
