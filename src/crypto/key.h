/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CRYPTO_KEY_H
#define CRYPTO_KEY_H

#include "crypto/digest.h"

/* A private key in this process' memory: the phone's own key in the simulator, and what file-backed
 * keystores hold inside. Everything else signs through crypto/signer.h. */
struct key;

enum key_type { KEY_RSA, KEY_EC };

/* bits: RSA 512..4096, EC 256, 384, 521. Slow: not on an event loop. */
enum err key_generate(
	struct key **out, enum key_type type, unsigned bits, struct fail *why) MUST_USE;
void key_free(struct key *k);

/* PKCS #8 DER without encryption: for keystores, which seal or protect it. Wipe it after use. */
enum err key_to_der(const struct key *k, struct buf *out) MUST_USE;
enum err key_from_der(struct key **out, struct span der, struct fail *why) MUST_USE;

/* PEM file of mode 0600 (file_replace, synced). key_load refuses files that others can read. */
enum err key_save_pem(const struct key *k, const char *path, struct fail *why) MUST_USE;
enum err key_load_pem(struct key **out, const char *path, struct fail *why) MUST_USE;

enum key_type key_get_type(const struct key *k);
unsigned key_get_bits(const struct key *k);

/* SubjectPublicKeyInfo DER. */
enum err key_public_der(const struct key *k, struct buf *out) MUST_USE;

/* RSASSA-PKCS1-v1_5 or ECDSA over the pieces. */
enum err key_sign(const struct key *k, enum digest_alg alg, const struct span *pieces, size_t count,
	struct buf *signature) MUST_USE;

/* RSAES-PKCS1-v1_5. A wrong padding gives `want` random bytes instead of an error, so that both
 * failures look alike to a peer (docs/formats/encrypted-file.md). */
enum err key_decrypt(
	const struct key *k, struct span sealed, size_t want, struct buf *plain) MUST_USE;

/* The library's object (EVP_PKEY *) for a TLS listener or client; borrowed. */
void *key_get_native(const struct key *k);

#endif
