/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/handlers.h"

#include "base/file.h"
#include "core/list/explain.h"

#include <ctype.h>
#include <stdlib.h>

struct explainer {
	bool one; /* the field of one byte alone */
	size_t offset;
	bool found;
	struct json *fields; /* NULL: nobody looks */
	struct buf *text;
};

static void put(void *ctx, const struct list_field *f)
{
	struct explainer *e = ctx;
	struct json *o;

	if (e->one && (e->offset < f->at || e->offset - f->at >= f->size))
		return;
	e->found = true;
	if (e->one)
		buf_printf(e->text, "Byte %zu is in %s, bytes %zu to %zu: %s\n", e->offset, f->name,
			f->at, f->at + f->size - 1, f->value);
	else
		buf_printf(e->text, "%8zu %7zu  %s: %s\n", f->at, f->size, f->name, f->value);
	if (!e->fields)
		return;
	o = json_object_new();
	json_set_int(o, "offset", (int64_t)f->at);
	json_set_int(o, "size", (int64_t)f->size);
	json_set_str(o, "name", f->name);
	json_set_str(o, "value", f->value);
	if (f->record)
		json_set_int(o, "record", (int64_t)f->record);
	json_append_take(e->fields, o);
}

/* Decimal, or hexadecimal after 0x: a leading zero is no octal. */
static enum err read_offset(const char *text, size_t *offset, struct fail *why)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = hex ? text + 2 : text;
	char *end;

	*offset = strtoul(digits, &end, hex ? 16 : 10);
	if (!isxdigit((unsigned char)*digits) || *end)
		return fail_set(why, ERR_ARG, "%s is no offset: a number, or 0x and digits", text);
	return ERR_OK;
}

static enum err explain(const struct command_ctx *ctx, struct span file, const char *path,
	struct explainer *e, struct command_reply *reply, struct fail *why)
{
	enum tlv_file kind = tlv_file_kind(file);
	enum err err;

	if (!ctx->text_only)
		e->fields = json_array_new();
	if (!e->one)
		buf_printf(e->text, "%8s %7s  %s\n", "OFFSET", "SIZE", "FIELD");
	err = list_explain(file, kind, put, e, why);
	json_set_str(reply->data, "kind", list_file_kind_name(kind));
	json_set_int(reply->data, "length", (int64_t)file.len);
	if (!ctx->text_only)
		json_set_take(reply->data, "fields", e->fields);
	if (err && err != ERR_NOMEM && why->offset != SIZE_MAX) {
		json_set_int(reply->data, "brokenAt", (int64_t)why->offset);
		if (!e->one)
			buf_printf(e->text, "The file breaks at byte %zu.\n", why->offset);
	}
	if (err) {
		command_remedy(why, file, false);
		fail_prefix(why, "%s", path);
	} else if (e->one && !e->found) {
		err = fail_set(why, ERR_ARG, "%s ends at byte %zu", path, file.len);
	}
	return err;
}

void handle_explain(struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *path = json_get_str(args, "file"), *offset = json_get_str(args, "offset");
	struct explainer e = {.one = offset != NULL, .text = &reply->text};
	struct fail why = {0};
	struct buf file = {0};
	enum err err = offset ? read_offset(offset, &e.offset, &why) : ERR_OK;

	if (!err)
		err = file_read(path, COMMAND_SIGNED_MAX, &file, &why);
	if (!err)
		err = explain(ctx, buf_span(&file), path, &e, reply, &why);
	if (err) {
		command_refuse(reply, &why);
		reply->exit = COMMAND_USAGE;
	}
	buf_fini(&file);
}
