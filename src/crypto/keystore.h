/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CRYPTO_KEYSTORE_H
#define CRYPTO_KEYSTORE_H

#include "crypto/cert.h"
#include "crypto/signer.h"

/* Online keys of a node (CallManager, CAPF): <folder>/<name>.key, PEM, mode 0600. Names hold
 * letters, digits, `_` and `-`. Generating never replaces a key: ERR_EXISTS. ERR_DENIED for a file
 * that others may read. The folder is made when it is missing. */
enum err keystore_file_new(struct keystore **out, const char *folder, struct fail *why) MUST_USE;

/* The same file's key for a TLS listener, which libssl uses synchronously. Caller frees. */
enum err keystore_file_tls_key(
	struct key **out, const char *folder, const char *name, struct fail *why) MUST_USE;

/* One key from a PEM file of mode 0600; it signs under the name that is given here. As
 * key_load_pem. */
enum err keystore_pem_new(
	struct keystore **out, const char *path, const char *name, struct fail *why) MUST_USE;

/* A key on a PKCS #11 token. The module is named by its path and loaded through p11-kit, which
 * itself is loaded by this call; the system's list of modules is not looked at. */
struct p11_request {
	const char *module;      /* path of the shared object */
	const char *token;       /* label of the token */
	const char *pin;         /* of the user */
	const struct cert *cert; /* whose key: found by the certificate beside it or by its modulus;
				    NULL: the only key with a certificate beside it */
};

/* Logs in and finds the key, which then signs (RSA, PKCS #1 v1.5) under the token's label. *cert
 * (may be NULL) becomes the certificate that was found beside the key, or NULL. ERR_PIN, ERR_LOCKED
 * as the token says, ERR_NOTFOUND for a module, token or key that is not there, ERR_UNSUPPORTED
 * without p11-kit. */
enum err keystore_p11_open(struct keystore **out, const struct p11_request *r, struct cert **cert,
	struct fail *why) MUST_USE;

/* A keystore without keys: every request is ERR_NOTFOUND. */
struct keystore *keystore_null(void);

#endif
