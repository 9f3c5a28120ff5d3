/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_ENROL_PUBLIC_KEY_H
#define CORE_ENROL_PUBLIC_KEY_H

#include "base/buf.h"

#include <stdbool.h>

/* The key that a phone is asked for. */
struct enrol_key {
	bool ec;
	unsigned bits; /* RSA 512 to 4096; EC 256, 384, 521; 0: none */
};

/* Is this SubjectPublicKeyInfo (RFC 3279 2.3.1, RFC 5480 2, DER) such a key, fit to be certified:
 * of RSA an odd modulus of exactly these bits and an odd exponent from 3 to 2^32 - 1; of EC the
 * named curve and an uncompressed point. Nothing left over. Whether the point lies on the curve is
 * for crypto to say, which refuses to issue for one that does not.
 * ERR_UNSUPPORTED for another algorithm or curve, ERR_FORMAT or ERR_SHORT with the place else. */
enum err public_key_check(
	struct span spki, const struct enrol_key *want, struct fail *why) MUST_USE;

#endif
