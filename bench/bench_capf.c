/* SPDX-License-Identifier: BSD-2-Clause
 * bench_capf ROUNDS: the work of an enrolment that cannot be avoided, with OpenSSL alone and in
 * memory: the server's part of a TLS handshake (certificate on the server only), and a certificate
 * made from a bare public key: decoded, built, signed, encoded. RSA-2048 everywhere. Prints the
 * median processor time of each in microseconds. */
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS_MAX 10000

static double used_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void must(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "bench_capf: %s\n", what);
	exit(2);
}

static X509_NAME *name_of(const char *cn)
{
	X509_NAME *n = X509_NAME_new();

	must(n &&
			X509_NAME_add_entry_by_txt(
				n, "CN", MBSTRING_ASC, (const uint8_t *)cn, -1, -1, 0) &&
			X509_NAME_add_entry_by_txt(
				n, "OU", MBSTRING_ASC, (const uint8_t *)"Cadeado", -1, -1, 0) &&
			X509_NAME_add_entry_by_txt(
				n, "O", MBSTRING_ASC, (const uint8_t *)"Cadeado", -1, -1, 0),
		"name");
	return n;
}

struct issuer {
	EVP_PKEY *key;
	X509_NAME *name;
	X509_EXTENSION *constraints, *usage, *purposes; /* the same in each */
};

/* The certificate's DER; the caller frees it. */
static size_t issue(
	const struct issuer *from, const uint8_t *spki, size_t len, const char *cn, uint8_t **der)
{
	X509 *c = X509_new();
	EVP_PKEY *subject = d2i_PUBKEY(NULL, &spki, (long)len);
	BIGNUM *serial = BN_new();
	X509_NAME *name = name_of(cn);
	int n;

	must(c && subject && serial && BN_rand(serial, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
			BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(c)) &&
			X509_set_version(c, 2) && X509_set_subject_name(c, name) &&
			X509_set_issuer_name(c, from->name) && X509_set_pubkey(c, subject) &&
			X509_gmtime_adj(X509_getm_notBefore(c), 0) &&
			X509_gmtime_adj(X509_getm_notAfter(c), 1825l * 86400) &&
			X509_add_ext(c, from->constraints, -1) &&
			X509_add_ext(c, from->usage, -1) && X509_add_ext(c, from->purposes, -1),
		"build");
	must(X509_sign(c, from->key, EVP_sha256()), "sign");
	*der = NULL;
	n = i2d_X509(c, der);
	must(n > 0, "encode");
	X509_NAME_free(name);
	BN_free(serial);
	EVP_PKEY_free(subject);
	X509_free(c);
	return (size_t)n;
}

static SSL_CTX *context(const SSL_METHOD *method, const char *ciphers)
{
	SSL_CTX *ctx = SSL_CTX_new(method);

	must(ctx && SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION) &&
			SSL_CTX_set_cipher_list(ctx, ciphers),
		"TLS");
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
	return ctx;
}

/* Processor time of the server's part. */
static double handshake(SSL_CTX *server_ctx, SSL_CTX *client_ctx)
{
	BIO *a = NULL, *b = NULL;
	double used = 0, before;
	SSL *server, *client = SSL_new(client_ctx);
	int ours = 0, theirs = 0;

	must(client && BIO_new_bio_pair(&a, 16384, &b, 16384), "pair");
	SSL_set_bio(client, b, b);
	before = used_us();
	server = SSL_new(server_ctx);
	must(server != NULL, "TLS");
	SSL_set_bio(server, a, a);
	used += used_us() - before;
	while (ours != 1 || theirs != 1) {
		theirs = SSL_connect(client);
		before = used_us();
		ours = SSL_accept(server);
		used += used_us() - before;
	}
	SSL_free(client);
	before = used_us();
	SSL_free(server);
	return used + used_us() - before;
}

static int by_size(const void *a, const void *b)
{
	return *(const double *)a < *(const double *)b ? -1
						       : *(const double *)a > *(const double *)b;
}

int main(int argc, char **argv)
{
	const char *ciphers = argc > 2 ? "ECDHE+AESGCM" : "AES256-SHA:AES128-SHA";
	static double shakes[ROUNDS_MAX], issues[ROUNDS_MAX];
	struct issuer from = {.key = EVP_RSA_gen(2048), .name = name_of("CAPF-01234567")};
	EVP_PKEY *phone = EVP_RSA_gen(2048);
	SSL_CTX *server = context(TLS_server_method(), ciphers);
	SSL_CTX *client = context(TLS_client_method(), ciphers);
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 0, len;
	uint8_t *spki = NULL, *der;
	const uint8_t *at;
	X509 *own;
	X509V3_CTX x;

	must(rounds > 0 && rounds <= ROUNDS_MAX && from.key && phone,
		"usage: bench_capf ROUNDS [modern]");
	X509V3_set_ctx_nodb(&x);
	X509V3_set_ctx(&x, NULL, NULL, NULL, NULL, 0);
	from.constraints =
		X509V3_EXT_conf_nid(NULL, &x, NID_basic_constraints, "critical,CA:FALSE");
	from.usage = X509V3_EXT_conf_nid(
		NULL, &x, NID_key_usage, "critical,digitalSignature,keyEncipherment");
	from.purposes = X509V3_EXT_conf_nid(
		NULL, &x, NID_ext_key_usage, "serverAuth,clientAuth,1.3.6.1.5.5.7.3.5");
	len = (size_t)i2d_PUBKEY(from.key, &spki);
	at = der = NULL;
	len = issue(&from, spki, len, "CAPF-01234567", &der);
	at = der;
	own = d2i_X509(NULL, &at, (long)len);
	must(own && SSL_CTX_use_certificate(server, own) &&
			SSL_CTX_use_PrivateKey(server, from.key),
		"own");
	OPENSSL_free(der);
	OPENSSL_free(spki);
	spki = NULL;
	len = (size_t)i2d_PUBKEY(phone, &spki);
	for (size_t i = 0; i < rounds; i++) {
		double before;

		shakes[i] = handshake(server, client);
		before = used_us();
		(void)issue(&from, spki, len, "SEP0011215A1AE3", &der);
		issues[i] = used_us() - before;
		OPENSSL_free(der);
	}
	qsort(shakes, rounds, sizeof(double), by_size);
	qsort(issues, rounds, sizeof(double), by_size);
	printf("%.1f %.1f\n", shakes[rounds / 2], issues[rounds / 2]);
	return 0;
}
