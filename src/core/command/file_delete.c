/* SPDX-License-Identifier: BSD-2-Clause
 * Starting over: the CTL is deleted at the node's console, and whoever does it sees first which
 * phones must be visited. */
#include "core/command/file.h"
#include "core/command/handlers.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/audit/audit.h"
#include "core/cluster/stage.h"
#include "core/command/record.h"
#include "core/device/device.h"
#include "core/model/model.h"

#include <sys/stat.h>
#include <unistd.h>

#define CTL "CTLFile.tlv"

struct phones {
	struct command_reply *reply;
	struct json *rows;
};

static enum err list_phone(void *ctx, const struct device *d)
{
	struct phones *p = ctx;
	struct json *row = json_object_new();
	const char *erase = model_of(d->model)->erase;
	char seen[CLOCK_DATE_MAX];

	clock_print_iso(seen, d->last_seen);
	json_set_str(row, "name", d->name);
	json_set_str(row, "number", d->number);
	json_set_str(row, "description", d->description);
	json_set_int(row, "lastSeen", d->last_seen);
	json_set_str(row, "erase", erase);
	json_append_take(p->rows, row);
	buf_printf(&p->reply->text, "%-16s %-10s last seen %-21s %s\n", d->name,
		*d->number ? d->number : "-", d->last_seen ? seen : "never", erase);
	return ERR_OK;
}

/* Only for who owns the folder. */
static enum err may_delete(const struct command_ctx *ctx, struct fail *why)
{
	struct stat st;

	if (stat(ctx->state, &st) != 0)
		return fail_set(why, ERR_NOTFOUND, "%s: there is no such state folder", ctx->state);
	if (geteuid() != 0 && geteuid() != st.st_uid)
		return fail_set(why, ERR_DENIED,
			"only the owner of %s starts over with another CTL", ctx->state);
	return ERR_OK;
}

static enum err phones_and_list(
	struct command_ctx *ctx, struct command_reply *reply, struct fail *why)
{
	struct phones p = {.reply = reply, .rows = json_array_new()};
	struct stage_status status;
	struct cluster *c = command_cluster(ctx, why);
	enum err err = c ? may_delete(ctx, why) : why->code;

	if (err == ERR_OK)
		err = stage_status(c, &status, why);
	if (err == ERR_OK && !status.ever)
		err = fail_set(why, ERR_NOTFOUND, "there is no CTL, and none was held here");
	if (err == ERR_OK) {
		buf_str(&reply->text,
			"Phones keep the CTL that they hold and will refuse the next one. Each of "
			"these must be erased by hand:\n");
		err = device_each(c, list_phone, &p, why);
	}
	if (err == ERR_OK && json_count(p.rows) == 0)
		buf_str(&reply->text,
			cluster_get_settings(c)->publisher
				? "(no phone is known here)\n"
				: "(no phone is known here; at the publisher's console: cadeado "
				  "device list)\n");
	json_set_take(reply->data, "phones", p.rows);
	return err;
}

struct others {
	const char *own;
	struct json *names;
	struct buf *text;
};

static enum err name_other(void *ctx, const struct store_node *n)
{
	struct others *o = ctx;

	if (str_ieq(n->name, o->own))
		return ERR_OK;
	buf_printf(o->text, "%s%s",
		json_count(o->names)
			? ", "
			: "Other nodes hold the old CTL, and no first one comes to any "
			  "before it is deleted at their consoles too: ",
		n->name);
	json_append_take(o->names, json_string_new(n->name));
	return ERR_OK;
}

/* A list comes to all nodes or to none. */
static enum err tell_others(struct command_ctx *ctx, struct command_reply *reply, struct fail *why)
{
	const struct settings *s = cluster_get_settings(ctx->cluster);
	struct others o = {.own = s->node, .names = json_array_new(), .text = &reply->text};
	enum err err =
		s->publisher ? store_node_each(cluster_get_store(ctx->cluster), name_other, &o, why)
			     : ERR_OK;

	if (!s->publisher)
		buf_str(o.text,
			"No first CTL comes to this node before the publisher's and the other "
			"nodes' are deleted at their consoles too.\n");
	else if (json_count(o.names))
		buf_str(o.text, "\n");
	json_set_take(reply->data, "otherNodes", o.names);
	return err;
}

