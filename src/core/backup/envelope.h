/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_BACKUP_ENVELOPE_H
#define CORE_BACKUP_ENVELOPE_H

#include "core/backup/backup.h"

/* The backup file around the archive: a clear head, then the archive in sealed pieces.
 * spec: docs/formats/backup.md */

/* Parses the head alone, strictly; *size is its length in the file. ERR_FORMAT, ERR_SHORT,
 * ERR_LIMIT, ERR_UNSUPPORTED (a later version). Pure. */
enum err envelope_head(
	struct span file, struct backup_head *head, size_t *size, struct fail *why) MUST_USE;

/* Appends the file: a fresh salt, the head, the archive sealed under the passphrase. */
enum err envelope_seal(struct buf *file, struct backup_head *head, struct span archive,
	struct span passphrase, struct fail *why) MUST_USE;

/* Appends the archive. ERR_VERIFY for another passphrase, and for a file that was changed or cut:
 * nobody can tell these apart. */
enum err envelope_open(struct span file, struct backup_head *head, struct span passphrase,
	struct buf *archive, struct fail *why) MUST_USE;

#endif
