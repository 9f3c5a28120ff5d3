/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/handlers.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

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

static void list_one(
	const char *folder, const char *name, bool detail, struct json *rows, struct buf *text)
{
	char *path = file_join(folder, name);
	struct stat st;
	struct tm tm;
	char date[64], size[32];

	if (path && stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
		struct json *row = json_object_new();

		json_set_str(row, "name", name);
		json_set_int(row, "size", st.st_size);
		json_set_int(row, "modified", st.st_mtime);
		json_append_take(rows, row);
		localtime_r(&st.st_mtime, &tm);
		strftime(date, sizeof date, "%d %b,%Y %H:%M:%S", &tm);
		with_commas((long long)st.st_size, size);
		if (detail)
			buf_printf(text, "%s %8s ", date, size);
		str_printable(text, span_str(name));
		buf_str(text, "\n");
	}
	mem_free(path);
}

void handle_file_list_tftp(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	struct dirent **names = NULL;
	const char *pattern = json_get_str(args, "pattern");
	const char *how = json_get_str(args, "detail");
	struct json *rows = json_array_new();
	struct cluster *c = command_cluster(ctx, &why);
	char *folder = c ? cluster_path(c, "tftp", NULL) : NULL;
	int count = folder ? scandir(folder, &names, NULL, alphasort) : -1;

	if (how && strcmp(how, "detail") != 0) {
		fail_set(&why, ERR_ARG,
			"after the pattern only the word detail is known, not \"%s\"", how);
		command_refuse(reply, &why);
		reply->exit = COMMAND_USAGE;
	} else if (count < 0) {
		fail_set(&why, ERR_IO, "cannot list the served folder %s", folder ? folder : "");
		command_refuse(reply, &why);
	}
	for (int i = 0; i < count; i++) {
		if (reply->exit == COMMAND_GOOD && names[i]->d_name[0] != '.' &&
			str_glob(pattern ? pattern : "*", names[i]->d_name))
			list_one(folder, names[i]->d_name, how != NULL, rows, &reply->text);
		free(names[i]);
	}
	free(names);
	json_set_take(reply->data, "files", rows);
	mem_free(folder);
}
