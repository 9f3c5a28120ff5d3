/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NET_TLS_TRIAL_H
#define NET_TLS_TRIAL_H

#include "net/tls.h"

/* What old phones need of a TLS library, tried with handshakes in memory: distributions switch
 * these off in ways that no version number tells. */
enum tls_feature {
	TLS_FEATURE_TLS10,   /* TLS 1.0: 79xx */
	TLS_FEATURE_AES128,  /* AES128-SHA, with RSA key exchange: the cipher of the platform */
	TLS_FEATURE_NULL,    /* NULL-SHA: integrity without secrecy, authenticated mode */
	TLS_FEATURE_SHA1,    /* a peer that knows only SHA-1 for signatures */
	TLS_FEATURE_RSA1024, /* a client certificate with an RSA key of 1024 bits */
	TLS_FEATURES
};
const char *tls_feature_name(enum tls_feature f); /* "TLS 1.0", "AES128-SHA", … */

struct tls_trial_cert {
	struct span der;  /* borrowed */
	void *native_key; /* EVP_PKEY * of it */
};

struct tls_trial {
	bool library;     /* this OpenSSL can, at its lowest level */
	bool listener;    /* and so does a listener of the profile */
	char reason[128]; /* why not, of the library if it cannot; "" */
};

/* `server` is a certificate of RSA-2048, `small` one of RSA-1024. ERR_UNSUPPORTED without libssl.
 */
enum err tls_try(struct tls_trial out[TLS_FEATURES], enum tls_profile profile,
	const struct tls_trial_cert *server, const struct tls_trial_cert *small,
	struct fail *why) MUST_USE;

#endif
