/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_BACKUP_H
#define CORE_BACKUP_H

#include "core/cluster/cluster.h"
#include "crypto/password.h"

/* One encrypted file with everything of a node that cannot be made again: keys and certificates
 * (the newest, the previous, those of others), file tokens, lists, what ctl/ remembers, settings,
 * audit log and store. Traces and what is made anew at start are not in it.
 * spec: docs/formats/backup.md */
#define BACKUP_PASSPHRASE_MIN 12u                  /* characters */
#define BACKUP_SIZE_MAX       (512u * 1024 * 1024) /* bytes of the archive */

/* What the file says without its passphrase. Anybody who can write it can change it: it is certain
 * once the backup was opened. */
struct backup_head {
	int64_t time; /* seconds since 1970 */
	char node[STORE_NAME], address[STORE_NAME];
	struct kdf_cost cost;
	uint8_t salt[PASSWORD_SALT];
};

struct backup_made {
	int64_t time;
	size_t files, bytes; /* files inside, bytes of the backup */
};

/* Writes `path` (mode 0600), reads it back and opens it again before it counts, and remembers that
 * in the state folder. A daemon may run meanwhile; nothing is published and no key made until it is
 * done. ERR_EXISTS for a file of that name, ERR_ARG for a passphrase that is too short or long. */
enum err backup_create(struct cluster *c, const char *path, struct span passphrase,
	struct backup_made *out, struct fail *why) MUST_USE;

enum err backup_read_head(const char *path, struct backup_head *out, struct fail *why) MUST_USE;

/* Appends the archive; wipe it. ERR_VERIFY for a wrong passphrase or a damaged file. */
enum err backup_read(const char *path, struct span passphrase, struct backup_head *head,
	struct buf *archive, struct fail *why) MUST_USE;

/* Calls `each` for every file of an archive, in its order. An entry that does not belong into a
 * state folder, by its name, is ERR_FORMAT. */
struct backup_file {
	const char *name; /* below the state folder: "keys/CAPF.pem" */
	int64_t time;     /* last change, seconds since 1970 */
	struct span content;
};
enum err backup_each(struct span archive,
	enum err (*each)(void *ctx, const struct backup_file *f, struct fail *why), void *ctx,
	struct fail *why) MUST_USE;

/* The same for every certificate in it. */
struct backup_key {
	const char *name;        /* of its file: "keys/CAPF.pem", "tokens/SAST-ADN4e31f914.token" */
	const struct cert *cert; /* valid during the call */
	bool with_key;           /* the private key is in it, too */
};
enum err backup_each_key(struct span archive,
	enum err (*each)(void *ctx, const struct backup_key *k, struct fail *why), void *ctx,
	struct fail *why) MUST_USE;

struct backup_restore {
	const char *folder; /* the state folder: missing, empty, or `force` */
	bool force;         /* what is there is put aside */
	const struct clock *clock;
	/* Asked before and just before the exchange; refuses while a daemon works on the folder. */
	enum err (*may)(void *ctx, const char *folder, struct fail *why);
	void *ctx;
	char *aside;       /* out: where the folder is that was there, or NULL; mem_free it */
	struct fail audit; /* out: why the audit log in it does not verify; ERR_OK when it does */
};

/* Everything is unpacked beside `folder`, opened and checked there, then takes its place at once:
 * whatever happens, the folder is the old one or the new one, whole. ERR_EXISTS without `force`. */
enum err backup_restore(struct backup_restore *r, struct span archive,
	const struct backup_head *head, struct fail *why) MUST_USE;

/* When the newest backup was made, seconds since 1970. ERR_NOTFOUND: never. */
enum err backup_newest(struct cluster *c, int64_t *time, struct fail *why) MUST_USE;

/* How many keys that lists name or will name lie in this folder and in no backup: the newest of
 * this node's, and its file tokens. */
enum err backup_unsaved(struct cluster *c, size_t *count, struct fail *why) MUST_USE;

/* Appends a sentence for each key that the list in force names, that lies in this folder and is in
 * no backup; one sentence when there is no backup at all. Nothing to say: appends nothing.
 * *missing (may be NULL): how many keys. */
enum err backup_warn(
	struct cluster *c, struct buf *out, size_t *missing, struct fail *why) MUST_USE;

#endif
