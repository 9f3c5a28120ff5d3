/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_ENROL_PROOF_H
#define CORE_ENROL_PROOF_H

#include "core/enrol/manufacturer.h"
#include "core/enrol/status.h"
#include "core/issue/lsc.h"
#include "wire/capf/capf.h"

/* Whether the certificate's common name is the device's: the name itself, or something that ends in
 * '-' and the name ("CP-7961G-SEP0011215A1AE3"). Without regard to case. */
bool proof_names(const struct cert *c, const char *device);

/* A phone's proof that it holds the key of a certificate: elements CERTIFICATE and SIGNED_DATA,
 * SHA2_SIGNED_DATA or both, of which every one that is there must be good. What a client writes
 * beside the certificate about its kind is not relied on.
 *
 * The signed text holds nothing fresh: whoever has seen a proof can send it again. The session is
 * therefore only as good as the secrecy of earlier ones; see docs/formats/capf.md. */
struct proof {
	bool given; /* there is a certificate and at least one signature */
	int kind;   /* STORE_LSC, STORE_MIC; 0 none that is good */
	struct cert *cert, *issuer;
	char expired[128];          /* of a MIC that is accepted though not valid now */
	enum enrol_outcome outcome; /* ENROL_SUCCESS, or why not */
	struct fail why;
};

/* Fills *p, whose certificates are the caller's to free with proof_fini. The error is our own
 * trouble, no judgement. */
enum err proof_check(struct cluster *c, const char *device, const struct capf_message *m,
	struct proof *p, struct fail *why) MUST_USE;
void proof_fini(struct proof *p);

#endif
