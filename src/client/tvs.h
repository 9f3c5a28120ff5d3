/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLIENT_TVS_H
#define CLIENT_TVS_H

#include "base/buf.h"

#include <stdbool.h>

/* Asks a TVS once whether it vouches for a certificate, as a phone would. spec: docs/formats/tvs.md
 */
struct client_tvs_answer {
	bool valid;
	uint8_t roles[32]; /* TLV_ROLE_* */
	size_t role_count;
	uint32_t ttl; /* seconds */
};

/* `tvs_cert` is the certificate that the server must show (DER), as its node told; `cert` is asked
 * about. Blocks for at most `timeout_us`. ERR_TRUST when another server answers, ERR_TIMEOUT,
 * ERR_CLOSED, ERR_IO, ERR_PROTO. */
enum err client_tvs_verify(const char *address, int port, int64_t timeout_us, struct span tvs_cert,
	struct span cert, struct client_tvs_answer *out, struct fail *why) MUST_USE;

#endif
