/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NET_TLS_PRIV_H
#define NET_TLS_PRIV_H

#include "net/ossl.h"
#include "net/tls.h"

#include <stdatomic.h>

/* Inside this folder only. Counted: a connection keeps the settings it began with. */
struct tls {
	atomic_uint users;
	SSL_CTX *ctx;
	bool server;
	int key_bits; /* security bits that a peer's key must have */
	enum err (*verify)(void *ctx, struct span peer_der);
	void *verify_ctx;
};

struct tls *tls_hold(struct tls *t);

/* What one connection adds; SSL_get_app_data gives it. */
struct tls_peer {
	struct tls *tls;
	void *verify_ctx;
	bool own_ctx;    /* verify_ctx was set for this connection */
	enum err judged; /* what verify said */
	const char *reason;
	uint8_t *der;
	size_t der_len;
};

/* Whether an entry of the error queue is an alert that came from the peer. */
bool tls_is_alert(unsigned long e);

/* The text of the oldest error in the thread's queue; the peer's alert as such. */
void tls_fail(struct fail *why, const struct tls_peer *peer, const char *when);

#endif
