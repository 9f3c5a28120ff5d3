/* SPDX-License-Identifier: BSD-2-Clause
 * How a phone proves at CAPF that a certificate is its own.
 * spec: docs/formats/capf.md#proof-by-certificate */
#ifndef SIM_PROOF_H
#define SIM_PROOF_H

#include "crypto/key.h"

/* A faulty proof ends in the right hash, or is right all over but for the message signed. */
enum sim_proof_kind { SIM_PROOF_GOOD, SIM_PROOF_WRONG, SIM_PROOF_SHORT_PADDING };

/* Signs device, NUL, DER. `sha1` gets the value of SIGNED_DATA; `sha2`, that of SHA2_SIGNED_DATA,
 * is left empty when the key is too small for it (RSA-512). ERR_CRYPTO. */
enum err sim_proof(struct buf *sha1, struct buf *sha2, const char *device, struct span der,
	const struct key *key, enum sim_proof_kind kind, struct fail *why) MUST_USE;

/* The value of SUDI_DATA: the manufacturer's certificate and the session signed. RSA only:
 * ERR_UNSUPPORTED; ERR_CRYPTO. */
enum err sim_proof_sudi(struct buf *out, uint32_t session, struct span der, const struct key *key,
	struct fail *why) MUST_USE;

#endif
