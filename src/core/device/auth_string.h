/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_DEVICE_AUTH_STRING_H
#define CORE_DEVICE_AUTH_STRING_H

#include "core/cluster/cluster.h"

/* Authentication strings: 4 to 10 digits that somebody types on the phone, once.
 *
 * What is kept is Argon2id of the digits (8 MiB, 1 pass), sealed under keys/phone-secrets. So few
 * digits can be guessed from any hash: it is the key outside the store that keeps a stolen store
 * from giving them away, and the hash that makes whoever has both work for each phone. */
#define AUTH_STRING_LEAST   4u
#define AUTH_STRING_MOST    10u
#define AUTH_STRING_DEFAULT 8u

/* Digits only, as many as are allowed. */
bool auth_string_good(const char *digits);

/* So many random digits and NUL. ERR_ARG outside the limits. Wipe them. */
enum err auth_string_draw(
	unsigned digits, char out[AUTH_STRING_MOST + 1], struct fail *why) MUST_USE;

/* For the device's record; "" gives none. */
enum err auth_string_seal(struct cluster *c, const char *device, const char *digits,
	struct store_sealed *out, struct fail *why) MUST_USE;

/* Whether these are the digits. No string: *good is false after as much work. The comparison takes
 * the same time wherever it fails. ERR_VERIFY when it was sealed under another key. */
enum err auth_string_check(struct cluster *c, const char *device, const struct store_sealed *sealed,
	struct span digits, bool *good, struct fail *why) MUST_USE;

#endif
