/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/tls_trial.h"
#include "rig.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <string.h>

static struct tls_trial_cert cert_of(struct rig_cert *c)
{
	return (struct tls_trial_cert){rig_cert_der(c), c->key};
}

static void try_all(struct tls_trial out[TLS_FEATURES], enum tls_profile profile,
	const char *server, const char *small)
{
	struct rig_cert a, b;
	struct tls_trial_cert one, other;

	rig_cert_load(&a, server);
	rig_cert_load(&b, small);
	one = cert_of(&a);
	other = cert_of(&b);
	assert_int_equal(tls_try(out, profile, &one, &other, NULL), ERR_OK);
	rig_cert_free(&a);
	rig_cert_free(&b);
}

static void profiles_differ(void **state)
{
	static const bool modern[TLS_FEATURES] = {[TLS_FEATURE_AES128] = true};
	struct tls_trial t[TLS_FEATURES];
	size_t i;

	try_all(t, TLS_MODERN, "server", "small");
	for (i = 0; i < TLS_FEATURES; i++) {
		assert_true(t[i].library);
		assert_int_equal(t[i].listener, modern[i]);
		assert_int_equal(t[i].reason[0] == '\0', modern[i]);
	}
	assert_non_null(strstr(t[TLS_FEATURE_RSA1024].reason, "too small"));
	try_all(t, TLS_LEGACY, "server", "small");
	for (i = 0; i < TLS_FEATURES; i++) {
		assert_true(t[i].library);
		assert_int_equal(t[i].listener, i != TLS_FEATURE_NULL);
	}
}

/* Says no when it is so: a client without its certificate, and one whose key exchange the server's
 * key cannot do. */
static void what_cannot_be(void **state)
{
	struct tls_trial t[TLS_FEATURES];
	struct tls_trial_cert server, none = {0};
	EVP_PKEY *ec = EVP_EC_gen("P-256");
	struct rig_cert a;

	rig_cert_load(&a, "server");
	server = cert_of(&a);
	assert_int_equal(tls_try(t, TLS_LEGACY, &server, &none, NULL), ERR_OK);
	assert_true(t[TLS_FEATURE_AES128].library);
	assert_false(t[TLS_FEATURE_RSA1024].library);
	assert_false(t[TLS_FEATURE_RSA1024].listener);
	assert_true(t[TLS_FEATURE_RSA1024].reason[0]);
	/* A key that is not the certificate's: no server at all. */
	server.native_key = ec;
	assert_int_not_equal(tls_try(t, TLS_LEGACY, &server, &none, NULL), ERR_OK);
	EVP_PKEY_free(ec);
	rig_cert_free(&a);
}

static void a_small_server(void **state)
{
	struct tls_trial t[TLS_FEATURES];
	struct rig_cert a;
	struct tls_trial_cert server;
	struct fail why = {0};

	rig_cert_load(&a, "small");
	server = cert_of(&a);
	assert_int_equal(tls_try(t, TLS_MODERN, &server, &server, &why), ERR_TLS);
	assert_non_null(strstr(why.text, "own certificate"));
	assert_int_equal(tls_try(t, TLS_LEGACY, &server, &server, NULL), ERR_OK);
	assert_true(t[TLS_FEATURE_TLS10].listener);
	rig_cert_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(profiles_differ),
		cmocka_unit_test(what_cannot_be),
		cmocka_unit_test(a_small_server),
	};

	return cmocka_run_group_tests_name(
		"net/tls_trial", tests, rig_certs_setup, rig_certs_teardown);
}
