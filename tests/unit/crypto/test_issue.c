/* SPDX-License-Identifier: BSD-2-Clause */
#include "fixture.h"

#include "crypto/issue.h"
#include "crypto/keystore.h"
#include "crypto/ossl.h"

#include <openssl/x509v3.h>

/* 2026-06-01 00:00:00 UTC */
#define NOW      1780272000
#define DAY      86400
#define FIVE_YRS (1825LL * DAY)

struct office {
	char *folder;
	struct signer *signer;
	struct buf spki;
	struct cert *capf;
};

static void issue(struct office *o, const struct issue_request *r, struct cert **out)
{
	struct fail why = {0};

	assert_int_equal(issue_now(out, r, o->signer, "rsa", &why), ERR_OK);
	assert_string_equal(why.text, "");
}

static struct issue_request request(const struct office *o, enum issue_kind kind, const char *cn)
{
	return (struct issue_request){
		.kind = kind,
		.subject = {.cn = cn,
			.ou = "TAC",
			.o = "Cisco",
			.l = "RTP",
			.st = "North Carolina",
			.c = "US"},
		.spki = buf_span(&o->spki),
		.digest = DIGEST_SHA256,
		.not_before = NOW,
		.not_after = NOW + FIVE_YRS,
		.issuer_is_rsa = true,
	};
}

static int open_office(void **state)
{
	struct office *o = calloc(1, sizeof(*o));
	struct key *k = fixture_key();
	struct issue_request r;
	struct keystore *ks;

	o->folder = fixture_folder();
	fixture_copy("rsa.key", o->folder);
	assert_int_equal(keystore_file_new(&ks, o->folder, NULL), ERR_OK);
	assert_int_equal(signer_new(&o->signer, ks, executor_inline()), ERR_OK);
	assert_int_equal(key_public_der(k, &o->spki), ERR_OK);
	key_free(k);
	r = request(o, ISSUE_CAPF, "CAPF-9c4cba7d");
	issue(o, &r, &o->capf);
	*state = o;
	return 0;
}

static int close_office(void **state)
{
	struct office *o = *state;

	cert_free(o->capf);
	signer_free(o->signer);
	buf_fini(&o->spki);
	fixture_remove(o->folder);
	free(o);
	return 0;
}

static X509 *parse(const struct cert *c)
{
	const unsigned char *at = cert_der(c).ptr;
	X509 *x = d2i_X509(NULL, &at, (long)cert_der(c).len);

	assert_non_null(x);
	return x;
}

static bool critical(X509 *x, int nid)
{
	int at = X509_get_ext_by_NID(x, nid, -1);

	assert_true(at >= 0);
	return X509_EXTENSION_get_critical(X509_get_ext(x, at)) == 1;
}

static bool has_eku(X509 *x, int nid)
{
	EXTENDED_KEY_USAGE *list = X509_get_ext_d2i(x, NID_ext_key_usage, NULL, NULL);
	bool found = false;
	int i;

	for (i = 0; list && i < sk_ASN1_OBJECT_num(list); i++)
		found |= OBJ_obj2nid(sk_ASN1_OBJECT_value(list, i)) == nid;
	EXTENDED_KEY_USAGE_free(list);
	return found;
}

/* As `openssl verify -CAfile <ca> -purpose <purpose> <cert>` does at that time. */
static void verify(
	const struct cert *ca, const struct cert *c, int purpose, int64_t when, int error)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509_STORE *store = X509_STORE_new();
	X509 *root = parse(ca), *leaf = parse(c);

	assert_int_equal(X509_STORE_add_cert(store, root), 1);
	assert_int_equal(X509_STORE_CTX_init(ctx, store, leaf, NULL), 1);
	X509_STORE_CTX_set_time(ctx, 0, (time_t)when);
	if (purpose)
		X509_STORE_CTX_set_purpose(ctx, purpose);
	X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_X509_STRICT);
	X509_verify_cert(ctx);
	assert_int_equal(X509_STORE_CTX_get_error(ctx), error);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	X509_free(root);
	X509_free(leaf);
	ERR_clear_error();
}

