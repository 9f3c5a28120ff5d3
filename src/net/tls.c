/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "net/tls_priv.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* RSA key exchange stands at the end of the lists, AES128-SHA first: phones that offer
 * "AES256-SHA:AES128-SHA" and nothing else get the cipher that the platform's servers choose. */
#define CIPHERS_NEW "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:AES128-SHA:AES256-SHA"
#define NEVER       ":!aNULL:!eNULL:!EXPORT:!LOW:!RC4:!3DES:!MD5:!PSK:!SRP"

/* A phone does not judge key sizes, hence level 0 in its row. */
static const struct profile {
	const char *name;
	int min, max; /* 0: what the library can do */
	const char *ciphers;
	int key_bits;
} profiles[] = {
	[TLS_MODERN] = {"modern", TLS1_2_VERSION, 0, CIPHERS_NEW NEVER ":@SECLEVEL=2", 112},
	[TLS_LEGACY] = {"legacy", TLS1_VERSION, 0, CIPHERS_NEW ":ALL" NEVER ":@SECLEVEL=0", 0},
	[TLS_PHONE] = {"phone", TLS1_2_VERSION, TLS1_2_VERSION, "AES256-SHA:AES128-SHA:@SECLEVEL=0",
		0},
};

enum err tls_profile_parse(enum tls_profile *out, const char *name)
{
	if (strcmp(name, profiles[TLS_MODERN].name) == 0)
		*out = TLS_MODERN;
	else if (strcmp(name, profiles[TLS_LEGACY].name) == 0)
		*out = TLS_LEGACY;
	else
		return ERR_ARG;
	return ERR_OK;
}

bool tls_is_alert(unsigned long e)
{
	int code = ERR_GET_REASON(e);

	return ERR_GET_LIB(e) == ERR_LIB_SSL && code >= SSL_AD_REASON_OFFSET &&
	       code <= SSL_AD_REASON_OFFSET + UINT8_MAX;
}

void tls_fail(struct fail *why, const struct tls_peer *peer, const char *when)
{
	unsigned long e = ERR_peek_error();
	const char *reason = ERR_reason_error_string(e);

	if (peer && peer->judged)
		fail_set(why, peer->judged, "%s: peer's certificate refused: %s", when,
			peer->reason ? peer->reason : err_text(peer->judged));
	else if (tls_is_alert(e))
		fail_set(why, ERR_TLS, "%s: peer sent alert %s", when,
			SSL_alert_desc_string_long(ERR_GET_REASON(e) - SSL_AD_REASON_OFFSET));
	else
		fail_set(why, ERR_TLS, "%s: %s", when, reason ? reason : "no reason given");
	ERR_clear_error();
}

/* The library turns these into alerts: certificate_expired, unknown_ca, … */
static int verdict_of(enum err judged)
{
	switch (judged) {
	case ERR_OK: return X509_V_OK;
	case ERR_EXPIRED: return X509_V_ERR_CERT_HAS_EXPIRED;
	case ERR_TRUST:
	case ERR_NOTFOUND: return X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
	case ERR_VERIFY: return X509_V_ERR_CERT_SIGNATURE_FAILURE;
	case ERR_UNSUPPORTED: return X509_V_ERR_INVALID_PURPOSE;
	case ERR_NOMEM:
	case ERR_IO:
	case ERR_STORE: return X509_V_ERR_OUT_OF_MEM;
	default: return X509_V_ERR_CERT_REJECTED;
	}
}

static enum err keep_der(struct tls_peer *peer, X509 *cert)
{
	int len = i2d_X509(cert, NULL);
	unsigned char *at;

	if (len <= 0)
		return ERR_FORMAT;
	mem_free(peer->der);
	peer->der_len = 0;
	peer->der = mem_new((size_t)len);
	if (!peer->der)
		return ERR_NOMEM;
	at = peer->der;
	peer->der_len = (size_t)i2d_X509(cert, &at);
	return ERR_OK;
}

