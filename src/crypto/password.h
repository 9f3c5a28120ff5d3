/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CRYPTO_PASSWORD_H
#define CRYPTO_PASSWORD_H

#include "base/err.h"
#include "base/span.h"

/* What people can remember, made expensive to guess: Argon2id version 1.3 (RFC 9106). */

/* What one guess costs: memory, passes over it, and lanes. */
struct kdf_cost {
	unsigned memory_kib; /* 8 for each lane .. 1,048,576 */
	unsigned passes;     /* 1..64 */
	unsigned lanes;      /* 1..4 */
};

/* 64 MiB, 3 passes, 1 lane: for what is opened rarely (tokens, backups). */
struct kdf_cost kdf_cost_default(void);

/* 8 MiB, 1 pass: for the few digits of an authentication string, of which thousands are made at
 * once, and which no cost could protect alone. */
struct kdf_cost kdf_cost_digits(void);

/* Within the limits above, so that a hostile file cannot take all memory or time of the machine. */
bool kdf_cost_good(const struct kdf_cost *cost);

#define PASSWORD_MAX  256u /* bytes of a password, passphrase or PIN */
#define PASSWORD_SALT 16u
#define PASSWORD_KEY  32u /* AES-256 */

/* A key from a passphrase, for crypto/seal.h. Draw a fresh salt for each file. ERR_ARG for a cost
 * outside the limits or a passphrase longer than PASSWORD_MAX; ERR_NOMEM, ERR_CRYPTO. Wipe the key
 * after use. */
enum err password_key(struct span passphrase, const uint8_t salt[PASSWORD_SALT],
	const struct kdf_cost *cost, uint8_t key[PASSWORD_KEY]) MUST_USE;

/* An account's password as text, "$argon2id$v=19$m=32768,t=2,p=1$<salt>$<hash>" (the PHC string
 * format), and NUL. About 50 ms: not on an event loop. */
#define PASSWORD_TEXT 128u
enum err password_hash(struct span password, char out[PASSWORD_TEXT], struct fail *why) MUST_USE;
/* The same at a cost of the caller's. ERR_ARG for one outside the limits. */
enum err password_hash_at(struct span password, const struct kdf_cost *cost,
	char out[PASSWORD_TEXT], struct fail *why) MUST_USE;

/* Whether this is the password. The comparison takes the same time wherever it fails. `text` NULL
 * (an unknown user): *good is false after the time that a hash takes. ERR_FORMAT for a text that is
 * not of the form above with a salt of 16 and a hash of 32 bytes, or whose cost is outside the
 * limits. */
enum err password_verify(
	const char *text, struct span password, bool *good, struct fail *why) MUST_USE;

#endif
