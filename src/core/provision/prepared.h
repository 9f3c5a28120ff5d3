/* SPDX-License-Identifier: BSD-2-Clause
 * Files of phones that are signed and encrypted already, on disk: one file a phone, which holds
 * both. Each says what it was made from; when that is another thing by now, or the file is damaged,
 * it is as if there were none. spec: docs/formats/prepared-files.md */
#ifndef CORE_PROVISION_PREPARED_H
#define CORE_PROVISION_PREPARED_H

#include "core/cluster/services.h"

#define PREPARED_FOLDER "prepared" /* in the state folder */
#define PREPARED_NAME   64u
#define PREPARED_PRINT  32u            /* SHA-256 */
#define PREPARED_MAX    (1024u * 1024) /* bytes of such a file */

/* Where a phone's lie, and the fingerprint of what they are made from. */
struct prepared {
	char *path; /* NULL: nowhere */
	uint8_t print[PREPARED_PRINT];
};
/* Below a folder for the snapshot that TFTP serves by: another key and another mode do not touch
 * what is in force elsewhere. ERR_NOMEM. */
enum err prepared_init(struct prepared *p, struct cluster *c, const char *device) MUST_USE;
void prepared_fini(struct prepared *p);

/* Appends the signed or the encrypted one. ERR_NOTFOUND, also when there is no encrypted one.
 * `any_print`: whatever it was made from. */
enum err prepared_read(
	const struct prepared *p, bool encrypted, bool any_print, struct buf *out) MUST_USE;
/* Whether they are there and up to date. */
bool prepared_is_there(const struct prepared *p);
enum err prepared_write(const struct prepared *p, struct span signed_file,
	struct span encrypted_file, struct fail *why) MUST_USE;

/* Removes what was prepared for phones for which `known` says no, and for snapshots before the
 * present one, of which the newest is kept. Counts the files that went. */
enum err prepared_purge(struct cluster *c, bool (*known)(void *ctx, const char *device), void *ctx,
	size_t *gone, struct fail *why) MUST_USE;

#endif
