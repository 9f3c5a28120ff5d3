/* SPDX-License-Identifier: BSD-2-Clause
 * Starting over: the CTL is deleted at the node's console, and whoever does it sees first which
 * phones must be visited. */
#include "core/command/handlers.h"

#include "base/mem.h"
#include "core/cluster/stage.h"
#include "core/device/device.h"

#include <sys/stat.h>
#include <unistd.h>

#define CTL "CTLFile.tlv"

/* How a person erases the trust list on the phone. */
static const char *erase_keys(int model)
{
	static const int old_menu[] = {7, 8};     /* 7960, 7940 */
	static const int no_list[] = {12, 30002}; /* 7905, 7920: without encryption */
	size_t i;

	for (i = 0; i < sizeof old_menu / sizeof *old_menu; i++)
		if (model == old_menu[i])
			return "Settings > Security Configuration > CTL File > **# > Erase";
	for (i = 0; i < sizeof no_list / sizeof *no_list; i++)
		if (model == no_list[i])
			return "nothing to erase";
	return "Settings > Security Configuration > Trust List > **# > Erase";
}

struct phones {
	struct command_reply *reply;
	struct json *rows;
};

static enum err list_phone(void *ctx, const struct device *d)
{
	struct phones *p = ctx;
	struct json *row = json_object_new();
	char seen[CLOCK_DATE_MAX];

	clock_print_iso(seen, d->last_seen);
	json_set_str(row, "name", d->name);
	json_set_str(row, "number", d->number);
	json_set_str(row, "description", d->description);
	json_set_int(row, "lastSeen", d->last_seen);
	json_set_str(row, "erase", erase_keys(d->model));
	json_append_take(p->rows, row);
	buf_printf(&p->reply->text, "%-16s %-10s last seen %-21s %s\n", d->name,
		*d->number ? d->number : "-", d->last_seen ? seen : "never", erase_keys(d->model));
	return ERR_OK;
}

/* As the original names what it does, and only for who owns the folder. */
static enum err may_delete(const struct command_ctx *ctx, const struct json *args, struct fail *why)
{
	const char *file = json_get_str(args, "file");
	struct stat st;

	if (strcmp(file, CTL) != 0)
		return fail_set(why, ERR_DENIED,
			"only " CTL " is deleted by this command, not \"%.60s\"", file);
	if (stat(ctx->state, &st) != 0)
		return fail_set(why, ERR_NOTFOUND, "%s: there is no such state folder", ctx->state);
	if (geteuid() != 0 && geteuid() != st.st_uid)
		return fail_set(why, ERR_DENIED,
			"only the owner of %s starts over with another CTL", ctx->state);
	return ERR_OK;
}

static enum err phones_and_list(struct command_ctx *ctx, const struct json *args,
	struct command_reply *reply, struct fail *why)
{
	struct phones p = {.reply = reply, .rows = json_array_new()};
	struct stage_status status;
	struct cluster *c = command_cluster(ctx, why);
	enum err err = c ? may_delete(ctx, args, why) : why->code;

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
		buf_str(&reply->text, "(no phone is known here)\n");
	json_set_take(reply->data, "phones", p.rows);
	return err;
}

void preview_file_delete(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};

	if (phones_and_list(ctx, args, reply, &why) != ERR_OK)
		command_refuse(reply, &why);
}

void handle_file_delete(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	enum err err = phones_and_list(ctx, args, reply, &why);

	if (err == ERR_OK)
		err = stage_forget(ctx->cluster, &why);
	if (err != ERR_OK)
		command_refuse(reply, &why);
	else
		buf_str(&reply->text,
			CTL " is deleted. The next one counts as the first: cadeado utils ctl "
			    "set-cluster mixed-mode\n"
			    "Restart TFTP, so that it serves the deleted list no longer.\n");
}
