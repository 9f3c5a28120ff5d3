/* SPDX-License-Identifier: BSD-2-Clause
 * A state folder from an archive. Everything is made ready in <folder>.restoring; one exchange of
 * names puts it in place, so that whoever dies leaves the old folder or the new one. */
#include "core/backup/backup_priv.h"

#include "base/file.h"
#include "base/mem.h"
#include "core/audit/audit.h"
#include "core/cluster/internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SUFFIX      ".restoring"
#define MARK        ".restoring" /* inside: not complete, and of no use to anybody */
#define LOCK_FILE   ".restoring.lock"
#define STATE_LOCK  "cadeado.lock"
#define ASIDE_TRIES 100
#define LOCK_TRIES  5

struct restoring {
	struct backup_restore *r;
	char *folder; /* absolute where it exists, without slashes at its end */
	char *made;   /* the folder that will take its place */
	int lock;     /* on LOCK_FILE in `made` */
	bool there;   /* `folder` is there */
	bool full;    /* and not empty */
	mode_t mode;
	struct fail *why;
};

static enum err no_memory(struct fail *why)
{
	return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
}

static char *with_suffix(const char *path, const char *suffix)
{
	size_t size = strlen(path) + strlen(suffix) + 1;
	char *out = mem_new(size);

	if (out)
		snprintf(out, size, "%s%s", path, suffix);
	return out;
}

static bool exists(const char *folder, const char *name)
{
	char *path = file_join(folder, name);
	bool there = path && access(path, F_OK) == 0;

	mem_free(path);
	return there;
}

/* Anything but the lock. */
static bool folder_is_full(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	bool full = false;

	while (d && !full && (e = readdir(d)) != NULL)
		full = strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
		       strcmp(e->d_name, LOCK_FILE) != 0;
	if (d)
		closedir(d);
	return full;
}

/* --- where --- */

static enum err look_at_target(struct restoring *x)
{
	char *real = realpath(x->r->folder, NULL);
	size_t len;
	struct stat st;

	x->folder = mem_strdup(real ? real : x->r->folder);
	free(real);
	if (!x->folder)
		return no_memory(x->why);
	for (len = strlen(x->folder); len > 1 && x->folder[len - 1] == '/'; len--)
		x->folder[len - 1] = '\0';
	x->mode = 0755;
	if (stat(x->folder, &st) == 0) {
		if (!S_ISDIR(st.st_mode))
			return fail_set(x->why, ERR_IO, "%s: not a folder", x->folder);
		x->there = true;
		x->full = folder_is_full(x->folder);
		x->mode = st.st_mode & 0777;
	}
	if (x->full && !x->r->force)
		return fail_set(x->why, ERR_EXISTS,
			"%s is not empty; --force puts what is there aside", x->folder);
	x->made = with_suffix(x->folder, SUFFIX);
	return x->made ? ERR_OK : no_memory(x->why);
}

/* Moves a folder to a name that is free and says which; *aside is the caller's. */
static enum err put_aside(struct restoring *x, const char *from, char **aside)
{
	time_t now = (time_t)clock_seconds(x->r->clock);
	char suffix[64];
	struct tm tm;
	enum err err = ERR_EXISTS;
	size_t len;
	int i;

	*aside = NULL;
	gmtime_r(&now, &tm);
	len = strftime(suffix, sizeof(suffix), ".before-%Y%m%dT%H%M%SZ", &tm);
	for (i = 1; i < ASIDE_TRIES && err == ERR_EXISTS; i++) {
		struct fail local = {0};

		if (i > 1)
			snprintf(suffix + len, sizeof(suffix) - len, "-%d", i);
		mem_free(*aside);
		*aside = with_suffix(x->folder, suffix);
		if (!*aside)
			return no_memory(x->why);
		if (access(*aside, F_OK) == 0)
			continue;
		err = file_move(from, *aside, &local);
		if (err && err != ERR_EXISTS)
			(void)fail_set(x->why, err, "%s", local.text);
	}
	if (err) {
		mem_free(*aside);
		*aside = NULL;
	}
	return err ? fail_set(x->why, err, "%s: no name to put it aside", from) : ERR_OK;
}

/* --- a folder of our own to make it in --- */

