/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_DEVICE_RULES_H
#define CORE_DEVICE_RULES_H

#include "core/profile/profile.h"
#include "crypto/digest.h"

#define DEVICE_RULES_PROFILES 8

/* Judges records, one or thousands: profiles are read once. Set `c`, leave the rest zero. */
struct device_rules {
	struct cluster *c;
	bool ahead; /* warn also of what is no matter before the phone is secured */
	struct profile profiles[DEVICE_RULES_PROFILES];
	size_t known, next;
	unsigned signer_bits; /* of the newest key that signs files; 0 not looked at */
	/* How the published CTL is signed; 0 bits: there is none. */
	bool list_looked;
	unsigned list_bits;
	enum digest_alg list_digest;
};

/* Its profile, borrowed until the next call. ERR_NOTFOUND. */
enum err device_rules_profile(struct device_rules *r, const char *name, const struct profile **out,
	struct fail *why) MUST_USE;
/* Whether the phone could go on with this record: profile_check_phone's errors, ERR_NOTFOUND for
 * the profile. Spells the profile's name as the profile does. */
enum err device_rules_check(
	struct device_rules *r, struct store_device *row, struct fail *why) MUST_USE;
/* What works, but not as somebody might think: a sentence each, in lines. */
void device_rules_warn(struct device_rules *r, const struct store_device *row, struct buf *out);

#endif
