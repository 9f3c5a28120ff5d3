/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/handlers.h"
#include "core/command/keys.h"
#include "core/command/verify.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "core/list/signed.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#define CERTS_MAX 4096u /* files in the folder of --certs */
#define CHUNK     64u   /* files between two reports of progress */

static enum err load_list(
	const char *path, struct buf *file, struct tlv_list *list, struct fail *why)
{
	enum err err = file_read(path, TLV_FILE_MAX, file, why);

	if (err)
		return err;
	err = tlv_parse(list, buf_span(file), why);
	if (err)
		fail_prefix(why, "%s", path);
	return err;
}

/* A list, or a certificate in PEM or DER. */
static enum err load_with(struct verify_how *how, struct fail *why)
{
	struct fail no_list = {0};
	enum err err = load_list(how->with_path, &how->with_file, &how->with, &no_list);

	if (!err)
		return err;
	if (!signed_already(buf_span(&how->with_file)) &&
		cert_load(&how->with_cert, how->with_path, NULL) == ERR_OK)
		return ERR_OK;
	if (how->with_file.len && !signed_already(buf_span(&how->with_file)))
		return fail_set(
			why, ERR_FORMAT, "%s is neither a list nor a certificate", how->with_path);
	return fail_set(why, err, "%s", no_list.text);
}

/* Every file of the folder that is a certificate, by whatever name. */
static enum err load_certs(struct verify_how *how, const char *folder, struct fail *why)
{
	struct dirent **names = NULL;
	int count = scandir(folder, &names, NULL, alphasort);
	struct stat st;
	enum err err = ERR_OK;

	if (count < 0)
		return fail_set(why, ERR_IO, "cannot list the folder %s", folder);
	how->real = mem_new(((size_t)count + 1) * sizeof(*how->real));
	if (!how->real)
		err = fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	else if ((unsigned)count > CERTS_MAX)
		err = fail_set(why, ERR_LIMIT, "%s holds more than %u files", folder, CERTS_MAX);
	for (int i = 0; i < count; i++) {
		char *path = err ? NULL : file_join(folder, names[i]->d_name);
		struct cert *cert = NULL;

		if (path && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
			cert_load(&cert, path, NULL) == ERR_OK) {
			char *name = mem_strdup(names[i]->d_name);

			how->real[how->real_count++] = (struct list_real){cert, name};
			if (!name)
				err = fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
		}
		mem_free(path);
		free(names[i]);
	}
	free(names);
	if (!err && !how->real_count)
		err = fail_set(why, ERR_NOTFOUND, "no certificate is in the folder %s", folder);
	return err;
}

static enum err prepare(struct verify_how *how, const struct json *args, struct fail *why)
{
	const char *certs = json_get_str(args, "certs");
	enum err err = ERR_OK;

	how->with_path = json_get_str(args, "with");
	how->holding_path = json_get_str(args, "holding");
	how->strict = json_get_bool(args, "strict");
	err = command_family(args, &how->family, why);
	if (!err && how->holding_path)
		err = load_list(how->holding_path, &how->holding_file, &how->holding, why);
	if (!err && how->with_path)
		err = load_with(how, why);
	if (!err && certs)
		err = load_certs(how, certs, why);
	return err;
}

static void how_fini(struct verify_how *how)
{
	for (size_t i = 0; i < how->real_count; i++) {
		cert_free((struct cert *)how->real[i].cert);
		mem_free((char *)how->real[i].name);
	}
	mem_free(how->real);
	cert_free(how->with_cert);
	buf_fini(&how->with_file);
	buf_fini(&how->holding_file);
}

struct work {
	const struct verify_how *how;
	struct verify_file *files;
};

static void work_one(void *arg, size_t i)
{
	struct work *w = arg;

	verify_one(w->how, &w->files[i]);
}

static void verify_all(struct command_ctx *ctx, const struct verify_how *how,
	struct verify_file *files, size_t count)
{
	const struct command_runtime *runtime = ctx->runtime;

	for (size_t done = 0; done < count;) {
		size_t some = count - done < CHUNK ? count - done : CHUNK;
		struct work w = {how, files + done};

		if (runtime && runtime->parallel && some > 1)
			runtime->parallel(runtime->ctx, some, work_one, &w);
		else
			for (size_t i = 0; i < some; i++)
				work_one(&w, i);
		done += some;
		if (ctx->progress && count > CHUNK)
			ctx->progress(done, count);
	}
}

void handle_verify(struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct verify_how how = {.now = clock_seconds(ctx->clock)};
	struct verify_file *files = NULL;
	struct fail why = {0};
	size_t count = 0;
	enum err err = prepare(&how, args, &why);

	if (!err)
		err = verify_collect(json_get(args, "files"), &files, &count, &how.folder, &why);
	if (!err) {
		verify_all(ctx, &how, files, count);
		verify_reply(&how, files, count, ctx->text_only, reply);
		if (count == 1 && files->state == VERIFY_UNREADABLE)
			reply->why = files->why;
	} else {
		command_refuse(reply, &why);
		reply->exit = COMMAND_USAGE;
	}
	for (size_t i = 0; i < count; i++)
		verify_file_fini(&files[i]);
	mem_free(files);
	how_fini(&how);
}
