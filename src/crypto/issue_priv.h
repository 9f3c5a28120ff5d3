/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CRYPTO_ISSUE_PRIV_H
#define CRYPTO_ISSUE_PRIV_H

/* Between issue.c, which makes certificates, and request.c, which asks others for them: both write
 * the same names, extensions and algorithms. */
#include "crypto/issue.h"
#include "crypto/ossl.h"

#define DER_BIT_STRING 0x03
#define DER_SEQUENCE   0x30

void issue_der_head(struct buf *out, uint8_t tag, size_t len);
void issue_der_wrap(struct buf *out, uint8_t tag, const struct buf *content);

/* AlgorithmIdentifier of the signature. */
struct span issue_algorithm(const struct issue_request *r);
enum err issue_subject(const struct issue_request *r, struct buf *out, struct fail *why) MUST_USE;
/* SEQUENCE OF Extension by the profile; without `issuer` no authority key identifier. */
enum err issue_extensions(
	const struct issue_request *r, const struct cert *issuer, struct buf *out) MUST_USE;
enum err issue_check(const struct issue_request *r, struct fail *why) MUST_USE;

#endif