static void capf_profile(void **state)
{
	struct office *o = *state;
	X509 *x = parse(o->capf);

	assert_int_equal(X509_get_version(x), 2);
	assert_string_equal(cert_subject(o->capf),
		"CN=CAPF-9c4cba7d;OU=TAC;O=Cisco;L=RTP;ST=North Carolina;C=US");
	assert_string_equal(cert_issuer(o->capf), cert_subject(o->capf));
	assert_true(cert_is_ca(o->capf));
	assert_true(critical(x, NID_basic_constraints));
	assert_int_equal(X509_get_pathlen(x), 0);
	assert_int_equal(X509_get_key_usage(x), KU_DIGITAL_SIGNATURE | KU_KEY_CERT_SIGN);
	assert_true(has_eku(x, NID_server_auth));
	assert_true(has_eku(x, NID_ipsecEndSystem));
	assert_false(has_eku(x, NID_client_auth));
	assert_int_equal(cert_serial(o->capf).len, 16);
	assert_true(cert_serial(o->capf).ptr[0] < 0x80);
	assert_int_equal(cert_not_before(o->capf), NOW);
	assert_int_equal(cert_not_after(o->capf), NOW + FIVE_YRS);
	verify(o->capf, o->capf, X509_PURPOSE_SSL_SERVER, NOW, X509_V_OK);
	X509_free(x);
}

static void lsc_profile(void **state)
{
	struct office *o = *state;
	struct issue_request r = request(o, ISSUE_LSC, "SEP001122334455");
	GENERAL_NAMES *names;
	struct cert *c = NULL;
	X509 *x, *ca;

	r.issuer = o->capf;
	r.san_uri = "SEP001122334455";
	r.not_after = NOW + 2 * FIVE_YRS;
	issue(o, &r, &c);
	x = parse(c);
	ca = parse(o->capf);
	assert_false(cert_is_ca(c));
	assert_true(critical(x, NID_basic_constraints));
	assert_true(critical(x, NID_key_usage));
	assert_int_equal(X509_get_key_usage(x), KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT);
	assert_true(has_eku(x, NID_server_auth));
	assert_true(has_eku(x, NID_client_auth));
	assert_true(has_eku(x, NID_ipsecEndSystem));
	names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	assert_int_equal(sk_GENERAL_NAME_num(names), 1);
	assert_int_equal(sk_GENERAL_NAME_value(names, 0)->type, GEN_URI);
	GENERAL_NAMES_free(names);
	assert_string_equal(cert_common_name(c), "SEP001122334455");
	assert_string_equal(cert_issuer(c), cert_subject(o->capf));
	/* Cut at the issuer's end. */
	assert_int_equal(cert_not_after(c), NOW + FIVE_YRS);
	assert_int_equal(X509_check_issued(ca, x), X509_V_OK);
	verify(o->capf, c, 0, NOW, X509_V_OK);
	verify(o->capf, c, X509_PURPOSE_SSL_SERVER, NOW, X509_V_OK);
	/* The library holds the extended usage of an authority against what it issued; CAPF's is as
	 * the original's, so a listener that takes LSCs must not ask for this purpose. */
	verify(o->capf, c, X509_PURPOSE_SSL_CLIENT, NOW, X509_V_ERR_INVALID_PURPOSE);
	verify(o->capf, c, 0, NOW + FIVE_YRS + 1, X509_V_ERR_CERT_HAS_EXPIRED);
	assert_int_equal(cert_check_signed_by(c, o->capf, NULL), ERR_OK);
	X509_free(x);
	X509_free(ca);
	cert_free(c);
}

