/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/handlers.h"

#include "base/file.h"
#include "base/mem.h"
#include "core/list/signed.h"

#include <stdio.h>
#include <sys/stat.h>

#define EXIT_UNREADABLE COMMAND_USAGE /* the number that `show` gives a file it cannot read */

/* Of many contradictions the first is told, and how many there are. */
struct findings {
	struct fail first;
	size_t count;
};

static void count_finding(void *ctx, const struct fail *finding)
{
	struct findings *f = ctx;

	if (f->count++ == 0)
		f->first = *finding;
}

static void tell_findings(const char *path, const struct tlv_list *list, enum list_kind kind,
	struct command_reply *reply)
{
	struct findings found = {.count = 0};

	if (list_check_records(list, kind, count_finding, &found) == ERR_NOMEM) {
		fail_set(&found.first, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
		command_refuse(reply, &found.first);
		return;
	}
	if (found.count > 1)
		fail_prefix(&found.first, "%s: %zu contradictions, the first", path, found.count);
	else if (found.count)
		fail_prefix(&found.first, "%s", path);
	reply->why = found.first;
}

static void refuse_unreadable(const char *path, struct fail *why, struct command_reply *reply)
{
	fail_prefix(why, "%s", path);
	command_refuse(reply, why);
	reply->exit = EXIT_UNREADABLE;
}

static void take_data(struct command_reply *reply, struct json *data)
{
	json_free(reply->data);
	reply->data = data;
}

static enum err show_list(const struct command_ctx *ctx, const char *path, struct span file,
	enum list_kind kind, int64_t modified, struct command_reply *reply)
{
	struct fail why = {0};
	struct tlv_list list;
	enum err err;

	if (tlv_parse(&list, file, &why) != ERR_OK) {
		command_remedy(&why, file, true);
		refuse_unreadable(path, &why, reply);
		return list_show_broken(file, kind, modified, &why, &reply->text);
	}
	err = list_verify(&list, &why);
	if (err == ERR_NOMEM)
		return err;
	if (err)
		reply->exit = COMMAND_FAULT;
	if (!ctx->text_only)
		take_data(reply, list_to_json(&list, kind, modified, &why));
	err = list_show(&list, kind, modified, &why, &reply->text);
	tell_findings(path, &list, kind, reply);
	return err;
}

static enum err show_sgn(const struct command_ctx *ctx, const char *path, struct span file,
	int64_t modified, struct command_reply *reply)
{
	struct fail why = {0};
	struct sgn_file f;

	if (sgn_parse(&f, file, &why) != ERR_OK) {
		command_remedy(&why, file, false);
		refuse_unreadable(path, &why, reply);
		return ERR_OK;
	}
	if (!ctx->text_only)
		take_data(reply, signed_to_json(&f, modified));
	return signed_show(&f, modified, &reply->text);
}

static enum err show_encrypted(const struct command_ctx *ctx, const char *path, struct span file,
	int64_t modified, struct command_reply *reply)
{
	struct fail why = {0};
	struct enc_file f;

	if (enc_parse(&f, file, &why) != ERR_OK) {
		command_remedy(&why, file, false);
		refuse_unreadable(path, &why, reply);
		return ERR_OK;
	}
	if (!ctx->text_only)
		take_data(reply, signed_encrypted_to_json(&f, modified));
	return signed_show_encrypted(&f, modified, &reply->text);
}

static bool ends_in(struct span text, const char *tail)
{
	size_t len = strlen(tail);

	return text.len >= len && memcmp(text.ptr + text.len - len, tail, len) == 0;
}

/* What the header says the file is; the file's own name only decides about broken ones. */
static enum err show_any(const struct command_ctx *ctx, const char *path, struct span file,
	int64_t modified, struct command_reply *reply)
{
	struct fail why = {0};
	struct tlv_header h;
	enum list_kind kind;
	bool readable = tlv_parse_header(&h, file, &why) == ERR_OK;
	bool is_list = ends_in(readable && h.filename.ptr ? h.filename : span_str(path), ".tlv");
	enum err err = ERR_OK;

	if (!readable && !is_list) {
		command_remedy(&why, file, false);
		refuse_unreadable(path, &why, reply);
		return ERR_OK;
	}
	if (is_list) {
		kind = command_list_kind(path, readable ? &h : NULL);
		return show_list(ctx, path, file, kind, modified, reply);
	}
	if (h.major >= 2)
		err = show_encrypted(ctx, path, file, modified, reply);
	else
		err = show_sgn(ctx, path, file, modified, reply);
	if (err == ERR_OK && reply->exit == COMMAND_GOOD)
		buf_printf(&reply->text,
			"The signature was not checked; to check it: cadeado verify --with LIST|CERT "
			"%s\n",
			path);
	return err;
}

/* How one file is shown: as the list that it must be (kind), or as what it is. */
struct showing {
	bool any;
	enum list_kind kind;
};

static void show_file(const struct command_ctx *ctx, const struct showing *how, const char *path,
	struct command_reply *reply)
{
	struct fail why = {0};
	struct buf file = {0};
	struct stat st = {0};
	enum err err = file_read(path, how->any ? COMMAND_SIGNED_MAX : TLV_FILE_MAX, &file, &why);