/* What cannot be undone is written down before it is done. */
static enum err record_begun(struct command_ctx *ctx, struct fail *why)
{
	char who[COMMAND_WHO];
	const struct audit_entry e = {.who = who,
		.from = "console",
		.action = "file delete",
		.object = "tftp " CTL,
		.result = "begun"};

	command_who(ctx->uid_known ? ctx->uid : (unsigned)getuid(), who);
	return audit_append(ctx->cluster, &e, why);
}

static enum err delete_ctl(struct command_ctx *ctx, struct command_reply *reply, struct fail *why)
{
	enum err err = phones_and_list(ctx, reply, why);

	if (err == ERR_OK)
		err = record_begun(ctx, why);
	if (err == ERR_OK)
		err = stage_forget(ctx->cluster, why);
	if (err != ERR_OK)
		return err;
	buf_str(&reply->text,
		CTL " is deleted. The next one counts as the first: cadeado utils ctl set-cluster "
		    "mixed-mode, or the CTL client\n"
		    "Restart TFTP, so that it serves the deleted list no longer.\n");
	return tell_others(ctx, reply, why);
}

/* --- other files --- */

static bool means_ctl(const struct file_words *w)
{
	return w->place == PLACE_TFTP && w->pattern && strcmp(w->pattern, CTL) == 0;
}

/* The lists say which keys phones know: they do not go by the way. */
static enum err find_files(struct command_ctx *ctx, const struct file_words *w,
	struct place_entries *found, struct fail *why)
{
	enum err err = file_words_find(ctx, w, found, why);
	size_t i;

	for (i = 0; i < found->count && err == ERR_OK && w->place == PLACE_TFTP; i++) {
		if (str_ieq(found->of[i].name, CTL))
			err = fail_set(why, ERR_DENIED,
				CTL " is among these; alone and by its name it is deleted, to "
				    "start over with another one");
		else if (str_ieq(found->of[i].name, "ITLFile.tlv"))
			err = fail_set(why, ERR_DENIED,
				"ITLFile.tlv says which keys phones know, and TFTP makes the next "
				"one by it; for phones that know none of them there is: cadeado "
				"utils itl reset");
	}
	return err;
}

void preview_file_delete(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct place_entries found = {0};
	struct file_words w;
	struct fail why = {0};
	enum err err = file_words_read(args, &w, &why);
	size_t i;

	if (err == ERR_OK && means_ctl(&w))
		err = phones_and_list(ctx, reply, &why);
	else if (err == ERR_OK)
		err = find_files(ctx, &w, &found, &why);
	for (i = 0; i < found.count && err == ERR_OK; i++)
		buf_printf(&reply->text, "Delete the File %s?\n", found.of[i].name);
	if (err != ERR_OK)
		file_refuse(reply, &why);
	place_entries_fini(&found);
}

static enum err delete_files(const struct place_entries *found, struct command_reply *reply,
	size_t *deleted, struct fail *why)
{
	struct json *rows = json_array_new();
	enum err err = ERR_OK;

	for (*deleted = 0; *deleted < found->count && err == ERR_OK; *deleted += err == ERR_OK) {
		err = file_remove(found->of[*deleted].path, why);
		if (err == ERR_OK)
			json_append_take(rows, json_string_new(found->of[*deleted].name));
	}
	json_set_take(reply->data, "deleted", rows);
	return err;
}

void handle_file_delete(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct place_entries found = {0};
	struct file_words w;
	struct fail why = {0};
	enum err err = file_words_read(args, &w, &why);
	size_t deleted = 0, count = 1;

	if (err == ERR_OK && means_ctl(&w)) {
		err = delete_ctl(ctx, reply, &why);
		deleted = err == ERR_OK;
	} else if (err == ERR_OK) {
		/* Opened, it is told what was deleted. */
		if (!command_cluster(ctx, &why))
			err = why.code;
		if (err == ERR_OK)
			err = find_files(ctx, &w, &found, &why);
		count = found.count;
		if (err == ERR_OK)
			err = delete_files(&found, reply, &deleted, &why);
	}
	if (err == ERR_OK || deleted)
		buf_printf(&reply->text, "files: found = %zu, deleted = %zu\n", count, deleted);
	if (err != ERR_OK)
		file_refuse(reply, &why);
	place_entries_fini(&found);
}
