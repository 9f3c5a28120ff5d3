/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CRYPTO_TOKEN_PRIV_H
#define CRYPTO_TOKEN_PRIV_H

/* Between the files of the token: its sealing and its files. */
#include "crypto/seal.h"
#include "crypto/token.h"

#define TOKEN_ID_SIZE    16u
#define TOKEN_SALT_SIZE  PASSWORD_SALT
#define TOKEN_NONCE_SIZE SEAL_NONCE
#define TOKEN_TAG_SIZE   SEAL_TAG
#define TOKEN_KEY_SIZE   SEAL_KEY

struct token_file {
	char label[64], serial[32];
	uint8_t id[TOKEN_ID_SIZE]; /* ties the counter to this token */
	struct kdf_cost kdf;
	uint8_t salt[TOKEN_SALT_SIZE], nonce[TOKEN_NONCE_SIZE];
	struct buf cert;
	struct buf head;   /* the file's lines up to the sealed key, which they authenticate */
	struct buf sealed; /* PKCS #8 and the tag */
	unsigned used;     /* tries, as this file counts them */
	unsigned changes;  /* of the count, ever; after token_tries_read the highest of all files */
	unsigned back;     /* times that the files were older than their count */
	bool behind;       /* so they are now */
};

void token_file_fini(struct token_file *t);

/* Fills head from the fields above it. */
enum err token_file_make_head(struct token_file *t) MUST_USE;

/* ERR_NOTFOUND; ERR_FORMAT for a damaged file. */
enum err token_file_read(
	struct token_file *t, const char *folder, const char *label, struct fail *why) MUST_USE;

/* The token and its counters, with no try used. ERR_EXISTS. */
enum err token_files_create(struct token_file *t, const char *folder, struct fail *why) MUST_USE;

/* Tries that count: the highest of the three numbers. ERR_LOCKED, with what happened, when
 * <label>.tries is missing, damaged or another token's. */
enum err token_tries_read(
	struct token_file *t, const char *folder, unsigned *used, struct fail *why) MUST_USE;

/* The token as it is in memory and its counters, synced, the third place last. After a failure or a
 * kill at any place the highest number counts. After token_tries_read. */
enum err token_files_write(
	struct token_file *t, const char *folder, unsigned used, struct fail *why) MUST_USE;

/* <folder>/<label><suffix>, freed by the caller. */
char *token_path(const char *folder, const char *label, const char *suffix);

/* The PIN's key. ERR_NOMEM, ERR_CRYPTO. Wipe it after use. */
enum err token_derive(
	const struct token_file *t, const char *pin, uint8_t key[TOKEN_KEY_SIZE]) MUST_USE;

/* AES-256-GCM with head as the authenticated text. unseal: ERR_PIN. */
enum err token_seal(
	struct token_file *t, const uint8_t key[TOKEN_KEY_SIZE], struct span plain) MUST_USE;
enum err token_unseal(
	const struct token_file *t, const uint8_t key[TOKEN_KEY_SIZE], struct buf *plain) MUST_USE;

/* The keystore over a key in memory; takes the key, also when it fails with NULL. */
struct keystore *token_keystore(const char *label, struct key *key);

enum err token_check_pin(const char *pin, struct fail *why) MUST_USE;
enum err token_check_label(const char *label, struct fail *why) MUST_USE;

/* Seals the key's PKCS #8 under the PIN, with a new salt and nonce. */
enum err token_seal_key(struct token_file *t, const char *pin, struct span der) MUST_USE;

/* The exclusive lock of one token; a descriptor or an error. */
int token_lock(const char *folder, const char *label, struct fail *why);

/* A self-signed SAST certificate, signed by `key_name` of the signer. */
enum err token_issue(struct cert **out, const char *common_name, struct span spki,
	struct signer *signer, const char *key_name, int64_t now, unsigned days,
	struct fail *why) MUST_USE;

#endif
