/* SPDX-License-Identifier: BSD-2-Clause
 * RSA public keys as certificates hold them, for who needs nothing else of thousands of
 * certificates: reading one whole takes longer than encrypting to it. */
#ifndef CRYPTO_RSA_PUBLIC_H
#define CRYPTO_RSA_PUBLIC_H

#include "base/buf.h"

#include <stdbool.h>

/* The key in a certificate's DER, PKCS #1 RSAPublicKey as cert_list_key gives it; borrowed. False
 * for another kind of key, and for what is no certificate. Nothing is checked besides: the
 * certificate was, when it was recorded. spec: RFC 5280 4.1 */
bool rsa_public_find(struct span cert_der, struct span *key);
/* Of its modulus; 0 for what is none. */
unsigned rsa_public_bits(struct span key);
/* RSAES-PKCS1-v1_5, appended. ERR_CRYPTO for a text that is too long, or what is no key. */
enum err rsa_public_encrypt(
	struct span key, struct span plain, struct buf *sealed, struct fail *why) MUST_USE;

#endif