/* The lock may have come free because its folder was put in place or away. */
static bool still_ours(const struct restoring *x)
{
	char *path = file_join(x->made, LOCK_FILE);
	struct stat mine, theirs;
	bool same = path && fstat(x->lock, &mine) == 0 && stat(path, &theirs) == 0 &&
		    mine.st_dev == theirs.st_dev && mine.st_ino == theirs.st_ino;

	mem_free(path);
	return same;
}

static enum err lock_made(struct restoring *x)
{
	char *path = file_join(x->made, LOCK_FILE);
	enum err err = path ? file_mkdir(x->made, x->mode, x->why) : no_memory(x->why);

	if (!err) {
		x->lock = file_lock(path, x->why);
		err = x->lock < 0 ? (enum err)x->lock : ERR_OK;
	}
	if (err)
		(void)rmdir(x->made); /* if it is empty */
	mem_free(path);
	return err;
}

static void unlock_made(struct restoring *x)
{
	file_unlock(x->lock);
	x->lock = -1;
}

/* What an earlier one left: half a folder, which is marked, goes; anything else may be the only
 * copy of somebody's keys. */
static enum err clear_made(struct restoring *x)
{
	char *aside = NULL;
	enum err err = exists(x->made, MARK) ? file_remove_tree(x->made, x->why)
					     : put_aside(x, x->made, &aside);

	mem_free(aside);
	return err;
}

static enum err begin(struct restoring *x)
{
	char *mark = file_join(x->made, MARK);
	enum err err = mark ? ERR_OK : no_memory(x->why);
	bool ready = false;
	int i;

	for (i = 0; i < LOCK_TRIES && !err && !ready; i++) {
		err = lock_made(x);
		if (err || !still_ours(x)) {
			unlock_made(x);
			continue;
		}
		ready = !folder_is_full(x->made);
		if (!ready) {
			err = clear_made(x);
			unlock_made(x);
		}
	}
	if (!err && !ready)
		err = fail_set(x->why, ERR_BUSY, "another restore works on %s", x->folder);
	if (!err)
		err = file_create(mark, span_of(NULL, 0), 0600, x->why);
	mem_free(mark);
	return err;
}

/* --- unpacking --- */

static enum err unpack_one(struct restoring *x, const struct tar_entry *e)
{
	char *path = file_join(x->made, e->name), *slash;
	mode_t mode = e->mode & (mode_t)~022;
	enum err err = ERR_OK;

	if (!path)
		return no_memory(x->why);
	if (!backup_holds(e->name, e->folder)) {
		err = fail_set(x->why, ERR_FORMAT,
			"archive: %s does not belong into a state folder; nothing has changed",
			e->name);
	} else if (e->folder) {
		err = file_mkdir(path, mode | 0700, x->why);
	} else if (access(path, F_OK) == 0) {
		err = fail_set(x->why, ERR_FORMAT, "archive: %s is in it twice", e->name);
	} else {
		slash = strrchr(path, '/');
		*slash = '\0';
		err = file_mkdir(path, 0700, x->why);
		*slash = '/';
		if (!err)
			err = file_replace(path, e->content, mode | 0400, FILE_NOSYNC, x->why);
	}
	mem_free(path);
	return err;
}

static enum err unpack(struct restoring *x, struct span archive)
{
	static const struct {
		const char *name;
		mode_t mode;
	} folders[] = {{"keys", 0700}, {"tokens", 0700}, {"tftp", 0755}, {ACTIVELOG_FOLDER, 0755},
		{"ctl", 0755}};
	struct tar_reader r;
	struct tar_entry e;
	enum err err = ERR_OK;
	size_t i;

	for (i = 0; i < sizeof(folders) / sizeof(folders[0]) && !err; i++) {
		char *path = file_join(x->made, folders[i].name);

		err = path ? file_mkdir(path, folders[i].mode, x->why) : no_memory(x->why);
		mem_free(path);
	}
	tar_reader_init(&r, archive);
	while (!err && tar_next(&r, &e, &err, x->why))
		err = unpack_one(x, &e);
	return err;
}

/* --- checking --- */

static enum err check_keys(struct cluster *c, struct fail *why)
{
	struct cert *cert = NULL;
	struct buf spki = {0};
	enum err err = ERR_OK;
	bool found;
	int i;