static void self_signed_profiles(void **state)
{
	struct office *o = *state;
	struct issue_request r = request(o, ISSUE_CALLMANAGER, "publisher");
	struct cert *c = NULL;
	X509 *x;

	r.digest = DIGEST_SHA1;
	issue(o, &r, &c);
	x = parse(c);
	assert_int_equal(X509_get_key_usage(x),
		KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT | KU_DATA_ENCIPHERMENT);
	assert_true(has_eku(x, NID_server_auth));
	assert_true(has_eku(x, NID_client_auth));
	assert_false(has_eku(x, NID_ipsecEndSystem));
	assert_int_equal(X509_get_signature_nid(x), NID_sha1WithRSAEncryption);
	assert_false(cert_is_ca(c));
	verify(c, c, X509_PURPOSE_SSL_SERVER, NOW, X509_V_OK);
	X509_free(x);
	cert_free(c);

	r = request(o, ISSUE_SAST, "SAST-ADN4e31f914");
	issue(o, &r, &c);
	x = parse(c);
	assert_int_equal(X509_get_key_usage(x), KU_DIGITAL_SIGNATURE);
	assert_int_equal(X509_get_ext_by_NID(x, NID_ext_key_usage, -1), -1);
	assert_int_equal(X509_get_signature_nid(x), NID_sha256WithRSAEncryption);
	verify(c, c, 0, NOW, X509_V_OK);
	X509_free(x);
	cert_free(c);
}

/* The issuer's name goes over byte by byte, whatever its order and string types. */
static void issuer_name_is_copied(void **state)
{
	struct office *o = *state;
	struct cert *ca = fixture_cert("rsa-other-order.pem"), *c = NULL;
	struct issue_request r = request(o, ISSUE_LSC, "SEP001122334455");
	X509 *x, *issuer = parse(ca);
	const unsigned char *a, *b;
	size_t a_len, b_len;

	r.issuer = ca;
	r.not_before = cert_not_before(ca);
	r.not_after = cert_not_after(ca);
	issue(o, &r, &c);
	x = parse(c);
	assert_int_equal(X509_NAME_get0_der(X509_get_issuer_name(x), &a, &a_len), 1);
	assert_int_equal(X509_NAME_get0_der(X509_get_subject_name(issuer), &b, &b_len), 1);
	assert_true(span_eq(span_of(a, a_len), span_of(b, b_len)));
	X509_free(x);
	X509_free(issuer);
	cert_free(c);
	cert_free(ca);
}

static void signed_bytes_are_in_the_certificate(void **state)
{
	struct office *o = *state;
	struct issue_request r = request(o, ISSUE_SAST, "SAST-ADN4e31f914");
	struct buf tbs = {0}, sig = {0};
	struct cert *c = NULL;
	struct span piece;

	assert_int_equal(issue_tbs(&r, &tbs, NULL), ERR_OK);
	piece = buf_span(&tbs);
	assert_int_equal(
		signer_sign_now(o->signer, "rsa", DIGEST_SHA256, &piece, 1, &sig, NULL), ERR_OK);
	assert_int_equal(issue_assemble(&c, &r, piece, buf_span(&sig), NULL), ERR_OK);
	assert_non_null(memmem(cert_der(c).ptr, cert_der(c).len, tbs.data, tbs.len));
	assert_true(span_eq(cert_signature(c), buf_span(&sig)));
	cert_free(c);
	/* Another key's signature never becomes a certificate. */
	c = NULL;
	sig.data[5] ^= 1;
	assert_int_equal(issue_assemble(&c, &r, piece, buf_span(&sig), NULL), ERR_VERIFY);
	assert_null(c);
	buf_fini(&tbs);
	buf_fini(&sig);
}

static void serials_differ(void **state)
{
	struct office *o = *state;
	struct issue_request r = request(o, ISSUE_SAST, "SAST-1");
	struct cert *a = NULL, *b = NULL;

	issue(o, &r, &a);
	issue(o, &r, &b);
	assert_false(span_eq(cert_serial(a), cert_serial(b)));
	cert_free(a);
	cert_free(b);
}

