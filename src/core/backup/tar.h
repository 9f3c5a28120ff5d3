/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_BACKUP_TAR_H
#define CORE_BACKUP_TAR_H

#include "base/buf.h"

#include <stdbool.h>
#include <sys/types.h>

/* The archive inside a backup: POSIX ustar (IEEE Std 1003.1, pax, "ustar Interchange Format") with
 * files and folders alone, so that tar(1) reads it too. Pure. */
#define TAR_NAME    257u /* bytes of a name, with NUL: 155 of prefix, '/', 100 of name */
#define TAR_ENTRIES 100000u

struct tar_entry {
	char name[TAR_NAME]; /* relative; of a folder without the slash at its end */
	bool folder;
	mode_t mode;         /* permissions alone */
	int64_t time;        /* seconds since 1970 */
	struct span content; /* borrowed from the archive */
};

/* Appends an entry. ERR_LIMIT for a name or size that the format cannot hold; ERR_ARG for a name
 * that tar_next would refuse. */
enum err tar_put(struct buf *out, const struct tar_entry *e, struct fail *why) MUST_USE;
/* Appends the two empty blocks that end an archive. */
void tar_end(struct buf *out);

struct tar_reader {
	struct span bytes;
	size_t pos, count;
	bool ended;
};

void tar_reader_init(struct tar_reader *r, struct span archive);

/* The next entry; false at the end, or with *err for what is no archive of ours: a checksum that is
 * wrong, links and devices, names that are absolute, empty, or lead out of the folder or hold
 * control characters, and bytes after the end. ERR_FORMAT, ERR_SHORT, ERR_LIMIT with the place. */
bool tar_next(struct tar_reader *r, struct tar_entry *e, enum err *err, struct fail *why);

#endif