	(void)stat(path, &st);
	if (err != ERR_OK) {
		command_refuse(reply, &why);
		reply->exit = EXIT_UNREADABLE;
		err = err == ERR_NOTFOUND && !how->any ? list_show_absent(how->kind, &reply->text)
						       : ERR_OK;
	} else if (how->any) {
		err = show_any(ctx, path, buf_span(&file), st.st_mtime, reply);
	} else {
		err = show_list(ctx, path, buf_span(&file), how->kind, st.st_mtime, reply);
	}
	if (err != ERR_OK && reply->exit == COMMAND_GOOD) {
		fail_clear(&why);
		fail_set(&why, err, "%s", err_text(err));
		command_refuse(reply, &why);
	}
	buf_fini(&file);
}

/* One of several files: its heading, its text and what else was to be said of it. */
static void add_file(const struct command_ctx *ctx, const struct showing *how, const char *path,
	struct json *files, struct command_reply *reply)
{
	struct command_reply one = {.data = json_object_new()};

	buf_printf(&reply->text, "%s%s:\n", reply->text.len ? "\n" : "", path);
	show_file(ctx, how, path, &one);
	buf_put(&reply->text, buf_span(&one.text));
	if (one.why.text[0])
		buf_printf(&reply->text, "%s\n", one.why.text);
	/* Standard error tells of the worst file; the first of them where there are more. */
	if (one.why.text[0] && (!reply->why.text[0] || one.exit > reply->exit))
		reply->why = one.why;
	if (one.exit > reply->exit)
		reply->exit = one.exit;
	json_set_str(one.data, "file", path);
	json_set_int(one.data, "exit", one.exit);
	json_append_take(files, one.data);
	buf_fini(&one.text);
}

static void show_files(const struct command_ctx *ctx, const struct showing *how,
	const struct json *paths, struct command_reply *reply)
{
	struct json *files;

	if (json_count(paths) == 1) {
		show_file(ctx, how, json_str(json_at(paths, 0)), reply);
		return;
	}
	files = json_array_new();
	for (size_t i = 0; i < json_count(paths); i++)
		add_file(ctx, how, json_str(json_at(paths, i)), files, reply);
	json_set_take(reply->data, "files", files);
}

static void show_lists(const struct command_ctx *ctx, enum list_kind kind, const struct json *args,
	struct command_reply *reply)
{
	const struct showing how = {.kind = kind};
	struct json *paths = json_get(args, "files");
	char *folder = paths ? NULL : file_join(ctx->state, "tftp");
	char *path = folder ? file_join(folder, list_file_name(kind)) : NULL;
	struct fail why = {0};

	if (paths) {
		show_files(ctx, &how, paths, reply);
	} else if (path) {
		show_file(ctx, &how, path, reply);
	} else {
		fail_set(&why, ERR_NOMEM, "out of memory");
		command_refuse(reply, &why);
	}
	mem_free(path);
	mem_free(folder);
}

void handle_show_ctl(struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	show_lists(ctx, LIST_CTL, args, reply);
}

void handle_show_itl(struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	show_lists(ctx, LIST_ITL, args, reply);
}

void handle_show(struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const struct showing how = {.any = true};

	show_files(ctx, &how, json_get(args, "files"), reply);
}
