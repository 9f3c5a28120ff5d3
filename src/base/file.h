/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"

#include <sys/types.h>

/* All file writing outside the databases goes through here. In builds with test hooks every step
 * is a numbered fault point, counted from 1 over the life of the process:
 * CADEADO_FAULT=<number>:<kill|full|short> makes that step end the process (status 137), fail with
 * a full disk, or do half a write first. CADEADO_FAULT_COUNT=<path> appends the count at exit. */
#ifdef CADEADO_TEST_HOOKS
unsigned file_fault_count(void);
#endif

/* Reads a whole regular file of at most `limit` bytes. ERR_NOTFOUND, ERR_LIMIT, ERR_IO with the
 * path in *why. `out` is appended to. */
enum err file_read(const char *path, size_t limit, struct buf *out, struct fail *why) MUST_USE;

enum file_sync { FILE_NOSYNC, FILE_SYNC };

/* Replaces `path` whole or not at all: temporary name in the same folder, write, (sync,) rename,
 * (sync the folder). `mode` e.g. 0644, 0600 for secrets. A failure leaves the old file and no
 * temporary one; only when the last step, syncing the folder, fails is the new file in place. */
enum err file_replace(const char *path, struct span content, mode_t mode, enum file_sync sync,
	struct fail *why) MUST_USE;

/* As file_replace with FILE_SYNC, but ERR_EXISTS when there is a file of that name. */
enum err file_create(const char *path, struct span content, mode_t mode, struct fail *why) MUST_USE;

/* Replaces several files and removes another, all or nothing: everything is written under temporary
 * names first, then renamed in this order, then `gone` (may be NULL) is removed. A failure puts
 * back what was there. A kill in between leaves some of the new files, and `gone` in place. */
struct file_new {
	const char *path;
	struct span content;
	mode_t mode;
};
#define FILE_NEW_MAX 4u
enum err file_exchange(
	const struct file_new *files, size_t count, const char *gone, struct fail *why) MUST_USE;

/* Appends one line (a log of a phone, say) in one write, whole or not at all; a newline is added
 * when it has none. */
enum err file_append(const char *path, struct span line, mode_t mode, struct fail *why) MUST_USE;

/* As file_append, and on the disk when it returns. A failure of that last step leaves the line. */
enum err file_append_sync(
	const char *path, struct span line, mode_t mode, struct fail *why) MUST_USE;

/* Removes a file; a file that is not there is no error. */
enum err file_remove(const char *path, struct fail *why) MUST_USE;

/* Makes a folder (parents too); one that is there is no error. */
enum err file_mkdir(const char *path, mode_t mode, struct fail *why) MUST_USE;

/* Removes a folder with everything in it; links are not followed. One that is not there is no
 * error. */
enum err file_remove_tree(const char *path, struct fail *why) MUST_USE;

/* Gives a file or folder another name of the same file system; ERR_EXISTS when that is taken, which
 * an empty folder is not. */
enum err file_move(const char *from, const char *to, struct fail *why) MUST_USE;

/* Two files or folders get each other's name at once: nobody ever finds one of them missing. */
enum err file_swap(const char *a, const char *b, struct fail *why) MUST_USE;

/* Everything that was written to the file system of `path` is on the disk when this returns. */
enum err file_sync_all(const char *path, struct fail *why) MUST_USE;

/* An exclusive lock on `path` (made if missing), held until file_unlock; waits. Returns a
 * descriptor >= 0 or an error. */
int file_lock(const char *path, struct fail *why);
void file_unlock(int lock);

/* Joins with one slash; the caller frees with mem_free; NULL when out of memory. */
char *file_join(const char *folder, const char *name);

#endif
