/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CRYPTO_OSSL_H
#define CRYPTO_OSSL_H

/* Inside src/crypto only: what its files share of the library underneath. */
#include "crypto/cert.h"
#include "crypto/key.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

/* As fail_set with the library's reason appended. Empties the thread's error queue, which would
 * otherwise be taken for the failure of a later TLS call. */
enum err ossl_fail(struct fail *why, enum err code, const char *doing);

/* PKCS #1 RSAPublicKey; NULL for what is none. */
EVP_PKEY *ossl_rsa_from_list(struct span der);

/* With test hooks and where CADEADO_KEYS names a file that counts them: a key of primes found long
 * ago, another one each time. NULL otherwise, for another length, and when all are used up. */
EVP_PKEY *ossl_quick_rsa(unsigned bits);

/* NULL for an unknown algorithm. */
const EVP_MD *ossl_digest(enum digest_alg alg);

/* Refuses to ask: a file that wants a password must not stop a service at a terminal. */
int ossl_no_password(char *out, int size, int writing, void *ctx);

enum err ossl_verify(EVP_PKEY *key, enum digest_alg alg, const struct span *pieces, size_t count,
	struct span signature) MUST_USE;

/* The same object every time, with its key decoded, from any thread; to be read alone, though much
 * of the library takes it without const. NULL when there is no memory for it. */
X509 *cert_get_x509(const struct cert *c);

/* The printed form of a name; *common_name (freed by the caller, may be NULL) is its first CN. */
enum err name_print(
	const X509_NAME *name, char **out, char **common_name, struct fail *why) MUST_USE;

/* The same in the certificate's order, as RFC 4514 writes one attribute, with commas between them.
 */
enum err name_print_rfc4514(const X509_NAME *name, struct buf *out, struct fail *why) MUST_USE;

/* PKCS #8 PEM; a secret. */
enum err key_to_pem(const struct key *k, struct buf *out) MUST_USE;

#endif
