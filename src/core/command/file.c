/* SPDX-License-Identifier: BSD-2-Clause
 * Files of the two places of places.h: listed, shown, copied. */
#include "core/command/file.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/command/handlers.h"
#include "crypto/digest.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define READ_MAX (1024u * 1024 * 1024) /* bytes of a file; no trace is longer */

enum err file_words_read(const struct json *args, struct file_words *out, struct fail *why)
{
	const struct json *words = json_get(args, "words");
	const char *place = json_get_str(args, "place");
	size_t i;

	*out = (struct file_words){.pattern = json_get_str(args, "pattern")};
	for (i = 0; i < json_count(words); i++) {
		const char *word = json_str(json_at(words, i));

		if (word && str_ieq(word, "detail"))
			out->detail = true;
		else if (word && str_ieq(word, "recent"))
			out->recent = true;
		else
			return fail_set(why, ERR_ARG,
				"after the pattern only the words detail and recent are known, not "
				"\"%.60s\"; a pattern with blanks or * stands in quotation marks",
				word ? word : "");
	}
	return place_parse(&out->place, place ? place : "", why);
}

enum err file_words_find(struct command_ctx *ctx, const struct file_words *w,
	struct place_entries *out, struct fail *why)
{
	enum err err = place_find(ctx->state, w->place, w->pattern, out, why);

	if (err != ERR_OK)
		return err;
	place_files_only(out, w->recent);
	if (out->count)
		return ERR_OK;
	place_entries_fini(out);
	return fail_set(why, ERR_NOTFOUND,
		"no file there fits \"%.100s\"; look with: cadeado file "
		"list",
		w->pattern ? w->pattern : "*");
}

void file_refuse(struct command_reply *reply, const struct fail *why)
{
	command_refuse(reply, why);
	if (why->code == ERR_ARG)
		reply->exit = COMMAND_USAGE;
}

/* --- list --- */

/* "4,712": sizes as the original lists them. */
static void with_commas(long long n, char out[32])
{
	char digits[24];
	int len = snprintf(digits, sizeof digits, "%lld", n), o = 0;

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			out[o++] = ',';
		out[o++] = digits[i];
	}
	out[o] = 0;
}

/* As the MD5 that phones show of their lists, and md5sum of files. "" when it cannot be read. */
static void md5_of(const struct place_entry *e, char out[2 * DIGEST_MAX + 1])
{
	struct buf content = {0};

	out[0] = 0;
	if (file_read(e->path, READ_MAX, &content, NULL) == ERR_OK)
		digest_hex(DIGEST_MD5, buf_span(&content), out);
	buf_fini(&content);
}

static void list_one(const struct place_entry *e, const struct file_words *w, struct json *rows,
	struct buf *text)
{
	struct json *row = json_object_new();
	char date[64], size[32], md5[2 * DIGEST_MAX + 1] = "";
	struct tm tm;
	time_t modified = (time_t)e->modified;

	json_set_str(row, "name", e->name);
	json_set_bool(row, "folder", e->is_folder);
	if (!e->is_folder)
		json_set_int(row, "size", e->size);
	json_set_int(row, "modified", e->modified);
	if (w->detail && !e->is_folder && w->place == PLACE_TFTP) {
		md5_of(e, md5);
		json_set_str(row, "md5", md5);
	}
	json_append_take(rows, row);
	if (w->detail) {
		localtime_r(&modified, &tm);
		strftime(date, sizeof date, "%d %b,%Y %H:%M:%S", &tm);
		with_commas((long long)e->size, size);
		buf_printf(text, "%s %8s ", date, e->is_folder ? "<dir>" : size);
		if (w->place == PLACE_TFTP)
			buf_printf(text, "%-32s ", md5);
	}
	str_printable(text, span_str(e->name));
	buf_str(text, e->is_folder && !w->detail ? "/\n" : "\n");
}

void handle_file_list(struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct place_entries found = {0};
	struct json *rows = json_array_new();
	struct file_words w;
	struct fail why = {0};
	enum err err = file_words_read(args, &w, &why);
	size_t i;

	if (err == ERR_OK)
		err = place_find(ctx->state, w.place, w.pattern, &found, &why);
	if (err != ERR_OK)
		file_refuse(reply, &why);
	if (w.recent)
		place_files_only(&found, true);
	for (i = 0; i < found.count; i++)
		list_one(&found.of[i], &w, rows, &reply->text);
	json_set_take(reply->data, "files", rows);
	place_entries_fini(&found);
}

