/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/file_priv.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define READ_STEP 65536
/* ".<name>.XXXXXX": six characters of 32, so that 100 tries in a row cannot all be taken. */
#define RANDOM_LEN   6
#define RANDOM_TRIES 100

enum fault { FAULT_NONE, FAULT_FULL, FAULT_SHORT };

#ifdef CADEADO_TEST_HOOKS

static atomic_uint fault_points;

unsigned file_fault_count(void)
{
	return atomic_load(&fault_points);
}

static void write_fault_count(void)
{
	const char *path = getenv("CADEADO_FAULT_COUNT");
	FILE *out = path ? fopen(path, "ae") : NULL;

	if (!out)
		return;
	fprintf(out, "%u\n", file_fault_count());
	fclose(out);
}

__attribute__((constructor)) static void count_at_exit(void)
{
	if (getenv("CADEADO_FAULT_COUNT"))
		atexit(write_fault_count);
}

static enum fault fault_point(void)
{
	unsigned number = atomic_fetch_add(&fault_points, 1) + 1;
	const char *wanted = getenv("CADEADO_FAULT");
	char *end;

	if (!wanted || strtoul(wanted, &end, 10) != number || *end != ':')
		return FAULT_NONE;
	end++;
	if (strcmp(end, "kill") == 0)
		_exit(137);
	errno = ENOSPC;
	return strcmp(end, "short") == 0 ? FAULT_SHORT : FAULT_FULL;
}

#else

static inline enum fault fault_point(void)
{
	return FAULT_NONE;
}

#endif

bool file_step(void)
{
	return fault_point() == FAULT_NONE;
}

enum err file_fail(struct fail *why, enum err code, const char *path, const char *doing)
{
	char text[128];

	return fail_set(
		why, code, "%s: cannot %s: %s", path, doing, strerror_r(errno, text, sizeof(text)));
}

static enum err no_memory(struct fail *why, const char *path)
{
	return fail_set(why, ERR_NOMEM, "%s: %s", path, err_text(ERR_NOMEM));
}

static enum err too_long(struct fail *why, const char *path, size_t limit)
{
	return fail_set(why, ERR_LIMIT, "%s: longer than %zu bytes", path, limit);
}

/* `promised`: the file's length, for which room is made at once: firmware would be copied and wiped
 * again and again while it grows, and most files are small. 0 when it is not known; it may have
 * grown since. */
static enum err read_all(
	const char *path, int fd, size_t promised, size_t limit, struct buf *out, struct fail *why)
{
	size_t start = out->len, step = promised ? promised : READ_STEP, room;
	uint8_t *at;
	ssize_t got;

	for (;;) {
		/* One byte above the limit shows that there is more, and one above what was
		 * promised, for which there is room already, that this was all. */
		room = limit - (out->len - start);
		room = (room < step ? room : step) + 1;
		at = buf_grow(out, room);
		if (!at)
			return no_memory(why, path);
		do
			got = read(fd, at, room);
		while (got < 0 && errno == EINTR);
		out->len -= room - (got > 0 ? (size_t)got : 0);
		if (got < 0)
			return file_fail(why, ERR_IO, path, "read");
		if (got == 0)
			return ERR_OK;
		if (out->len - start > limit)
			return too_long(why, path, limit);
		step = out->len - start == promised ? 0 : READ_STEP;
	}
}

enum err file_read(const char *path, size_t limit, struct buf *out, struct fail *why)
{
	size_t start = out->len;
	struct stat st;
	enum err err;
	int fd;

	/* O_NONBLOCK: opening a pipe must not wait for its other end. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return file_fail(why, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, path, "open");
	if (fstat(fd, &st) < 0)
		err = file_fail(why, ERR_IO, path, "read");
	else if (!S_ISREG(st.st_mode))
		err = fail_set(why, ERR_IO, "%s: not a regular file", path);
	else if ((uintmax_t)st.st_size > limit)
		err = too_long(why, path, limit);
	else
		err = read_all(path, fd, (size_t)st.st_size, limit, out, why);
	close(fd);
	if (err) {
		mem_wipe(out->data + start, out->len - start);
		out->len = start;
	}
	return err;
}

/* Opens ".<name>.XXXXXX" beside `path`. *out is the name, owned by the caller. */
static int open_temporary(const char *path, char **out)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	const char *slash = strrchr(path, '/');
	size_t folder = slash ? (size_t)(slash - path) + 1 : 0;
	size_t size = strlen(path) + sizeof("..") + RANDOM_LEN;
	uint8_t random[RANDOM_LEN];
	char *name = mem_new(size);
	int tries, i, fd = -1;

