/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CRYPTO_KEYSTORE_H
#define CRYPTO_KEYSTORE_H

#include "crypto/signer.h"

/* Online keys of a node (CallManager, CAPF): <folder>/<name>.key, PEM, mode 0600. Names hold
 * letters, digits, `_` and `-`. Generating never replaces a key: ERR_EXISTS. ERR_DENIED for a file
 * that others may read. The folder is made when it is missing. */
enum err keystore_file_new(struct keystore **out, const char *folder, struct fail *why) MUST_USE;

/* The same file's key for a TLS listener, which libssl uses synchronously. Caller frees. */
enum err keystore_file_tls_key(
	struct key **out, const char *folder, const char *name, struct fail *why) MUST_USE;

/* A keystore without keys: every request is ERR_NOTFOUND. */
struct keystore *keystore_null(void);

#endif
