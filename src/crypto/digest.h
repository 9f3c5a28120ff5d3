/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include "base/buf.h"

/* The numbers 1 to 3 are those of the trust-list header. */
enum digest_alg { DIGEST_SHA1 = 1, DIGEST_SHA256 = 2, DIGEST_SHA512 = 3, DIGEST_MD5 = 100 };
#define DIGEST_MAX 64u

/* Hashes the pieces one after another into out; returns the length in bytes, 0 for an unknown
 * algorithm or a failure of the library. */
size_t digest(
	enum digest_alg alg, const struct span *pieces, size_t count, uint8_t out[DIGEST_MAX]);
size_t digest_one(enum digest_alg alg, struct span bytes, uint8_t out[DIGEST_MAX]);

/* "SHA-1", "SHA-256", "SHA-512" for the number that a header carries; NULL for another. */
const char *digest_word(unsigned code);

/* Lower-case hex of the digest, NUL-terminated; "" on failure. */
void digest_hex(enum digest_alg alg, struct span bytes, char out[2 * DIGEST_MAX + 1]);

/* Cryptographically strong bytes. ERR_CRYPTO. */
enum err random_bytes(void *out, size_t len) MUST_USE;

#endif
