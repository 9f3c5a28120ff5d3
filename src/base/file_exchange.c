/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/file_priv.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define KEPT_SUFFIX ".old"

struct slot {
	char *name; /* the new content's temporary name */
	char *kept; /* the old content's, a second link; NULL when there was none */
	bool placed;
};

static enum err prepare(struct slot *s, const struct file_new *f, struct fail *why)
{
	enum err err = file_make_temporary(f->path, f->content, f->mode, FILE_SYNC, &s->name, why);
	size_t size;

	if (err)
		return err;
	size = strlen(s->name) + sizeof(KEPT_SUFFIX);
	s->kept = mem_new(size);
	if (!s->kept)
		return fail_set(why, ERR_NOMEM, "%s: %s", f->path, err_text(ERR_NOMEM));
	snprintf(s->kept, size, "%s" KEPT_SUFFIX, s->name);
	if (file_step() && link(f->path, s->kept) == 0)
		return ERR_OK;
	if (errno != ENOENT)
		err = file_fail(why, ERR_IO, f->path, "keep the old file");
	mem_free(s->kept);
	s->kept = NULL;
	return err;
}

static enum err place(struct slot *s, const struct file_new *f, struct fail *why)
{
	if (!file_step() || rename(s->name, f->path) < 0)
		return file_fail(why, ERR_IO, f->path, "replace");
	s->placed = true;
	return ERR_OK;
}

static void put_back(struct slot *s, const struct file_new *f)
{
	if (!s->placed)
		return;
	if (s->kept ? rename(s->kept, f->path) == 0 : unlink(f->path) == 0)
		s->placed = false;
}

static void clean(struct slot *s, bool failed)
{
	if (s->name && !s->placed)
		unlink(s->name);
	/* What could not be put back is at least not lost. */
	if (s->kept && !(failed && s->placed))
		unlink(s->kept);
	mem_free(s->name);
	mem_free(s->kept);
}

enum err file_exchange(
	const struct file_new *files, size_t count, const char *gone, struct fail *why)
{
	struct slot slots[FILE_NEW_MAX] = {{0}};
	enum err err = ERR_OK;
	size_t i;

	if (!count || count > FILE_NEW_MAX)
		return fail_set(why, ERR_ARG, "%zu files at once", count);
	for (i = 0; i < count && !err; i++)
		err = prepare(&slots[i], &files[i], why);
	for (i = 0; i < count && !err; i++)
		err = place(&slots[i], &files[i], why);
	for (i = 0; i < count && !err; i++)
		if (!file_sync_folder_of(files[i].path))
			err = file_fail(why, ERR_IO, files[i].path, "sync the folder of");
	if (!err && gone)
		err = file_remove(gone, why);
	for (i = count; i > 0 && err; i--)
		put_back(&slots[i - 1], &files[i - 1]);
	for (i = 0; i < count; i++)
		clean(&slots[i], err != ERR_OK);
	return err;
}