	*out = name;
	if (!name) {
		errno = ENOMEM;
		return -1;
	}
	for (tries = 0; tries < RANDOM_TRIES; tries++) {
		if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
			break;
		snprintf(name, size, "%.*s.%s.", (int)folder, path, path + folder);
		for (i = 0; i < RANDOM_LEN; i++)
			name[size - 1 - RANDOM_LEN + (size_t)i] = letters[random[i] & 31];
		fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd >= 0 || errno != EEXIST)
			break;
	}
	return fd;
}

static bool write_all(int fd, struct span content)
{
	enum fault fault;
	ssize_t done;

	while (content.len) {
		fault = fault_point();
		if (fault == FAULT_SHORT && write(fd, content.ptr, content.len / 2) >= 0)
			errno = ENOSPC;
		if (fault != FAULT_NONE)
			return false;
		done = write(fd, content.ptr, content.len);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return false;
		content = span_of(content.ptr + done, content.len - (size_t)done);
	}
	return true;
}

bool file_sync_folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? mem_strndup(path, slash == path ? 1 : (size_t)(slash - path))
			     : mem_strdup(".");
	bool good = false;
	int fd;

	if (!folder) {
		errno = ENOMEM;
		return false;
	}
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	mem_free(folder);
	if (fd < 0)
		return false;
	/* EINVAL: a file system whose folders need no sync. */
	good = file_step() && (fsync(fd) == 0 || errno == EINVAL);
	close(fd);
	return good;
}

enum err file_make_temporary(const char *path, struct span content, mode_t mode,
	enum file_sync sync, char **name, struct fail *why)
{
	enum err err = ERR_OK;
	int fd = -1;

	*name = NULL;
	if (file_step())
		fd = open_temporary(path, name);
	if (fd < 0) {
		err = errno == ENOMEM ? no_memory(why, path)
				      : file_fail(why, ERR_IO, path, "make a temporary file");
		goto out;
	}
	if (!file_step() || fchmod(fd, mode) < 0)
		err = file_fail(why, ERR_IO, path, "set the mode");
	else if (!write_all(fd, content))
		err = file_fail(why, ERR_IO, path, "write");
	else if (sync == FILE_SYNC && (!file_step() || fsync(fd) < 0))
		err = file_fail(why, ERR_IO, path, "sync");
	/* Some network file systems tell of a full disk only here. */
	if (close(fd) < 0 && !err)
		err = file_fail(why, ERR_IO, path, "write");
	if (err)
		unlink(*name);
out:
	if (err) {
		mem_free(*name);
		*name = NULL;
	}
	return err;
}

enum err file_replace(
	const char *path, struct span content, mode_t mode, enum file_sync sync, struct fail *why)
{
	char *name;
	enum err err = file_make_temporary(path, content, mode, sync, &name, why);

	if (err)
		return err;
	if (!file_step() || rename(name, path) < 0) {
		err = file_fail(why, ERR_IO, path, "replace");
		unlink(name);
	} else if (sync == FILE_SYNC && !file_sync_folder_of(path)) {
		err = file_fail(why, ERR_IO, path, "sync the folder of");
	}
	mem_free(name);
	return err;
}

enum err file_create(const char *path, struct span content, mode_t mode, struct fail *why)
{
	char *name;
	enum err err = file_make_temporary(path, content, mode, FILE_SYNC, &name, why);

	if (err)
		return err;
	/* link() refuses a name that is taken, on every file system that has links. */
	if (!file_step() || link(name, path) < 0)
		err = file_fail(why, errno == EEXIST ? ERR_EXISTS : ERR_IO, path, "create");
	unlink(name);
	if (!err && !file_sync_folder_of(path))
		err = file_fail(why, ERR_IO, path, "sync the folder of");
	mem_free(name);
	return err;
}

