/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CRYPTO_TOKEN_H
#define CRYPTO_TOKEN_H

#include "crypto/cert.h"
#include "crypto/password.h"
#include "crypto/signer.h"

/* File tokens: a SAST key sealed under a PIN by argon2id. <folder>/<label>.token holds label,
 * serial, certificate, KDF parameters and the sealed key; <folder>/<label>.tries the counter.
 * Fifteen wrong PINs lock the token for good; a right one resets the counter. A third place counts
 * how often the counter changed, so that older copies of the two files give no tries back and are
 * noticed. A try is counted and
 * synced under a file lock before the PIN is tried and cleared after success, so that neither many
 * processes at once nor a kill win one. spec: docs/formats/file-token.md */
#define TOKEN_TRIES   15
#define TOKEN_PIN_MIN 4
#define TOKEN_PIN_MAX 64

struct token_info {
	char label[64];    /* "SAST-ADN4e31f914" */
	char serial[32];   /* printed on the token: "ADN4e31f914" */
	int attempts_left; /* 0: locked for good */
	struct cert *cert; /* freed by token_info_fini */
	unsigned set_back; /* times that its files were older than its count of changes, or came
			      without it: somebody copied older files back, or moved them */
};

/* Makes a token: RSA key of `bits` (1024, 2048 or 4096: what a list's header can say), self-signed
 * SAST certificate valid from `now` for `days`. `serial` (letters and digits) NULL draws "ADN" + 8
 * hex digits. The label is "SAST-" + serial. `out` may be NULL. ERR_EXISTS; ERR_ARG for a PIN,
 * serial or size outside the limits. */
enum err token_create(const char *folder, const char *serial, const char *pin, unsigned bits,
	int64_t now, unsigned days, struct token_info *out, struct fail *why) MUST_USE;

/* As token_create with another cost: more for a long-lived token, less for a machine that is short
 * of memory. ERR_ARG for a cost outside the limits. */
enum err token_create_with(const char *folder, const char *serial, const char *pin, unsigned bits,
	int64_t now, unsigned days, const struct kdf_cost *kdf, struct token_info *out,
	struct fail *why) MUST_USE;

/* Reads without a PIN. A token whose counter is missing or damaged has 0 attempts left. */
enum err token_read(
	const char *folder, const char *label, struct token_info *out, struct fail *why) MUST_USE;
void token_info_fini(struct token_info *info);

/* Calls `each` for every token of the folder in the order of labels; stops on an error. A damaged
 * one hinders no other: it is given with its label alone, `cert` NULL. */
enum err token_each(const char *folder, enum err (*each)(void *ctx, const struct token_info *info),
	void *ctx, struct fail *why) MUST_USE;

/* Unlocks: a keystore whose only key is named like the token. It only signs. ERR_PIN with "N
 * attempts left" in *why, ERR_LOCKED when there are none; ERR_ARG, at no cost, for a PIN that is
 * too short or too long. *attempts_left (may be NULL) is set in every case, to 0 when it cannot be
 * known. */
enum err token_open(struct keystore **out, const char *folder, const char *label, const char *pin,
	int *attempts_left, struct fail *why) MUST_USE;

/* Seals the key anew under another PIN; one try, as token_open. A kill leaves one of the two PINs.
 * Older copies of the file keep the old one. */
enum err token_set_pin(const char *folder, const char *label, const char *pin, const char *new_pin,
	int *attempts_left, struct fail *why) MUST_USE;

#endif
