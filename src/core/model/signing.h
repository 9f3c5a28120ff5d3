/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_MODEL_SIGNING_H
#define CORE_MODEL_SIGNING_H

#include "core/model/model.h"
#include "crypto/digest.h"
#include "store/store.h"

/* Could every phone of the store check a signature with this digest by an RSA key of `bits`?
 * ERR_TRUST names the first that could not, and how many there are: each of them would refuse
 * every list and file that is signed so. spec: docs/formats/models.md */
enum err model_check_signing(
	struct store *s, unsigned bits, enum digest_alg digest, struct fail *why) MUST_USE;

/* The same of one model. */
bool model_checks_signing(const struct model *m, unsigned bits, enum digest_alg digest);

#endif
