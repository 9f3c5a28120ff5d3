/* SPDX-License-Identifier: BSD-2-Clause
 * `cadeado utils backup create|restore|show`. */
#include "core/command/handlers.h"

#include "base/mem.h"
#include "base/str.h"
#include "core/backup/backup.h"
#include "wire/tlv/tlv.h"

#include <stdio.h>
#include <time.h>

#define NAME_SIZE (STORE_NAME + 64)

/* --- create --- */

/* "cadeado-publisher-20261123T225501Z.backup" */
static void default_name(struct cluster *c, char out[NAME_SIZE])
{
	time_t now = (time_t)clock_seconds(cluster_get_clock(c));
	char when[32];
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(out, NAME_SIZE, "cadeado-%.*s-%s.backup", STORE_NAME - 1,
		cluster_get_settings(c)->node, when);
}

/* A secret's buffer ends in NUL. */
static struct span secret_span(const struct buf *secret)
{
	return span_str((const char *)secret->data);
}

void handle_backup_create(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *path = json_get_str(args, "file");
	struct fail why = {0};
	struct buf passphrase = {0};
	struct backup_made made;
	char name[NAME_SIZE], date[CLOCK_DATE_MAX];
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? ERR_OK : why.code;

	if (!err && !path) {
		default_name(c, name);
		path = name;
	}
	if (!err)
		err = command_secret_new(ctx, args, "passphrase-file",
			"Passphrase of the backup: ", &passphrase, &why);
	if (!err)
		err = backup_create(c, path, secret_span(&passphrase), &made, &why);
	buf_wipe(&passphrase);
	if (err) {
		command_refuse(reply, &why);
		return;
	}
	clock_print_iso(date, made.time);
	json_set_str(reply->data, "file", path);
	json_set_str(reply->data, "time", date);
	json_set_int(reply->data, "files", (int64_t)made.files);
	json_set_int(reply->data, "bytes", (int64_t)made.bytes);
	buf_printf(&reply->text,
		"%s: %zu files, %zu bytes, read back and opened.\n"
		"Keep it and its passphrase apart, and away from this machine. Keys on hardware "
		"tokens are not in it.\n",
		path, made.files, made.bytes);
}

/* --- restore --- */

static enum err may_restore(void *ctx, const char *folder, struct fail *why)
{
	const struct command_runtime *r = ((struct command_ctx *)ctx)->runtime;

	if (!r || !r->daemon_runs || !r->daemon_runs(r->ctx, folder))
		return ERR_OK;
	return fail_set(
		why, ERR_NOTNOW, "a daemon runs on %s: stop it first; nothing has changed", folder);
}

static enum err open_backup(struct command_ctx *ctx, const struct json *args,
	struct backup_head *head, struct buf *archive, struct fail *why)
{
	const char *path = json_get_str(args, "file");
	struct buf passphrase = {0};
	/* A file that is no backup is told before anybody types a passphrase. */
	enum err err = backup_read_head(path, head, why);

	if (!err)
		err = command_secret(ctx, args, "passphrase-file",
			"Passphrase of the backup: ", &passphrase, why);
	if (!err)
		err = backup_read(path, secret_span(&passphrase), head, archive, why);
	buf_wipe(&passphrase);
	return err;
}

static void put_head(struct command_reply *reply, const struct backup_head *head)
{
	char date[CLOCK_DATE_MAX];

	clock_print_iso(date, head->time);
	json_set_str(reply->data, "time", date);
	json_set_str(reply->data, "node", head->node);
	json_set_str(reply->data, "address", head->address);
}

static void tell_restored(struct command_ctx *ctx, const struct backup_restore *r,
	const struct backup_head *head, struct command_reply *reply)
{
	char date[CLOCK_DATE_MAX];

	clock_print_iso(date, head->time);
	put_head(reply, head);
	buf_printf(&reply->text, "%s is node %s as it was at %s.\n", ctx->state, head->node, date);
	if (r->aside) {
		json_set_str(reply->data, "before", r->aside);
		buf_printf(&reply->text,
			"What was there is now %s, with its keys: remove it when nobody needs it "
			"any more.\n",
			r->aside);
	}
	if (r->audit.code) {
		json_set_str(reply->data, "auditLog", r->audit.text);
		buf_printf(
			&reply->text, "The audit log in it does not verify: %s\n", r->audit.text);
	}
	buf_str(&reply->text, "Lists and keys that were made after that time are not in it: a "
			      "phone that holds a newer CTL may refuse this node. Compare before "
			      "the daemon is started: cadeado show ctl\n");
}

