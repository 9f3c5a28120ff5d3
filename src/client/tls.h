/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLIENT_TLS_H
#define CLIENT_TLS_H

#include "base/buf.h"

#include <stdbool.h>

/* Shakes hands once without a certificate of its own and reports what the server showed; nothing is
 * judged. A server that demands a certificate ends the handshake after showing its own: then
 * `completed` is false and the rest is filled. ERR_CLOSED, ERR_TIMEOUT, ERR_IO when nothing came.
 */
struct client_tls_seen {
	struct buf cert_der;
	char cipher[64], version[16];
	bool completed;
	char refusal[128]; /* the alert, in words, when not completed */
};
enum err client_tls_probe(const char *address, int port, int64_t timeout_us,
	struct client_tls_seen *out, struct fail *why) MUST_USE;
void client_tls_seen_fini(struct client_tls_seen *s);

#endif