static int judge(X509_STORE_CTX *store, void *arg)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_peer *peer = SSL_get_app_data(ssl);
	X509 *cert = X509_STORE_CTX_get0_cert(store);
	struct tls *t = peer->tls;
	EVP_PKEY *key;

	peer->judged = cert ? keep_der(peer, cert) : ERR_FORMAT;
	if (peer->judged)
		goto done;
	/* The library's level binds only its own chain check, which this replaces. */
	key = X509_get0_pubkey(cert);
	if (!key || EVP_PKEY_get_security_bits(key) < t->key_bits) {
		peer->judged = ERR_DENIED;
		peer->reason = "its key is too small for this TLS profile";
		X509_STORE_CTX_set_error(store, X509_V_ERR_EE_KEY_TOO_SMALL);
		return 0;
	}
	peer->judged = t->verify(peer->own_ctx ? peer->verify_ctx : t->verify_ctx,
		span_of(peer->der, peer->der_len));
done:
	X509_STORE_CTX_set_error(store, verdict_of(peer->judged));
	return peer->judged == ERR_OK;
}

static enum err set_versions(SSL_CTX *ctx, const struct tls_config *c, struct fail *why)
{
	const struct profile *p = &profiles[c->profile];
	int max = c->max_tls12 ? TLS1_2_VERSION : p->max;

	if (SSL_CTX_set_min_proto_version(ctx, p->min) != 1 ||
		SSL_CTX_set_max_proto_version(ctx, max) != 1 ||
		SSL_CTX_set_cipher_list(ctx, p->ciphers) != 1) {
		tls_fail(why, NULL, p->name);
		return ERR_TLS;
	}
	return ERR_OK;
}

static enum err set_key(SSL_CTX *ctx, const struct tls_config *c, struct fail *why)
{
	const unsigned char *at = c->cert_der.ptr;
	X509 *cert;
	bool good;

	if (!c->cert_der.len)
		return ERR_OK;
	if (!c->native_key)
		return fail_set(why, ERR_ARG, "own certificate without its key");
	cert = d2i_X509(NULL, &at, (long)c->cert_der.len);
	if (!cert || at != c->cert_der.ptr + c->cert_der.len) {
		X509_free(cert);
		ERR_clear_error();
		return fail_set(why, ERR_FORMAT, "own certificate: not a certificate in DER");
	}
	good = SSL_CTX_use_certificate(ctx, cert) == 1 &&
	       SSL_CTX_use_PrivateKey(ctx, c->native_key) == 1 &&
	       SSL_CTX_check_private_key(ctx) == 1;
	X509_free(cert);
	if (good)
		return ERR_OK;
	tls_fail(why, NULL, "own certificate");
	return ERR_TLS;
}

static void set_options(SSL_CTX *ctx, const struct tls_config *c)
{
	uint64_t options = SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
			   SSL_OP_CIPHER_SERVER_PREFERENCE;

	/* An empty record before each of TLS 1.0 makes phones stall that wait for the header and
	 * the elements of a message in one record. */
	if (c->profile == TLS_LEGACY)
		options |= SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS;
	if (c->profile == TLS_LEGACY && !c->server)
		options |= SSL_OP_LEGACY_SERVER_CONNECT;
	SSL_CTX_set_options(ctx, options);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* Each connection shows its certificate: a resumed one would be judged by old evidence. */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 0);
	/* One read from the socket for a record, and for several: not one for its head, too. What
	 * libssl holds then the stream asks for (stream.more). */
	SSL_CTX_set_read_ahead(ctx, 1);
}

