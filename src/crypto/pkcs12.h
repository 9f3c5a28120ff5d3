/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CRYPTO_PKCS12_H
#define CRYPTO_PKCS12_H

#include "crypto/cert.h"
#include "crypto/key.h"

/* A key with its certificate under a passphrase (RFC 7292), as other programs read and write it:
 * AES-256 with PBKDF2, MAC over SHA-256. */
#define PKCS12_PASSPHRASE_MIN 8
#define PKCS12_SIZE_MAX       65536u

/* Appends the DER. `name` is shown by programs that import it. ERR_ARG for a passphrase that is too
 * short. The caller wipes `out`. */
enum err pkcs12_write(struct buf *out, const struct key *key, const struct cert *cert,
	const char *name, const char *passphrase, struct fail *why) MUST_USE;

/* Caller frees both. ERR_PIN for a wrong passphrase, ERR_FORMAT, ERR_NOTFOUND without a key or its
 * certificate. */
enum err pkcs12_read(struct key **key, struct cert **cert, struct span der, const char *passphrase,
	struct fail *why) MUST_USE;

#endif