	for (i = 0; i < OWN_COUNT && !err; i++) {
		const char *name = own_name((enum own_cert)i);

		err = own_newest(c, (enum own_cert)i, &cert, why);
		if (!err)
			err = own_public_key(c, name, &spki, &found, why);
		if (!err && !(found && span_eq(cert_spki(cert), buf_span(&spki))))
			err = fail_set(why, ERR_VERIFY,
				"key and certificate of %s do not fit in this backup", name);
		cert_free(cert);
		cert = NULL;
		buf_clear(&spki);
	}
	buf_fini(&spki);
	return err;
}

/* Opens it as any program would, so that it is known to open in its place. */
static enum err check(struct restoring *x, const struct backup_head *head)
{
	struct cluster *c = NULL;
	int64_t rows;
	char *path = file_join(x->made, "cadeado.conf");
	struct settings s;
	enum err err = path ? settings_read(&s, path, x->why) : no_memory(x->why);

	mem_free(path);
	if (!err)
		err = backup_check_store(&s, x->why);
	if (!err)
		err = cluster_open(&c, x->made, x->r->clock, x->why);
	if (!err)
		err = check_keys(c, x->why);
	/* A log that does not verify is evidence: it is told, and kept. */
	if (!err && audit_verify(c, &rows, &x->r->audit) == ERR_OK)
		fail_clear(&x->r->audit);
	if (!err)
		err = backup_remember(c, head->time, x->why);
	cluster_close(c);
	return err;
}

/* --- in its place --- */

static enum err may(struct restoring *x)
{
	return x->there && x->r->may ? x->r->may(x->r->ctx, x->folder, x->why) : ERR_OK;
}

static enum err exchange(struct restoring *x)
{
	char *mark = file_join(x->made, MARK), *old_lock = file_join(x->folder, STATE_LOCK);
	enum err err = mark && old_lock ? file_remove(mark, x->why) : no_memory(x->why);
	int lock = -1;

	if (!err)
		err = file_sync_all(x->made, x->why);
	/* Nobody publishes there meanwhile. */
	if (!err && x->full && access(old_lock, F_OK) == 0) {
		lock = file_lock(old_lock, x->why);
		err = lock < 0 ? (enum err)lock : ERR_OK;
	}
	if (!err)
		err = may(x);
	if (!err)
		err = x->full ? file_swap(x->made, x->folder, x->why)
			      : file_move(x->made, x->folder, x->why);
	file_unlock(lock);
	mem_free(mark);
	mem_free(old_lock);
	return err;
}

static void give_up(struct restoring *x)
{
	struct fail local = {0};

	if (x->lock >= 0 && still_ours(x) && file_remove_tree(x->made, &local))
		fail_prefix(x->why, "%s is left over and holds keys: remove it", x->made);
}

/* It is done; `err` tells of a disk that may not have noticed. */
static enum err tidy(struct restoring *x, enum err err)
{
	char *path = file_join(x->folder, LOCK_FILE);
	struct fail local = {0};
	enum err after = ERR_OK;

	if (x->full)
		after = put_aside(x, x->made, &x->r->aside);
	if (after)
		fail_prefix(x->why, "restored; but the folder before is still %s", x->made);
	/* Empty, and in nobody's way. */
	if (path && file_remove(path, &local))
		fail_clear(&local);
	mem_free(path);
	return err ? err : after;
}

enum err backup_restore(struct backup_restore *r, struct span archive,
	const struct backup_head *head, struct fail *why)
{
	struct restoring x = {.r = r, .lock = -1, .why = why};
	bool placed = false;
	enum err err = look_at_target(&x);

	r->aside = NULL;
	fail_clear(&r->audit);
	if (!err)
		err = may(&x);
	if (!err)
		err = begin(&x);
	if (!err)
		err = unpack(&x, archive);
	if (!err)
		err = check(&x, head);
	if (!err) {
		err = exchange(&x);
		placed = !still_ours(&x);
	}
	if (placed)
		err = tidy(&x, err);
	else
		give_up(&x);
	unlock_made(&x);
	mem_free(x.made);
	mem_free(x.folder);
	return err;
}
