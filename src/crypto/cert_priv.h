/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CRYPTO_CERT_PRIV_H
#define CRYPTO_CERT_PRIV_H

/* Between cert.c, which answers for a certificate, and cert_read.c, which reads it. */
#include "crypto/ossl.h"

#include <stdatomic.h>

struct cert {
	_Atomic(X509 *) x509; /* made when first wanted, see cert_get_x509 */
	char *subject, *issuer, *common_name;
	struct buf der, serial, list_key, spki, signature;
	int64_t not_before, not_after;
	unsigned key_bits;
	bool key_is_rsa;
};

/* The identifier of a SubjectPublicKeyInfo in DER by RFC 5280 4.2.1.2 (1): SHA-1 of the key's bits.
 * ERR_FORMAT for a key that cannot be read or used. */
enum err public_key_id(struct span spki, uint8_t id[DIGEST_MAX], size_t *len) MUST_USE;

/* Fills `c`, whose `der` is there already. */
enum err cert_read(struct cert *c, struct fail *why) MUST_USE;

#endif
