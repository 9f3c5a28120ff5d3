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

/* Fills `c`, whose `der` is there already. */
enum err cert_read(struct cert *c, struct fail *why) MUST_USE;

#endif