/* --- view and get --- */

struct reading {
	const struct json *args;
	struct command_reply *reply;
	struct json *rows;
	size_t count; /* files that are meant */
};

/* Does it for each file that is meant, until one fails. */
static void each_file(struct command_ctx *ctx, const struct json *args, struct command_reply *reply,
	enum err (*one)(const struct reading *r, const struct place_entry *e, struct fail *why))
{
	struct reading r = {.args = args, .reply = reply, .rows = json_array_new()};
	struct place_entries found = {0};
	struct file_words w;
	struct fail why = {0};
	enum err err = file_words_read(args, &w, &why);
	size_t i;

	if (err == ERR_OK)
		err = file_words_find(ctx, &w, &found, &why);
	r.count = found.count;
	for (i = 0; i < found.count && err == ERR_OK; i++)
		err = one(&r, &found.of[i], &why);
	if (err != ERR_OK)
		file_refuse(reply, &why);
	json_set_take(reply->data, "files", r.rows);
	place_entries_fini(&found);
}

/* Line by line, so that nothing in it moves the cursor. */
static void print_text(struct buf *out, struct span rest)
{
	struct span line;
	const uint8_t *end;

	for (; rest.len; rest = span_of(rest.ptr + line.len, rest.len - line.len)) {
		end = memchr(rest.ptr, '\n', rest.len);
		line = span_of(rest.ptr, end ? (size_t)(end + 1 - rest.ptr) : rest.len);
		str_printable(out, span_of(line.ptr, line.len - (end != NULL)));
		buf_str(out, "\n");
	}
}

static enum err view_one(const struct reading *r, const struct place_entry *e, struct fail *why)
{
	struct buf content = {0};
	struct json *row;
	enum err err = file_read(e->path, READ_MAX, &content, why);

	if (err == ERR_OK && content.len && memchr(content.data, 0, content.len))
		err = fail_set(why, ERR_FORMAT,
			"%s is no text; show ctl, show itl and explain show lists and signed "
			"files, file get copies it",
			e->name);
	if (err == ERR_OK) {
		row = json_object_new();
		json_set_str(row, "name", e->name);
		json_set_take(row, "text", json_span_new(buf_span(&content)));
		json_append_take(r->rows, row);
		if (r->count > 1)
			buf_printf(&r->reply->text, "== %s\n", e->name);
		print_text(&r->reply->text, buf_span(&content));
	}
	buf_fini(&content);
	return err;
}

void handle_file_view(struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	each_file(ctx, args, reply, view_one);
}

static enum err put_copy(const char *path, struct span content, bool force, struct fail *why)
{
	struct fail local = {0};
	enum err err = force ? file_replace(path, content, 0644, FILE_NOSYNC, &local)
			     : file_create(path, content, 0644, &local);

	if (err == ERR_EXISTS)
		return fail_set(why, err,
			"%s is there already; --force overwrites it, --to names another folder",
			path);
	return err ? fail_set(why, err, "%s", local.text) : ERR_OK;
}

static enum err get_one(const struct reading *r, const struct place_entry *e, struct fail *why)
{
	const char *slash = strrchr(e->name, '/'), *to = json_get_str(r->args, "to");
	struct buf content = {0};
	char *path = file_join(to ? to : ".", slash ? slash + 1 : e->name);
	enum err err = path ? file_read(e->path, READ_MAX, &content, why)
			    : fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	struct json *row;

	if (err == ERR_OK)
		err = put_copy(path, buf_span(&content), json_get_bool(r->args, "force"), why);
	if (err == ERR_OK) {
		row = json_object_new();
		json_set_str(row, "name", e->name);
		json_set_str(row, "file", path);
		json_set_int(row, "size", (int64_t)content.len);
		json_append_take(r->rows, row);
		buf_printf(&r->reply->text, "%s: %zu bytes\n", path, content.len);
	}
	buf_fini(&content);
	mem_free(path);
	return err;
}

void handle_file_get(struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	each_file(ctx, args, reply, get_one);
}
