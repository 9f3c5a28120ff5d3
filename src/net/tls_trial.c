/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/tls_trial.h"

#include "net/tls_priv.h"

#include "base/mem.h"
#include "base/str.h"

#include <openssl/bio.h>
#include <string.h>

#define ROUNDS_MAX 32 /* of messages there and back */

/* All that a client of this kind can do, and nothing else. */
static const struct feature {
	const char *name;
	int version; /* exactly */
	const char *ciphers, *signatures;
	bool shows_small; /* the small certificate */
} features[TLS_FEATURES] = {
	[TLS_FEATURE_TLS10] = {"TLS 1.0", TLS1_VERSION, "AES128-SHA:@SECLEVEL=0", NULL, false},
	[TLS_FEATURE_AES128] = {"AES128-SHA", TLS1_2_VERSION, "AES128-SHA:@SECLEVEL=0", NULL,
		false},
	[TLS_FEATURE_NULL] = {"NULL-SHA", TLS1_2_VERSION, "NULL-SHA:@SECLEVEL=0", NULL, false},
	[TLS_FEATURE_SHA1] = {"SHA-1", TLS1_2_VERSION, "ECDHE-RSA-AES128-SHA:@SECLEVEL=0",
		"RSA+SHA1", false},
	[TLS_FEATURE_RSA1024] = {"RSA-1024", TLS1_2_VERSION, "AES128-SHA:@SECLEVEL=0", NULL, true},
};

const char *tls_feature_name(enum tls_feature f)
{
	return features[f].name;
}

static enum err anybody(void *ctx, struct span peer_der)
{
	return ERR_OK;
}

static int anybody_too(X509_STORE_CTX *store, void *arg)
{
	X509_STORE_CTX_set_error(store, X509_V_OK);
	return 1;
}

static bool show(SSL_CTX *ctx, const struct tls_trial_cert *c)
{
	const unsigned char *at = c->der.ptr;
	X509 *cert = d2i_X509(NULL, &at, (long)c->der.len);
	bool good = cert && SSL_CTX_use_certificate(ctx, cert) == 1 &&
		    SSL_CTX_use_PrivateKey(ctx, c->native_key) == 1;

	X509_free(cert);
	return good;
}

/* A server that takes whatever the library has. */
static SSL_CTX *open_server(const struct tls_trial_cert *cert)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (ctx && SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION) == 1 &&
		SSL_CTX_set_cipher_list(ctx, "ALL:eNULL:@SECLEVEL=0") == 1 && show(ctx, cert)) {
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
		SSL_CTX_set_cert_verify_callback(ctx, anybody_too, NULL);
		return ctx;
	}
	SSL_CTX_free(ctx);
	return NULL;
}

static SSL_CTX *client_of(const struct feature *f, const struct tls_trial_cert *small)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (ctx && SSL_CTX_set_min_proto_version(ctx, f->version) == 1 &&
		SSL_CTX_set_max_proto_version(ctx, f->version) == 1 &&
		SSL_CTX_set_cipher_list(ctx, f->ciphers) == 1 &&
		(!f->signatures || SSL_CTX_set1_sigalgs_list(ctx, f->signatures) == 1) &&
		(!f->shows_small || show(ctx, small))) {
		SSL_CTX_set_cert_verify_callback(ctx, anybody_too, NULL);
		return ctx;
	}
	SSL_CTX_free(ctx);
	return NULL;
}

/* One step of one side: 1 done, 0 goes on, -1 failed. */
static int step(SSL *ssl)
{
	int result = SSL_do_handshake(ssl), what;

	if (result == 1)
		return 1;
	what = SSL_get_error(ssl, result);
	return what == SSL_ERROR_WANT_READ || what == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

static bool shake_hands(SSL *server, SSL *client)
{
	int i, here = 0, there = 0;

	for (i = 0; i < ROUNDS_MAX && here >= 0 && there >= 0 && (!here || !there); i++) {
		there = step(client);
		here = step(server);
	}
	return here == 1 && there == 1;
}

static bool attempt(
	SSL_CTX *server_ctx, SSL_CTX *client_ctx, struct tls_peer *peer, struct fail *why)
{
	SSL *server = server_ctx ? SSL_new(server_ctx) : NULL;
	SSL *client = client_ctx ? SSL_new(client_ctx) : NULL;
	BIO *here = NULL, *there = NULL;
	bool works = false;

	if (server && client && BIO_new_bio_pair(&here, 0, &there, 0) == 1) {
		SSL_set_bio(server, here, here);
		SSL_set_bio(client, there, there);
		SSL_set_app_data(server, peer);
		SSL_set_accept_state(server);
		SSL_set_connect_state(client);
		works = shake_hands(server, client);
	}
	if (!works)
		tls_fail(why, peer, "handshake");
	ERR_clear_error();
	SSL_free(client);
	SSL_free(server);
	return works;
}

static void try_one(struct tls_trial *out, const struct feature *f, SSL_CTX *open, struct tls *own,
	const struct tls_trial_cert *small)
{
	SSL_CTX *client = client_of(f, small);
	struct tls_peer peer = {.tls = own};
	struct fail why = {0};

	out->library = attempt(open, client, NULL, &why);
	if (out->library)
		out->listener = attempt(own->ctx, client, &peer, &why);
	if (!out->library || !out->listener)
		str_copy(out->reason, sizeof(out->reason), why.text);
	mem_free(peer.der);
	SSL_CTX_free(client);
	ERR_clear_error();
}

enum err tls_try(struct tls_trial out[TLS_FEATURES], enum tls_profile profile,
	const struct tls_trial_cert *server, const struct tls_trial_cert *small, struct fail *why)
{
	struct tls_config config = {.profile = profile,
		.server = true,
		.cert_der = server->der,
		.native_key = server->native_key,
		.verify = anybody};
	SSL_CTX *open = NULL;
	enum err err = ERR_OK;
	size_t i;

	memset(out, 0, TLS_FEATURES * sizeof(out[0]));
	for (i = 0; i < TLS_FEATURES && !err; i++) {
		struct tls *own = NULL;

		/* How small a key may be is a matter of listeners that need a certificate. */
		config.peer_cert = features[i].shows_small ? TLS_PEER_REQUIRED : TLS_PEER_OPTIONAL;
		err = tls_new(&own, &config, why); /* loads libssl, too */
		if (!err && !open)
			open = open_server(server);
		if (!err)
			try_one(&out[i], &features[i], open, own, small);
		tls_free(own);
	}
	if (open)
		SSL_CTX_free(open);
	return err;
}
