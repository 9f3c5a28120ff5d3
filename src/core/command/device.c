/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/handlers.h"

#include "base/str.h"
#include "core/device/device.h"

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
		d->install_pending ? "Install/Upgrade" : "No Pending Operation");
	json_set_str(j, "certificateOperationStatus", d->operation_status);
	json_set_int(j, "operationCompletesBy", d->operation_by);
	json_set_int(j, "lastSeen", d->last_seen);
	return j;
}

static void device_line(struct buf *out, const struct device *d)
{
	buf_printf(out, "%-16s %-10s %-20s %-20s %s\n", d->name, d->number, d->profile,
		d->install_pending ? "Install/Upgrade" : "No Pending Operation",
		d->operation_status);
}

static void device_head(struct buf *out)
{
	buf_printf(out, "%-16s %-10s %-20s %-20s %s\n", "Device Name", "Number", "Security Profile",
		"Cert. Operation", "Certificate Operation Status");
}

void handle_device_add(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	struct device made;
	struct device_new d = {
		.name = json_get_str(args, "name"),
		.model = (int)json_get_int(args, "model", 0),
		.description = json_get_str(args, "description"),
		.number = json_get_str(args, "number"),
		.display = json_get_str(args, "display"),
		.profile = json_get_str(args, "profile"),
		.install = json_get_bool(args, "install"),
	};
	struct cluster *c = command_cluster(ctx, &why);

	if (!c || device_put(c, &d, &why) != ERR_OK ||
		device_get(c, d.name, &made, &why) != ERR_OK) {
		command_refuse(reply, &why);
		return;
	}
	json_set_take(reply->data, "device", device_json(&made));
	device_head(&reply->text);
	device_line(&reply->text, &made);
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

void handle_device_show(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	struct device d;
	struct buf *out = &reply->text;
	struct cluster *c = command_cluster(ctx, &why);

	if (!c || device_get(c, json_get_str(args, "name"), &d, &why) != ERR_OK) {
		command_refuse(reply, &why);
		return;
	}
	json_set_take(reply->data, "device", device_json(&d));
	buf_printf(out, "Device Name:                  %s\n", d.name);
	buf_printf(out, "Device Type:                  %d\n", d.model);
	buf_printf(out, "Description:                  %s\n", d.description);
	buf_printf(out, "Directory Number:             %s (%s)\n", d.number, d.display);
	buf_printf(out, "Device Security Profile:      %s\n", d.profile);
	buf_printf(out, "Device Security Mode:         %s (in force: %s)\n",
		device_mode_text(d.profile_mode), device_mode_text(d.security_mode));
	buf_printf(out, "TFTP Encrypted Config:        %s\n", d.encrypted_config ? "yes" : "no");
	buf_printf(out, "Certificate Operation:        %s\n",
		d.install_pending ? "Install/Upgrade" : "No Pending Operation");
	buf_printf(out, "Certificate Operation Status: %s\n", d.operation_status);
	if (d.operation_by) {
		char date[CLOCK_DATE_MAX];

		clock_print_iso(date, d.operation_by);
		buf_printf(out, "Operation Completes By:       %s\n", date);
	}
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
