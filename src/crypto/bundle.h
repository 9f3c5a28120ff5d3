/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CRYPTO_BUNDLE_H
#define CRYPTO_BUNDLE_H

#include "crypto/cert.h"

/* What authorities hand back: one certificate or several in one file. */
#define BUNDLE_CERTS    64u
#define BUNDLE_SIZE_MAX (256u * 1024)

struct bundle {
	struct cert *certs[BUNDLE_CERTS];
	size_t count;
};

/* All certificates of a PEM text (CERTIFICATE and PKCS7 blocks; what stands between is passed
 * over), of a DER certificate, or of a certs-only PKCS #7 in DER (RFC 5272 4.1). At least one, in
 * the order of the file; no signature is looked at. ERR_LIMIT, ERR_FORMAT. On failure nothing is
 * left in *b. */
enum err bundle_read(struct bundle *b, struct span file, struct fail *why) MUST_USE;
void bundle_fini(struct bundle *b);

/* Bytes of base 64 (RFC 4648 4) that line breaks and blanks may divide. Appends. ERR_FORMAT,
 * ERR_LIMIT above BUNDLE_SIZE_MAX. */
enum err bundle_base64(struct buf *out, struct span text, struct fail *why) MUST_USE;

#endif
