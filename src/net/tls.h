/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "base/span.h"
#include "base/err.h"

/* Named profiles. modern: TLS 1.2 and later, security level 2. legacy: TLS 1.0, SHA-1, RSA-1024,
 * level 0, for phones that know no better; must be chosen and is logged. phone: what a 79xx of the
 * modern profile offers (exactly TLS 1.2, AES256-SHA:AES128-SHA), for the simulator; clients only.
 * Servers of both profiles prefer forward secrecy, and AES128-SHA where the peer has only RSA key
 * exchange: a phone's connection shows Cipher=AES128-SHA as on the original platform. */
enum tls_profile { TLS_MODERN, TLS_LEGACY, TLS_PHONE };

enum tls_peer_cert { TLS_PEER_NONE, TLS_PEER_OPTIONAL, TLS_PEER_REQUIRED };

struct tls_config {
	enum tls_profile profile;
	bool server;
	struct span cert_der; /* own certificate; empty for none */
	void *native_key;     /* EVP_PKEY * of it (key_get_native); NULL for none */
	enum tls_peer_cert
		peer_cert; /* server: whether to ask for one; the profile's least key size holds
				where one is required. A client always gets one. */
	/* Judges the peer's certificate (its DER) instead of a chain check by the library; ERR_OK
	 * accepts. Other results end the handshake with an alert that fits (ERR_EXPIRED, ERR_TRUST,
	 * …) and are the code of stream_failure. Needed by every client, and by servers that ask
	 * for one. */
	enum err (*verify)(void *ctx, struct span peer_der);
	void *verify_ctx; /* default; a stream may set its own before the handshake */
	bool max_tls12;   /* for captures in which certificates can be read */
};

struct tls; /* one per profile and role, shared by connections of one process, on any thread */
/* ERR_ARG, ERR_FORMAT (certificate), ERR_TLS (the library refuses, e.g. a key too small). The key
 * stays the caller's; the library counts its own use of it. */
enum err tls_new(struct tls **out, const struct tls_config *config, struct fail *why) MUST_USE;
void tls_free(struct tls *t); /* connections and listeners that use it go on */

/* "modern" or "legacy"; ERR_ARG. */
enum err tls_profile_parse(enum tls_profile *out, const char *name) MUST_USE;

/* What this machine's library can do for a profile, in words, for start-up messages. */
const char *tls_library_text(void);

#endif
