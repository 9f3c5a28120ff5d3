/* SPDX-License-Identifier: BSD-2-Clause
 * Configuration files as a phone takes them: plain, signed, signed and encrypted.
 * spec: docs/formats/signed-file.md, docs/formats/encrypted-file.md */
#ifndef SIM_CONFIG_H
#define SIM_CONFIG_H

#include "crypto/key.h"
#include "sim/trust.h"
#include "wire/cnfxml/cnfxml.h"

/* Judges and opens a file that came under `name`, by the name's ending: ".enc.sgn" is verified and
 * decrypted with the phone's key, ".sgn" verified, anything else taken as it is. On success `xml`
 * (empty before) holds the clear text, *config what it says, *header_length the signed header's
 * size (0 for a plain file). ERR_TRUST, ERR_VERIFY, ERR_UNSUPPORTED, ERR_EXPIRED: refused;
 * ERR_CRYPTO: not for our key or damaged; ERR_FORMAT and the like: cannot be read.
 * `vouched` is the certificate of a signer whom no held list names but a TVS does; empty: none. */
enum err sim_config_open(const struct sim_judge *judge, const struct sim_held *held,
	struct span vouched, const struct key *key, const char *name, struct span file,
	struct buf *xml, struct cnfxml *config, unsigned *header_length, struct fail *why) MUST_USE;

#endif
