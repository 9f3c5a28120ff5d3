/* SPDX-License-Identifier: BSD-2-Clause
 * What takes time and needs no cluster: signing and encrypting. */
#ifndef CORE_PROVISION_WORK_H
#define CORE_PROVISION_WORK_H

#include "core/cluster/services.h"
#include "core/provision/prepared.h"

#include "base/str.h"

/* Made in a job of the cluster's, done on any thread, freed anywhere. */
struct work {
	struct file_key *key;
	enum digest_alg digest;
	uint32_t now;
	char filename[PREPARED_NAME]; /* what the signed header says */
	struct buf content;           /* clear text to be signed */
	/* Of a configuration: the whole file for the phone alone, and the RSA key that it is
	 * encrypted for. Empty when there is none. */
	struct buf whole, phone;
	char whole_name[PREPARED_NAME];
	/* Where both are kept; no path: nowhere. */
	struct prepared place;
	struct fail not_kept; /* out: why they were not */
};

/* NULL when memory is short. */
struct work *work_new(struct cluster *c, enum digest_alg digest, const char *filename);
void work_free(struct work *w); /* NULL allowed */

/* Signs, encrypts and keeps: appends the signed file and, if there is one, the encrypted one. What
 * cannot be kept is no error but told in w->not_kept: it is made again. */
enum err work_do(struct work *w, struct buf *signed_file, struct buf *encrypted_file,
	struct fail *why) MUST_USE;

#endif
