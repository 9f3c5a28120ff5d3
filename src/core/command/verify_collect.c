/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/verify.h"

#include "base/file.h"
#include "base/mem.h"
#include "core/list/signed.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define DEPTH_MAX 64u /* folders below one another */
#define HEAD      10u /* bytes that show whether a file begins with a signed header */

struct collection {
	struct verify_file *files;
	size_t count, room;
};

/* Takes `path`. */
static enum err add(struct collection *c, char *path)
{
	if (path && c->count == c->room) {
		size_t room = c->room ? 2 * c->room : 64;
		void *more = mem_resize(c->files, room * sizeof(*c->files));

		if (!more) {
			mem_free(path);
			return ERR_NOMEM;
		}
		c->files = more;
		c->room = room;
	}
	if (!path)
		return ERR_NOMEM;
	c->files[c->count++] = (struct verify_file){.path = path};
	return ERR_OK;
}

static bool ends_with(const char *text, const char *end)
{
	size_t a = strlen(text), b = strlen(end);

	return a >= b && strcasecmp(text + a - b, end) == 0;
}

/* By its name, which a broken file still has, or by its first bytes. */
static bool looks_signed(const char *path)
{
	uint8_t head[HEAD];
	size_t got = 0;
	FILE *f;

	if (ends_with(path, ".tlv") || ends_with(path, ".sgn"))
		return true;
	f = fopen(path, "rbe");
	if (f) {
		got = fread(head, 1, sizeof(head), f);
		fclose(f);
	}
	return signed_already(span_of(head, got));
}

static enum err add_folder(
	struct collection *c, const char *folder, unsigned depth, struct fail *why)
{
	struct dirent **names = NULL;
	int count = scandir(folder, &names, NULL, alphasort);
	enum err err = ERR_OK;
	struct stat st;

	if (count < 0)
		return fail_set(why, ERR_IO, "cannot list the folder %s", folder);
	for (int i = 0; i < count; i++) {
		const char *name = names[i]->d_name;
		char *path = err || strcmp(name, ".") == 0 || strcmp(name, "..") == 0
				     ? NULL
				     : file_join(folder, name);

		/* Folders are not entered by links, which could lead round in circles. */
		if (path && lstat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
			if (depth < DEPTH_MAX)
				err = add_folder(c, path, depth + 1, why);
		} else if (path && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
			   looks_signed(path)) {
			err = add(c, path);
			path = NULL;
		}
		mem_free(path);
		free(names[i]);
	}
	free(names);
	return err;
}

enum err verify_collect(const struct json *names, struct verify_file **files, size_t *count,
	bool *folder, struct fail *why)
{
	struct collection c = {0};
	enum err err = ERR_OK;
	struct stat st;
	size_t i;

	for (i = 0; i < json_count(names) && !err; i++) {
		const char *name = json_str(json_at(names, i));
		size_t before = c.count;

		if (stat(name, &st) == 0 && S_ISDIR(st.st_mode)) {
			*folder = true;
			err = add_folder(&c, name, 0, why);
			if (!err && c.count == before)
				err = fail_set(why, ERR_NOTFOUND,
					"no list and no signed file is in the folder %s", name);
		} else {
			err = add(&c, mem_strdup(name));
		}
	}
	*files = c.files;
	*count = c.count;
	return err ? fail_set(why, err, "%s", err_text(err)) : ERR_OK;
}
