/* SPDX-License-Identifier: BSD-2-Clause
 * What a recorded TLS connection shows without any key: version, cipher suite, certificates,
 * alerts. TLS 1.0 to 1.2 (RFC 2246, 4346, 5246); of TLS 1.3 only version and suite are visible. */
#ifndef WIRE_CAPTURE_TLS_HELLO_H
#define WIRE_CAPTURE_TLS_HELLO_H

#include "base/buf.h"

#include <stdbool.h>

#define TLS_HELLO_RECORD_MAX    18432u /* bytes of a record: 2^14 + 2048 (RFC 5246, 6.2.3) */
#define TLS_HELLO_HANDSHAKE_MAX 65536u /* bytes of one side's handshake in clear */
#define TLS_HELLO_ALERTS_MAX    8u     /* alerts that are kept */
#define TLS_HELLO_NAME_MAX      40u    /* with NUL */

struct tls_hello_alert {
	bool from_client;
	uint8_t level;       /* 1 warning, 2 fatal */
	uint8_t description; /* RFC 5246, 7.2 */
};

struct tls_hello {
	uint16_t client_version; /* the highest that was offered: 0x0301 is TLS 1.0; 0: no
				    ClientHello */
	uint16_t version;        /* what the server chose; 0: no ServerHello */
	uint16_t cipher;
	char cipher_name[TLS_HELLO_NAME_MAX]; /* as OpenSSL says it: "AES256-SHA"; else "0x1234" */
	bool asked_for_certificate;           /* CertificateRequest was seen */
	bool resumed;                         /* a shortened handshake: no certificates are sent */
	struct buf server_certificate; /* DER of the first, copied; empty when none was sent */
	struct buf client_certificate;
	struct tls_hello_alert alerts[TLS_HELLO_ALERTS_MAX]; /* those in clear */
	size_t alerts_count;
	bool secured[2]; /* ChangeCipherSpec was seen from client, server */
	bool completed;  /* both, and then application data; always false for TLS 1.3 */
};

/* Reads the two byte streams of one connection as far as they go: a stream may end anywhere.
 * ERR_FORMAT with a place like "server, Certificate at byte 97: …" when it is not TLS or
 * contradicts itself, ERR_LIMIT, ERR_NOMEM. The caller calls tls_hello_fini in any case. */
enum err tls_hello_read(struct tls_hello *h, struct span to_server, struct span to_client,
	struct fail *why) MUST_USE;
void tls_hello_fini(struct tls_hello *h);

/* "TLSv1.2"; "none" for 0, "unknown version" otherwise. */
const char *tls_hello_version_name(uint16_t version);
/* "handshake failure" for 40 and so on; "unknown alert" otherwise. */
const char *tls_hello_alert_name(uint8_t description);

#endif
