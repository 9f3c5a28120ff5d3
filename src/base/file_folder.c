/* SPDX-License-Identifier: BSD-2-Clause
 * Whole folders: removed, moved, exchanged. */
#include "base/file_priv.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 32 /* folders in folders: a loop of mounts must end */

static bool remove_content(DIR *folder, int depth);

static bool remove_one(int in, const char *name, int depth)
{
	DIR *folder;
	bool good;
	int fd;

	if (!file_step())
		return false;
	if (unlinkat(in, name, 0) == 0)
		return true;
	if ((errno != EISDIR && errno != EPERM) || depth == DEPTH_MAX)
		return false;
	fd = openat(in, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	folder = fd < 0 ? NULL : fdopendir(fd);
	if (!folder) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	good = remove_content(folder, depth + 1);
	closedir(folder);
	return good && unlinkat(in, name, AT_REMOVEDIR) == 0;
}

static bool remove_content(DIR *folder, int depth)
{
	struct dirent *d;

	for (errno = 0; (d = readdir(folder)) != NULL; errno = 0)
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0 &&
			!remove_one(dirfd(folder), d->d_name, depth))
			return false;
	return errno == 0;
}

enum err file_remove_tree(const char *path, struct fail *why)
{
	struct stat st;

	if (lstat(path, &st) < 0 && errno == ENOENT)
		return ERR_OK;
	if (!remove_one(AT_FDCWD, path, 0))
		return file_fail(why, ERR_IO, path, "remove");
	return ERR_OK;
}

enum err file_move(const char *from, const char *to, struct fail *why)
{
	bool good = file_step() && renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0;
	bool taken = !good && errno == EEXIST;
	struct stat st;

	/* rename puts a folder in the place of an empty one, and of nothing else. */
	if (taken && lstat(to, &st) == 0 && S_ISDIR(st.st_mode))
		good = rename(from, to) == 0;
	if (!good)
		return file_fail(why, taken ? ERR_EXISTS : ERR_IO, to, "take that name");
	return file_sync_folder_of(to) ? ERR_OK : file_fail(why, ERR_IO, to, "sync the folder of");
}

enum err file_swap(const char *a, const char *b, struct fail *why)
{
	if (!file_step() || renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) < 0)
		return file_fail(why, ERR_IO, b, "exchange");
	return file_sync_folder_of(b) ? ERR_OK : file_fail(why, ERR_IO, b, "sync the folder of");
}

enum err file_sync_all(const char *path, struct fail *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	bool good = fd >= 0 && file_step() && syncfs(fd) == 0;
	enum err err = good ? ERR_OK : file_fail(why, ERR_IO, path, "sync");

	if (fd >= 0)
		close(fd);
	return err;
}