void handle_backup_restore(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct backup_restore r = {
		.folder = ctx->state,
		.force = json_get_bool(args, "force"),
		.clock = ctx->clock,
		.may = may_restore,
		.ctx = ctx,
	};
	struct backup_head head;
	struct buf archive = {0};
	struct fail why = {0};
	enum err err = open_backup(ctx, args, &head, &archive, &why);

	if (!err)
		err = backup_restore(&r, buf_span(&archive), &head, &why);
	buf_wipe(&archive);
	if (!err)
		tell_restored(ctx, &r, &head, reply);
	/* The restored folder's audit log says who restored it. */
	if (!err && !command_cluster(ctx, &why))
		err = why.code;
	if (err)
		command_refuse(reply, &why);
	mem_free(r.aside);
}

/* --- show --- */

struct showing {
	struct command_reply *reply;
	struct json *keys, *files;
};

static enum err show_key(void *ctx, const struct backup_key *k, struct fail *why)
{
	struct showing *s = ctx;
	struct json *row = json_object_new();
	char from[CLOCK_DATE_MAX], to[CLOCK_DATE_MAX];
	uint8_t sum[DIGEST_MAX];
	size_t len = digest_one(DIGEST_SHA256, cert_der(k->cert), sum);
	struct buf hex = {0};

	(void)why;
	clock_print_iso(from, cert_not_before(k->cert));
	clock_print_iso(to, cert_not_after(k->cert));
	str_hex(&hex, span_of(sum, len), STR_COLON);
	buf_u8(&hex, 0);
	json_set_str(row, "file", k->name);
	json_set_str(row, "subject", cert_subject(k->cert));
	json_set_bool(row, "privateKey", k->with_key);
	json_set_str(row, "sha256", buf_check(&hex) ? "" : (const char *)hex.data);
	json_set_str(row, "notBefore", from);
	json_set_str(row, "notAfter", to);
	json_append_take(s->keys, row);
	buf_printf(&s->reply->text, "%s%s\n  ", k->name, k->with_key ? "" : " (certificate alone)");
	str_printable(&s->reply->text, span_str(cert_subject(k->cert)));
	buf_printf(&s->reply->text, "\n  valid %s to %s\n  SHA-256 %s\n", from, to,
		buf_check(&hex) ? "" : (const char *)hex.data);
	buf_fini(&hex);
	return ERR_OK;
}

static void show_list(struct showing *s, const struct backup_file *f, struct json *row)
{
	char date[CLOCK_DATE_MAX];
	struct tlv_list list;

	if (tlv_parse(&list, f->content, NULL) || !list.header.has_timestamp)
		return;
	clock_print_iso(date, list.header.timestamp);
	json_set_str(row, "signedAt", date);
	buf_printf(&s->reply->text, "  signed at %s by ", date);
	str_printable(&s->reply->text, list.header.signer_name);
	buf_str(&s->reply->text, "\n");
}

static enum err show_file(void *ctx, const struct backup_file *f, struct fail *why)
{
	struct showing *s = ctx;
	struct json *row = json_object_new();
	char date[CLOCK_DATE_MAX];

	(void)why;
	clock_print_iso(date, f->time);
	json_set_str(row, "name", f->name);
	json_set_int(row, "bytes", (int64_t)f->content.len);
	json_set_str(row, "changed", date);
	buf_printf(&s->reply->text, "%10zu  %s  %s\n", f->content.len, date, f->name);
	if (strncmp(f->name, "tftp/", 5) == 0)
		show_list(s, f, row);
	json_append_take(s->files, row);
	return ERR_OK;
}

static enum err show_contents(struct command_reply *reply, struct span archive, struct fail *why)
{
	struct showing s = {.reply = reply, .keys = json_array_new(), .files = json_array_new()};
	enum err err;

	buf_str(&reply->text, "\nKeys and certificates:\n");
	err = backup_each_key(archive, show_key, &s, why);
	if (!err) {
		buf_str(&reply->text, "\nFiles:\n");
		err = backup_each(archive, show_file, &s, why);
	}
	json_set_take(reply->data, "keys", s.keys);
	json_set_take(reply->data, "files", s.files);
	return err;
}

void handle_backup_show(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *path = json_get_str(args, "file");
	bool contents =
		json_get_bool(args, "contents") || !command_secret_typed(args, "passphrase-file");
	struct backup_head head;
	struct buf archive = {0};
	struct fail why = {0};
	char date[CLOCK_DATE_MAX];
	enum err err = contents ? open_backup(ctx, args, &head, &archive, &why)
				: backup_read_head(path, &head, &why);

	if (!err) {
		clock_print_iso(date, head.time);
		put_head(reply, &head);
		json_set_bool(reply->data, "verified", contents);
		buf_printf(&reply->text, "Backup of node %s at %s, made %s%s\n", head.node,
			head.address, date,
			contents ? "" : " (as it says itself; --contents opens it)");
	}
	if (!err && contents)
		err = show_contents(reply, buf_span(&archive), &why);
	if (err)
		command_refuse(reply, &why);
	buf_wipe(&archive);
}
