/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_MODEL_H
#define CORE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

/* What each model of phone can do, as far as it is publicly known; what is not certain is set to
 * the side that strands nobody. One row a model. spec: docs/formats/models.md */
enum model_protocol { MODEL_SCCP = 1, MODEL_SIP = 2 }; /* bits */

struct model {
	int type;         /* SCCP device type, by which it registers */
	const char *name; /* "Cisco 7961" */
	unsigned protocols;
	bool mic;              /* has a manufacturer's certificate from the factory */
	unsigned rsa_max;      /* bits of the largest LSC key; 0: takes no LSC */
	bool ec;               /* EC keys, SHA-2 proofs */
	bool itl;              /* holds an ITL and asks TVS */
	bool sha512;           /* checks SHA-512 signatures of files */
	unsigned signer_max;   /* bits of the largest RSA signer that it checks */
	bool encrypted_config; /* opens .enc.sgn files */
	bool http;             /* fetches files over HTTP 6970 */
	bool tls12;            /* speaks TLS 1.2 */
	const char *erase;     /* keys that erase its trust lists */
	const char *update;    /* keys that fetch its LSC; NULL: it takes none */
};

/* The row of a device type; for one that is not there conservative defaults under the name "unknown
 * model", never NULL. */
const struct model *model_of(int type);
bool model_is_known(int type);
/* By name, without regard to case: "Cisco 7961", "7961", "7961G", or the number of the device type.
 * NULL when there is none. */
const struct model *model_find(const char *name);
/* The table, by device type; ends with NULL. */
const struct model *model_at(unsigned index);

#endif
