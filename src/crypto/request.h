/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CRYPTO_REQUEST_H
#define CRYPTO_REQUEST_H

#include "crypto/issue.h"

/* A certificate request (PKCS #10, RFC 2986; DER) made by a registration authority for a key that
 * it does not hold. Subject and extensionRequest (RFC 2985 5.4.2) are those that issue_now would
 * give the certificate by `r`, of whose issuer the place in the subject is taken; the subject key
 * identifier is that of r->spki, the key to be certified. `held` is the key that stands in the
 * request, `key_name` signs it:
 *   held is the signer's own: the request verifies; whoever issues must put r->spki into the
 *     certificate in its place, and finds it by the key identifier;
 *   held is r->spki: what the certificate is to hold, signed by the registration authority, which
 *     answers for it; the request does not verify by the key in it.
 * Appends to *out. Errors as issue_now. */
enum err request_now(struct buf *out, const struct issue_request *r, struct span held,
	struct signer *s, const char *key_name, struct fail *why) MUST_USE;

#endif
