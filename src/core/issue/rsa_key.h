/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_ISSUE_RSA_KEY_H
#define CORE_ISSUE_RSA_KEY_H

#include "base/buf.h"

/* Is this SubjectPublicKeyInfo (RFC 3279 2.3.1, DER) an RSA key of exactly `bits` that may be
 * certified: odd modulus with its top bit set, odd exponent from 3 to 2^32 - 1, nothing left over?
 * ERR_UNSUPPORTED for another algorithm, ERR_FORMAT or ERR_SHORT with the place else. */
enum err rsa_key_check(struct span spki, unsigned bits, struct fail *why) MUST_USE;

#endif
