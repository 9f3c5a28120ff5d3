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
};

void token_file_fini(struct token_file *t);

/* Fills head from the fields above it. */
enum err token_file_make_head(struct token_file *t) MUST_USE;

/* ERR_NOTFOUND; ERR_FORMAT for a damaged file. */
enum err token_file_read(
	struct token_file *t, const char *folder, const char *label, struct fail *why) MUST_USE;

enum err token_file_create(
	const struct token_file *t, const char *folder, struct fail *why) MUST_USE;

/* Tries that count: the higher of the two files' numbers. ERR_LOCKED, with what happened, when the
 * counter's file is missing, damaged or another token's. */
enum err token_tries_read(
	const struct token_file *t, const char *folder, unsigned *used, struct fail *why) MUST_USE;

/* Only the counter's own file. */
enum err token_tries_write(
	const struct token_file *t, const char *folder, unsigned used, struct fail *why) MUST_USE;

/* Both files, synced. After a failure or a kill at any place the higher number counts. */
enum err token_tries_set(
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

#endif
