/* SPDX-License-Identifier: BSD-2-Clause
 * Requests for certificates of phones that another authority signs. */
#include "core/command/handlers.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/command/table_args.h"
#include "core/issue/elsewhere.h"
#include "crypto/bundle.h"

#include <stdio.h>

const struct command_arg csr_export_args[] = {
	{ARG_WORD, "folder", "FOLDER", true, 0, 0, "gets SEP<MAC>.csr and SEP<MAC>.pub of each"},
	{ARG_TEXTS, "device", "SEP<MAC>", false, 0, 0, "of this phone only; repeatable"},
	{ARG_FLAG, "again", NULL, false, 0, 0, "also those that were exported before"},
	{ARG_FLAG, "phone-key", NULL, false, 0, 0, "the phone's key in the request, not CAPF's"},
	END,
};

const struct command_arg csr_import_args[] = {
	{ARG_WORDS, "files", "FILE", true, 0, 0, "certificates: PEM, DER or PKCS #7"},
	END,
};

const struct command_arg csr_delete_args[] = {
	{ARG_WORD, "name", "SEP<MAC>", true, 0, 0, "device name"},
	END,
};

/* Rows of one statement are kept until the next runs: no backend reads two at once. */
static enum err keep_row(void *ctx, const struct store_request *q, struct span request)
{
	struct buf *rows = ctx;

	(void)request;
	buf_put(rows, span_of(q, sizeof(*q)));
	return buf_check(rows);
}

static enum err read_rows(struct cluster *c, struct buf *rows, struct fail *why)
{
	return store_request_each(cluster_get_store(c), keep_row, rows, why);
}

static const struct store_request *row_at(const struct buf *rows, size_t i)
{
	return (const struct store_request *)(const void *)rows->data + i;
}

static size_t row_count(const struct buf *rows)
{
	return rows->len / sizeof(struct store_request);
}

/* --- list --- */

static void tell_row(
	struct command_reply *reply, struct json *list, const struct store_request *q, int64_t now)
{
	char made[CLOCK_DATE_MAX], exported[CLOCK_DATE_MAX], imported[CLOCK_DATE_MAX];
	struct json *j = json_object_new();

	command_iso(made, q->made);
	command_iso(exported, q->exported);
	command_iso(imported, q->imported);
	json_set_str(j, "name", q->device);
	json_set_str(j, "keySha256", q->key_fingerprint);
	json_set_str(j, "made", made);
	json_set_str(j, "exported", exported);
	json_set_str(j, "imported", imported);
	json_append_take(list, j);
	buf_printf(&reply->text, "%-16s made %s, ", q->device, made);
	if (q->imported)
		buf_printf(&reply->text,
			"certificate here since %s: the phone gets it when it "
			"calls again\n",
			imported);
	else if (q->exported > now)
		buf_printf(
			&reply->text, "its authority wants to be asked again after %s\n", exported);
	else if (q->exported)
		buf_printf(&reply->text, "exported %s\n", exported);
	else
		buf_str(&reply->text, "not exported\n");
}

void handle_csr_list(struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct json *list = json_array_new();
	struct fail why = {0};
	struct buf rows = {0};
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? read_rows(c, &rows, &why) : why.code;
	size_t i;

	(void)args;
	for (i = 0; !err && i < row_count(&rows); i++)
		tell_row(reply, list, row_at(&rows, i), clock_seconds(ctx->clock));
	if (!err && i == 0)
		buf_str(&reply->text, "No certificate request waits.\n");
	json_set_take(reply->data, "requests", list);
	if (err)
		command_refuse(reply, &why);
	buf_fini(&rows);
}

/* --- export --- */

static bool wanted(const struct json *args, const struct store_request *q)
{
	const struct json *names = json_get(args, "device");
	size_t i;

	if (!names)
		return !q->imported && (!q->exported || json_get_bool(args, "again"));
	for (i = 0; i < json_count(names); i++)
		if (str_ieq(json_str(json_at(names, i)), q->device))
			return true;
	return false;
}

static enum err write_file(const char *folder, const char *device, const char *suffix,
	const struct buf *content, struct fail *why)
{
	char name[32];
	char *path;
	enum err err;

	snprintf(name, sizeof(name), "%s%s", device, suffix);
	path = file_join(folder, name);
	err = path ? file_replace(path, buf_span(content), 0644, FILE_SYNC, why)
		   : fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	mem_free(path);
	return err;
}

/* Noted when both files are there: an export that was cut off is done again. */
static enum err export_one(
	struct cluster *c, const struct json *args, const struct store_request *q, struct fail *why)
{
	const char *folder = json_get_str(args, "folder");
	struct buf request = {0}, key = {0};
	enum err err = lsc_request_export(
		c, q->device, json_get_bool(args, "phone-key"), &request, &key, why);

	if (!err)
		err = write_file(folder, q->device, ".csr", &request, why);
	if (!err)
		err = write_file(folder, q->device, ".pub", &key, why);
	if (!err)
		err = lsc_request_exported(c, q->device, why);
	buf_fini(&request);
	buf_fini(&key);
	return err;
}

