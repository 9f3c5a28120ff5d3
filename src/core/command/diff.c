/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/handlers.h"

#include "base/file.h"
#include "base/str.h"
#include "core/command/keys.h"
#include "core/list/check.h"
#include "core/list/diff.h"

struct teller {
	struct json *changes; /* NULL: nobody looks */
	struct buf *text;
	size_t count;
	size_t record; /* old number of the record whose changes are being told */
};

static const char *or_none(const char *text)
{
	return *text ? text : "(none)";
}

static void put_text(struct teller *t, const struct list_change *c)
{
	struct buf *out = t->text;

	switch (c->what) {
	case LIST_DIFF_ADDED:
		buf_printf(out, "added record %zu: %s, serial number %s\n", c->new_record,
			c->record, or_none(c->after));
		break;
	case LIST_DIFF_REMOVED:
		buf_printf(out, "removed record %zu: %s, serial number %s\n", c->old_record,
			c->record, or_none(c->before));
		break;
	case LIST_DIFF_CHANGED:
		if (t->record != c->old_record)
			buf_printf(out, "changed record %zu, now %zu: %s\n", c->old_record,
				c->new_record, c->record);
		t->record = c->old_record;
		buf_printf(
			out, "  %s: %s -> %s\n", c->field, or_none(c->before), or_none(c->after));
		break;
	default:
		buf_printf(out, "%s: %s: %s -> %s\n", list_difference_name(c->what), c->field,
			or_none(c->before), or_none(c->after));
	}
}

static void put(void *ctx, const struct list_change *c)
{
	struct teller *t = ctx;
	struct json *o;

	t->count++;
	put_text(t, c);
	if (!t->changes)
		return;
	o = json_object_new();
	json_set_str(o, "what", list_difference_name(c->what));
	if (*c->record)
		json_set_str(o, "record", c->record);
	if (c->old_record)
		json_set_int(o, "oldRecord", (int64_t)c->old_record);
	if (c->new_record)
		json_set_int(o, "newRecord", (int64_t)c->new_record);
	if (*c->field)
		json_set_str(o, "field", c->field);
	if (*c->before)
		json_set_str(o, "before", c->before);
	if (*c->after)
		json_set_str(o, "after", c->after);
	json_append_take(t->changes, o);
}

static enum err load(const char *path, struct buf *file, struct tlv_list *list, struct fail *why)
{
	enum err err = file_read(path, TLV_FILE_MAX, file, why);

	if (err)
		return err;
	err = tlv_parse(list, buf_span(file), why);
	if (err) {
		command_remedy(why, buf_span(file), true);
		fail_prefix(why, "%s", path);
	}
	return err;
}

/* The sentence that all this is for. */
static enum err put_verdict(struct command_reply *reply, const char *const paths[2],
	const struct tlv_list *before, const struct tlv_list *after, enum list_family family)
{
	struct buf because = {0};
	enum err err = list_accepts(before, after, family, &because);

	if (err == ERR_NOMEM) {
		buf_fini(&because);
		return err;
	}
	json_set_bool(reply->data, "accepts", !err);
	json_set_take(reply->data, "because", json_span_new(buf_span(&because)));
	buf_str(&reply->text, "A phone holding ");
	str_printable(&reply->text, span_str(paths[0]));
	buf_printf(&reply->text, " %s ", err ? "rejects" : "accepts");
	str_printable(&reply->text, span_str(paths[1]));
	buf_str(&reply->text, ", because ");
	buf_put(&reply->text, buf_span(&because));
	buf_str(&reply->text, "\n");
	reply->exit = err ? COMMAND_FAULT : COMMAND_GOOD;
	buf_fini(&because);
	return ERR_OK;
}

void handle_diff(struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *const paths[2] = {json_get_str(args, "old"), json_get_str(args, "new")};
	struct teller t = {.text = &reply->text};
	struct buf files[2] = {{0}, {0}};
	struct tlv_list lists[2];
	struct fail why = {0};
	enum list_family family = LIST_FOR_UNKNOWN;
	enum err err = command_family(args, &family, &why);

	if (!err)
		err = load(paths[0], &files[0], &lists[0], &why);
	if (!err)
		err = load(paths[1], &files[1], &lists[1], &why);
	if (!err) {
		if (!ctx->text_only)
			t.changes = json_array_new();
		err = list_diff(&lists[0], &lists[1], put, &t);
		if (!ctx->text_only)
			json_set_take(reply->data, "changes", t.changes);
		if (!err && !t.count)
			buf_str(&reply->text, "Both lists say the same.\n");
		if (!err)
			err = put_verdict(reply, paths, &lists[0], &lists[1], family);
	}
	if (err) {
		fail_set(&why, err, "%s", err_text(err));
		command_refuse(reply, &why);
		reply->exit = COMMAND_USAGE;
	}
	buf_fini(&files[0]);
	buf_fini(&files[1]);
}
