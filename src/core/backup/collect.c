/* SPDX-License-Identifier: BSD-2-Clause
 * The state folder as an archive. */
#include "core/backup/backup_priv.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/audit/line.h"
#include "core/cluster/internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define COPY_FILE ".backup.db" /* the store's copy while the backup is made */
#define DEPTH_MAX 8u

enum part_kind { PART_FILE, PART_STORE, PART_TREE };

/* What a backup holds, in its order. A file or folder that is not there is left out. */
static const struct part {
	const char *name;
	enum part_kind kind;
} parts[] = {
	{"cadeado.conf", PART_FILE},
	{BACKUP_STORE, PART_STORE},
	{"keys", PART_TREE},
	{"tokens", PART_TREE},
	{"ctl", PART_TREE},
	{"audit", PART_TREE},
	{"tftp/CTLFile.tlv", PART_FILE},
	{"tftp/ITLFile.tlv", PART_FILE},
};
#define PARTS (sizeof(parts) / sizeof(parts[0]))

/* Locks, and what a writer that was killed left behind. */
static bool passing(const char *name)
{
	size_t len = strlen(name);

	return name[0] == '.' || (len > 5 && strcmp(name + len - 5, ".lock") == 0);
}

bool backup_holds(const char *name, bool folder)
{
	const char *last = strrchr(name, '/');
	size_t i, len;

	for (i = 0; i < PARTS; i++) {
		len = strlen(parts[i].name);
		if (parts[i].kind != PART_TREE) {
			if (!folder && strcmp(name, parts[i].name) == 0)
				return true;
		} else if (strncmp(name, parts[i].name, len) == 0 &&
			   (name[len] ? name[len] == '/' : folder)) {
			return !passing(last ? last + 1 : name);
		}
	}
	return false;
}

struct collecting {
	struct cluster *c;
	struct buf *out;
	size_t files;
	struct fail *why;
};

static enum err no_memory(struct fail *why)
{
	return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
}

static enum err set_name(struct tar_entry *e, const char *name, struct fail *why)
{
	if (str_copy(e->name, sizeof(e->name), name))
		return ERR_OK;
	return fail_set(why, ERR_LIMIT, "%s: a name this long cannot be saved", name);
}

static enum err put_file(struct collecting *x, const char *path, const char *name)
{
	struct tar_entry e = {0};
	struct buf content = {0};
	struct stat st;
	enum err err = set_name(&e, name, x->why);

	if (err)
		return err;
	if (lstat(path, &st) < 0)
		return fail_set(x->why, ERR_IO, "%s: %s", path, strerror(errno));
	err = file_read(path, BACKUP_SIZE_MAX, &content, x->why);
	if (!err) {
		e.mode = st.st_mode & 0777;
		e.time = st.st_mtime;
		e.content = buf_span(&content);
		err = tar_put(x->out, &e, x->why);
		x->files++;
	}
	if (!err && x->out->len > BACKUP_SIZE_MAX)
		err = fail_set(x->why, ERR_LIMIT, "%s is too large for a backup (%u MiB)",
			cluster_get_folder(x->c), BACKUP_SIZE_MAX / (1024 * 1024));
	buf_wipe(&content);
	return err;
}

static enum err put_folder(struct collecting *x, const char *name, const struct stat *st)
{
	struct tar_entry e = {.folder = true, .mode = st->st_mode & 0777, .time = st->st_mtime};
	enum err err = set_name(&e, name, x->why);

	return err ? err : tar_put(x->out, &e, x->why);
}

static enum err put_any(struct collecting *x, const char *name, unsigned depth);

static int wanted(const struct dirent *d)
{
	return !passing(d->d_name);
}

static enum err put_tree(struct collecting *x, const char *path, const char *name, unsigned depth)
{
	struct dirent **list = NULL;
	int count = scandir(path, &list, wanted, alphasort), i;
	enum err err = ERR_OK;
	char *below;

	if (count < 0)
		return fail_set(x->why, ERR_IO, "%s: %s", path, strerror(errno));
	for (i = 0; i < count; i++) {
		if (!err) {
			below = file_join(name, list[i]->d_name);
			err = below ? put_any(x, below, depth + 1) : no_memory(x->why);
			mem_free(below);
		}
		free(list[i]);
	}
	free(list);
	return err;
}

static enum err put_any(struct collecting *x, const char *name, unsigned depth)
{
	char *path = file_join(cluster_get_folder(x->c), name);
	enum err err = ERR_OK;
	struct stat st;

	if (!path)
		return no_memory(x->why);
	if (lstat(path, &st) < 0) {
		if (errno != ENOENT)
			err = fail_set(x->why, ERR_IO, "%s: %s", path, strerror(errno));
	} else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX) {
		err = put_folder(x, name, &st);
		if (!err)
			err = put_tree(x, path, name, depth);
	} else if (S_ISREG(st.st_mode)) {
		err = put_file(x, path, name);
	} else {
		/* To leave it out without a word would be found out when it is missing. */
		err = fail_set(x->why, ERR_UNSUPPORTED,
			"%s: neither a file nor a folder: it cannot be saved", path);
	}
	mem_free(path);
	return err;
}

static enum err put_store(struct collecting *x)
{
	char *path = file_join(cluster_get_folder(x->c), COPY_FILE);
	struct fail local = {0};
	enum err err = path ? file_remove(path, x->why) : no_memory(x->why);

	/* SQLite would make it readable for all. */
	if (!err)
		err = file_create(path, span_of(NULL, 0), 0600, x->why);
	if (!err)
		err = store_copy(cluster_get_store(x->c), path, x->why);
	if (!err)
		err = put_file(x, path, BACKUP_STORE);
	if (path && file_remove(path, &local) && !err)
		err = fail_set(x->why, local.code, "%s", local.text);
	mem_free(path);
	return err;
}

static enum err put_parts(struct collecting *x)
{
	enum err err = ERR_OK;
	size_t i;

	for (i = 0; i < PARTS && !err; i++)
		err = parts[i].kind == PART_STORE ? put_store(x) : put_any(x, parts[i].name, 0);
	if (!err)
		tar_end(x->out);
	return err ? err : buf_check(x->out) ? no_memory(x->why) : ERR_OK;
}

enum err backup_collect(struct cluster *c, struct buf *archive, size_t *files, struct fail *why)
{
	struct collecting x = {.c = c, .out = archive, .why = why};
	int lock = cluster_lock(c, why), audit = -1;
	enum err err = lock < 0 ? (enum err)lock : audit_lock(c, &audit, why);

	if (!err)
		err = put_parts(&x);
	audit_unlock(audit);
	file_unlock(lock);
	*files = x.files;
	return err;
}