static bool lock_whole(int fd)
{
	int result;

	do
		result = flock(fd, LOCK_EX);
	while (result < 0 && errno == EINTR);
	return result == 0;
}

static bool append_whole(int fd, struct span line)
{
	bool ended = line.len && line.ptr[line.len - 1] == '\n';
	struct iovec parts[2] = {
		{(void *)(uintptr_t)line.ptr, line.len}, {(void *)(uintptr_t) "\n", 1}};
	ssize_t whole = (ssize_t)line.len + (ended ? 0 : 1), done;
	enum fault fault;
	struct stat st;
	int reason;

	/* The lock makes it safe to cut off half a line again. */
	if (!lock_whole(fd) || fstat(fd, &st) < 0)
		return false;
	fault = fault_point();
	if (fault == FAULT_NONE)
		done = writev(fd, parts, ended ? 1 : 2);
	else
		done = fault == FAULT_SHORT ? write(fd, line.ptr, line.len / 2) : -1;
	if (done == whole)
		return true;
	reason = done < 0 ? errno : ENOSPC;
	if (done > 0 && ftruncate(fd, st.st_size) < 0)
		reason = errno;
	errno = reason;
	return false;
}

static enum err append(
	const char *path, struct span line, mode_t mode, enum file_sync sync, struct fail *why)
{
	enum err err = ERR_OK;
	int fd = -1;

	if (file_step())
		fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, mode);
	if (fd < 0)
		return file_fail(why, ERR_IO, path, "open");
	if (!append_whole(fd, line))
		err = file_fail(why, ERR_IO, path, "write");
	/* The folder too: the file may be new. */
	if (!err && sync == FILE_SYNC &&
		(!file_step() || fsync(fd) < 0 || !file_sync_folder_of(path)))
		err = errno == ENOMEM ? no_memory(why, path) : file_fail(why, ERR_IO, path, "sync");
	if (close(fd) < 0 && !err)
		err = file_fail(why, ERR_IO, path, "write");
	return err;
}

enum err file_append(const char *path, struct span line, mode_t mode, struct fail *why)
{
	return append(path, line, mode, FILE_NOSYNC, why);
}

enum err file_append_sync(const char *path, struct span line, mode_t mode, struct fail *why)
{
	return append(path, line, mode, FILE_SYNC, why);
}

enum err file_remove(const char *path, struct fail *why)
{
	if (!file_step() || (unlink(path) < 0 && errno != ENOENT))
		return file_fail(why, ERR_IO, path, "remove");
	return ERR_OK;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

enum err file_mkdir(const char *path, mode_t mode, struct fail *why)
{
	char *copy = mem_strdup(path), *end;
	enum err err = ERR_OK;
	char next;

	if (!copy)
		return no_memory(why, path);
	for (end = copy; *end && !err;) {
		end += strspn(end, "/");
		end += strcspn(end, "/");
		next = *end;
		*end = '\0';
		if (!is_folder(copy) &&
			(!file_step() || (mkdir(copy, mode) < 0 && !is_folder(copy))))
			err = file_fail(why, ERR_IO, copy, "make the folder");
		*end = next;
	}
	mem_free(copy);
	return err;
}

int file_lock(const char *path, struct fail *why)
{
	enum err err;
	int fd = -1;

	if (file_step())
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd < 0)
		return file_fail(why, ERR_IO, path, "open");
	if (!lock_whole(fd)) {
		err = file_fail(why, ERR_IO, path, "lock");
		close(fd);
		return err;
	}
	return fd;
}

void file_unlock(int lock)
{
	if (lock >= 0)
		close(lock);
}

char *file_join(const char *folder, const char *name)
{
	size_t len = strlen(folder), size;
	char *path;

	while (len > 1 && folder[len - 1] == '/')
		len--;
	while (*name == '/')
		name++;
	size = len + strlen(name) + 2;
	path = mem_new(size);
	if (path)
		snprintf(path, size, "%.*s%s%s", (int)len, folder,
			len && folder[len - 1] != '/' ? "/" : "", name);
	return path;
}
