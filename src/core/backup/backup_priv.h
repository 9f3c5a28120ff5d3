/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_BACKUP_PRIV_H
#define CORE_BACKUP_PRIV_H

/* Between the files of backup.h. */
#include "core/backup/backup.h"
#include "core/backup/tar.h"

#define BACKUP_STORE "cadeado.db" /* in a state folder and in an archive */

/* A store that is elsewhere is neither saved nor opened: a restore would work on the live one. */
enum err backup_check_store(const struct settings *s, struct fail *why) MUST_USE;

/* Appends the archive of the state folder. Takes the cluster's lock. */
enum err backup_collect(
	struct cluster *c, struct buf *archive, size_t *files, struct fail *why) MUST_USE;

/* Whether a state folder has something of this name that backups hold. */
bool backup_holds(const char *name, bool folder);

/* Remembers in the folder that everything in it was saved at that time. */
enum err backup_remember(struct cluster *c, int64_t time, struct fail *why) MUST_USE;

#endif
