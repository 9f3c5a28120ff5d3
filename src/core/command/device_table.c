/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/handlers.h"

#include "base/file.h"
#include "core/device/table.h"

void handle_device_import(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *path = json_get_str(args, "file");
	struct device_table_result result = {0};
	struct fail why = {0};
	struct buf csv = {0}, warnings = {0};
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? file_read(path, DEVICE_TABLE_BYTES, &csv, &why) : why.code;

	if (!err) {
		err = device_table_read(c, buf_span(&csv), ctx->progress, &result, &warnings, &why);
		if (err)
			fail_prefix(&why, "%s", path);
	}
	/* There may be secrets in it. */
	buf_wipe(&csv);
	if (err) {
		command_refuse(reply, &why);
	} else {
		json_set_int(reply->data, "added", (int64_t)result.added);
		json_set_int(reply->data, "changed", (int64_t)result.changed);
		json_set_int(reply->data, "unchanged", (int64_t)result.same);
		buf_put(&reply->text, buf_span(&warnings));
		buf_printf(&reply->text, "%zu phones added, %zu changed, %zu as they were\n",
			result.added, result.changed, result.same);
		json_set_int(reply->data, "ordered", (int64_t)result.ordered);
		if (result.ordered)
			buf_printf(&reply->text,
				"%zu of them have a certificate operation ordered, and call CAPF when "
				"they start next; those that are registered can be told to: cadeado "
				"device reset \"Certificate Operation Status is Operation Pending\"\n",
				result.ordered);
	}
	buf_fini(&warnings);
}

void handle_device_export(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *path = json_get_str(args, "file");
	struct fail why = {0};
	struct buf csv = {0};
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? device_table_write(c, &csv, &why) : why.code;

	if (!err && path)
		err = file_create(path, buf_span(&csv), 0600, &why);
	if (err) {
		command_refuse(reply, &why);
	} else if (path) {
		json_set_str(reply->data, "file", path);
		buf_printf(&reply->text, "written to %s\n", path);
	} else {
		json_set_take(reply->data, "csv", json_span_new(buf_span(&csv)));
		buf_put(&reply->text, buf_span(&csv));
	}
	buf_fini(&csv);
}