/* Every phone that was named must have a request. */
static enum err check_names(const struct json *args, const struct buf *rows, struct fail *why)
{
	const struct json *names = json_get(args, "device");
	size_t i, k;

	for (i = 0; names && i < json_count(names); i++) {
		const char *name = json_str(json_at(names, i));

		for (k = 0; k < row_count(rows); k++)
			if (str_ieq(name, row_at(rows, k)->device))
				break;
		if (k == row_count(rows))
			return fail_set(why, ERR_NOTFOUND,
				"no certificate request of %.32s waits: cadeado utils capf csr "
				"list",
				name);
	}
	return ERR_OK;
}

void handle_csr_export(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *folder = json_get_str(args, "folder");
	struct json *list = json_array_new();
	struct fail why = {0};
	struct buf rows = {0};
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? read_rows(c, &rows, &why) : why.code;
	size_t i, done = 0;

	if (!err)
		err = check_names(args, &rows, &why);
	if (!err)
		err = file_mkdir(folder, 0755, &why);
	for (i = 0; !err && i < row_count(&rows); i++) {
		const struct store_request *q = row_at(&rows, i);

		if (!wanted(args, q))
			continue;
		err = export_one(c, args, q, &why);
		if (err)
			break;
		json_append_take(list, json_string_new(q->device));
		done++;
	}
	json_set_take(reply->data, "exported", list);
	buf_printf(&reply->text, "%zu requests exported to %s\n", done, folder);
	if (done && !json_get_bool(args, "phone-key"))
		buf_str(&reply->text,
			"The authority signs each for the key in its .pub file:\n"
			"  openssl x509 -req -in SEP<MAC>.csr -force_pubkey SEP<MAC>.pub "
			"-copy_extensions copyall\n"
			"    -CA ca.pem -CAkey ca.key -days 365 -out SEP<MAC>.pem\n");
	if (done)
		buf_str(&reply->text, "Then: cadeado utils capf csr import SEP<MAC>.pem\n");
	if (err)
		command_refuse(reply, &why);
	buf_fini(&rows);
}

/* --- import --- */

struct importing {
	struct cluster *c;
	struct command_reply *reply;
	struct json *list;
	size_t good, bad;
};

static void tell_result(
	struct importing *x, const char *file, const char *device, const struct fail *why)
{
	struct json *j = json_object_new();

	json_set_str(j, "file", file);
	json_set_str(j, "name", device);
	json_set_str(j, "error", why->code ? why->text : "");
	json_append_take(x->list, j);
	buf_printf(&x->reply->text, "%s: ", file);
	if (why->code)
		str_printable(&x->reply->text, span_str(why->text));
	else
		buf_printf(&x->reply->text, "certificate of %s", device);
	buf_str(&x->reply->text, "\n");
	x->good += !why->code;
	x->bad += why->code != 0;
}

/* Authorities lay their own certificate beside it. */
static void import_file(struct importing *x, const char *file)
{
	struct fail why = {0};
	struct buf text = {0};
	struct bundle b = {.count = 0};
	enum err err = file_read(file, BUNDLE_SIZE_MAX, &text, &why);
	size_t i;

	if (!err)
		err = bundle_read(&b, buf_span(&text), &why);
	if (err)
		tell_result(x, file, "", &why);
	for (i = 0; !err && i < b.count; i++) {
		char device[DEVICE_NAME_SIZE] = "";

		if (b.count > 1 && cert_is_ca(b.certs[i]))
			continue;
		fail_clear(&why);
		if (lsc_import(x->c, b.certs[i], device, &why) == ERR_OK)
			fail_clear(&why);
		tell_result(x, file, device, &why);
	}
	bundle_fini(&b);
	buf_fini(&text);
}

void handle_csr_import(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const struct json *files = json_get(args, "files");
	struct fail why = {0};
	struct importing x = {.reply = reply, .list = json_array_new()};
	size_t i;

	x.c = command_cluster(ctx, &why);
	for (i = 0; x.c && i < json_count(files); i++)
		import_file(&x, json_str(json_at(files, i)));
	json_set_take(reply->data, "certificates", x.list);
	if (x.c)
		buf_printf(&reply->text,
			"%zu certificates imported; each phone gets its own when it calls again, "
			"at its next start\n",
			x.good);
	if (!x.c)
		command_refuse(reply, &why);
	else if (x.bad || !x.good)
		reply->exit = COMMAND_FAULT;
}

/* --- delete --- */

void handle_csr_delete(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *name = json_get_str(args, "name");
	struct fail why = {0};
	struct store_request q;
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? store_request_get(cluster_get_store(c), name, &q, NULL, NULL, NULL, &why)
			 : why.code;

	if (!err)
		err = store_request_delete(cluster_get_store(c), q.device, &why);
	if (err)
		command_refuse(reply, &why);
	else
		buf_printf(&reply->text,
			"The request of %s is forgotten: the phone makes another key when it "
			"calls again.\n",
			q.device);
}