static int verify_mode(const struct tls_config *c)
{
	if (!c->server)
		return SSL_VERIFY_PEER;
	switch (c->peer_cert) {
	case TLS_PEER_NONE: return SSL_VERIFY_NONE;
	case TLS_PEER_OPTIONAL: return SSL_VERIFY_PEER;
	case TLS_PEER_REQUIRED: break;
	}
	return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

enum err tls_new(struct tls **out, const struct tls_config *c, struct fail *why)
{
	struct tls *t;
	enum err err;

	if (c->server && c->profile == TLS_PHONE)
		return fail_set(why, ERR_ARG, "a server has no phone profile");
	if (c->server && !c->cert_der.len)
		return fail_set(why, ERR_ARG, "a TLS server needs a certificate");
	if (!c->verify && verify_mode(c) != SSL_VERIFY_NONE)
		return fail_set(why, ERR_ARG, "nothing to judge the peer's certificate with");
	err = ssl_calls_load(why);
	if (err)
		return err;
	ERR_clear_error();
	t = mem_new(sizeof(*t));
	if (!t)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	atomic_init(&t->users, 1);
	t->server = c->server;
	/* A certificate that is not needed opens nothing: who shows a weak one may as well show
	 * none. */
	t->key_bits =
		c->server && c->peer_cert == TLS_PEER_OPTIONAL ? 0 : profiles[c->profile].key_bits;
	t->verify = c->verify;
	t->verify_ctx = c->verify_ctx;
	t->ctx = SSL_CTX_new(c->server ? TLS_server_method() : TLS_client_method());
	if (!t->ctx) {
		tls_fail(why, NULL, "TLS");
		err = ERR_TLS;
		goto bad;
	}
	set_options(t->ctx, c);
	SSL_CTX_set_verify(t->ctx, verify_mode(c), NULL);
	SSL_CTX_set_cert_verify_callback(t->ctx, judge, NULL);
	err = set_versions(t->ctx, c, why);
	if (!err)
		err = set_key(t->ctx, c, why);
	if (err)
		goto bad;
	*out = t;
	return ERR_OK;
bad:
	tls_free(t);
	return err;
}

struct tls *tls_hold(struct tls *t)
{
	if (t)
		atomic_fetch_add(&t->users, 1);
	return t;
}

void tls_free(struct tls *t)
{
	if (!t || atomic_fetch_sub(&t->users, 1) != 1)
		return;
	SSL_CTX_free(t->ctx);
	mem_free(t);
}

/* Whether this library, as built and configured here, has ciphers for `version` at level 0. */
static bool has_version(int version)
{
	STACK_OF(SSL_CIPHER) *list = NULL;
	SSL_CTX *ctx;
	SSL *ssl = NULL;
	bool has = false;

	if (ssl_calls_load(NULL))
		return false;
	ctx = SSL_CTX_new(TLS_method());
	if (ctx && SSL_CTX_set_cipher_list(ctx, profiles[TLS_LEGACY].ciphers) == 1 &&
		SSL_CTX_set_min_proto_version(ctx, version) == 1 &&
		SSL_CTX_set_max_proto_version(ctx, version) == 1)
		ssl = SSL_new(ctx);
	if (ssl)
		list = SSL_get1_supported_ciphers(ssl);
	has = list && sk_SSL_CIPHER_num(list) > 0;
	sk_SSL_CIPHER_free(list);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	ERR_clear_error();
	return has;
}

static char library_text[256];

static void ask_library(void)
{
	static const struct {
		int version;
		const char *name;
	} asked[] = {{TLS1_VERSION, "1.0"}, {TLS1_1_VERSION, "1.1"}, {TLS1_2_VERSION, "1.2"},
		{TLS1_3_VERSION, "1.3"}};
	char can[64] = "", cannot[64] = "";
	char *to;
	size_t i;

	for (i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		to = has_version(asked[i].version) ? can : cannot;
		if (to[0])
			strcat(to, ", ");
		strcat(to, asked[i].name);
	}
	snprintf(library_text, sizeof(library_text), "%s: TLS %s%s%s",
		OpenSSL_version(OPENSSL_VERSION), can[0] ? can : "none",
		cannot[0] ? "; not TLS " : "", cannot);
}

const char *tls_library_text(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, ask_library);
	return library_text;
}