static void elliptic_issuer(void **state)
{
	struct office *o = *state;
	struct issue_request r = request(o, ISSUE_CAPF, "CAPF-ec");
	struct buf tbs = {0}, sig = {0}, spki = {0};
	struct cert *c = NULL;
	struct key *k = NULL;
	struct span piece;
	int i;

	assert_int_equal(key_generate(&k, KEY_EC, 256, NULL), ERR_OK);
	assert_int_equal(key_public_der(k, &spki), ERR_OK);
	r.spki = buf_span(&spki);
	r.issuer_is_rsa = false;
	for (i = 0; i < 2; i++) {
		r.digest = i ? DIGEST_SHA1 : DIGEST_SHA256;
		buf_clear(&tbs);
		buf_clear(&sig);
		assert_int_equal(issue_tbs(&r, &tbs, NULL), ERR_OK);
		piece = buf_span(&tbs);
		assert_int_equal(key_sign(k, r.digest, &piece, 1, &sig), ERR_OK);
		assert_int_equal(issue_assemble(&c, &r, piece, buf_span(&sig), NULL), ERR_OK);
		cert_free(c);
	}
	key_free(k);
	buf_fini(&tbs);
	buf_fini(&sig);
	buf_fini(&spki);
}

static void refuse(const struct issue_request *r, enum err expected, const char *text)
{
	struct buf tbs = {0};
	struct fail why = {0};

	assert_int_equal(issue_tbs(r, &tbs, &why), expected);
	assert_int_equal(why.code, expected);
	assert_non_null(strstr(why.text, text));
	assert_int_equal(tbs.len, 0);
	buf_fini(&tbs);
}

static void bad_requests(void **state)
{
	struct office *o = *state;
	struct issue_request good = request(o, ISSUE_LSC, "SEP001122334455"), r = good;
	char name[100];

	memset(name, 'a', sizeof(name));
	name[99] = '\0';
	r.subject.cn = name;
	refuse(&r, ERR_ARG, "CN=aaa");
	r = good;
	r.subject.c = "USA";
	refuse(&r, ERR_ARG, "C=USA");
	r = good;
	r.subject = (struct issue_name){0};
	refuse(&r, ERR_ARG, "subject");
	r = good;
	r.digest = DIGEST_SHA512;
	refuse(&r, ERR_UNSUPPORTED, "SHA-1");
	r = good;
	r.spki = span_of(o->spki.data, o->spki.len - 1);
	refuse(&r, ERR_FORMAT, "public key");
	r.spki = span_of(NULL, 0);
	refuse(&r, ERR_FORMAT, "public key");
	r = good;
	r.san_uri = "a b";
	refuse(&r, ERR_ARG, "URI");
	r = good;
	r.not_after = NOW - 1;
	refuse(&r, ERR_ARG, "validity");
	r = good;
	r.issuer = o->capf;
	r.not_before = NOW + FIVE_YRS + 1;
	r.not_after = NOW + 2 * FIVE_YRS;
	refuse(&r, ERR_ARG, "issuer's end");
}

static void allocations_can_fail(void **state)
{
	struct office *o = *state;
	struct issue_request r = request(o, ISSUE_LSC, "SEP001122334455");
	enum err err = ERR_NOMEM;
	struct cert *c = NULL;
	struct fail why;
	size_t n;

	r.issuer = o->capf;
	for (n = 1; err && n < 1000; n++) {
		fail_clear(&why);
		mem_fail_from(n);
		err = issue_now(&c, &r, o->signer, "rsa", &why);
		mem_fail_from(0);
		if (err) {
			assert_int_equal(err, ERR_NOMEM);
			assert_int_equal(why.code, err);
			assert_null(c);
		}
	}
	assert_true(n > 10);
	assert_int_equal(err, ERR_OK);
	cert_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capf_profile),
		cmocka_unit_test(lsc_profile),
		cmocka_unit_test(self_signed_profiles),
		cmocka_unit_test(issuer_name_is_copied),
		cmocka_unit_test(signed_bytes_are_in_the_certificate),
		cmocka_unit_test(serials_differ),
		cmocka_unit_test(elliptic_issuer),
		cmocka_unit_test(bad_requests),
		cmocka_unit_test(allocations_can_fail),
	};

	return cmocka_run_group_tests_name("crypto/issue", tests, open_office, close_office);
}
