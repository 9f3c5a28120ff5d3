/* SPDX-License-Identifier: BSD-2-Clause
 * Two threads at once: over handles of their own, and reading one that they share. The data race
 * detector's build runs this too. */
#include "files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#define THREADS 2
#define ROUNDS  20

struct work {
	const struct cad_list *shared, *other;
	const struct cad_cert *token2, *phone;
	const struct cad_encrypted *encrypted;
	EVP_PKEY *phone_key;
	struct cad_span file, broken;
	const struct cad_signing *how;
	unsigned good; /* rounds in which all was as expected */
};

static void count_finding(void *ctx, const struct cad_finding *finding)
{
	++*(size_t *)ctx;
}

static void count_change(void *ctx, const struct cad_change *change)
{
	++*(size_t *)ctx;
}

static void count_field(void *ctx, const struct cad_field *field)
{
	++*(size_t *)ctx;
}

/* What judges and tells. */
static bool read_all(const struct work *w)
{
	struct cad_real real = {w->phone, "phone.pem"};
	size_t findings = 0, changes = 0, fields = 0;

	return cad_list_check(w->shared, MADE, &real, 1, count_finding, &findings, NULL) ==
		       CAD_OK &&
	       cad_list_diff(w->shared, w->other, count_change, &changes, NULL) == CAD_OK &&
	       cad_explain(w->file.ptr, w->file.len, count_field, &fields, NULL) == CAD_OK &&
	       findings && changes && fields;
}

/* A list of its own, from certificates that all threads share. */
static bool build_one(const struct work *w)
{
	const struct cad_span none = {NULL, 0};
	struct cad_bytes out = {0};
	struct cad_builder *b;
	bool good;

	if (cad_builder_new(&b, CAD_CTL, NULL) != CAD_OK)
		return false;
	good = cad_builder_add(b, CAD_ROLE_SAST, w->how->signer, NULL, none, NULL) == CAD_OK &&
	       cad_builder_add(b, CAD_ROLE_SAST, w->token2, NULL, none, NULL) == CAD_OK &&
	       cad_builder_finish(b, w->how, MADE, &out, NULL) == CAD_OK;
	cad_bytes_free(&out);
	cad_builder_free(b);
	return good;
}

static bool encrypt_and_decrypt(const struct work *w)
{
	static const char xml[] = "<device><capfList/></device>";
	struct cad_bytes sealed = {0}, reduced = {0}, plain = {0};
	bool good = cad_encrypt_file(&sealed, xml, sizeof(xml) - 1, "x.enc.sgn", w->phone, w->how,
			    NULL) == CAD_OK &&
		    cad_reduce_file(&reduced, xml, sizeof(xml) - 1, w->phone, NULL) == CAD_OK &&
		    cad_encrypted_decrypt(w->encrypted, unwrap_with, w->phone_key, &plain, NULL) ==
			    CAD_OK;

	cad_bytes_free(&sealed);
	cad_bytes_free(&reduced);
	cad_bytes_free(&plain);
	return good;
}

static bool one_round(struct work *w)
{
	struct cad_bytes text, made;
	struct cad_list *own = NULL, *bad = NULL;
	struct cad_iter it = {0};
	struct cad_record r;
	struct cad_error e;
	size_t count = 0;
	bool good;

	good = cad_list_verify(w->shared, NULL) == CAD_OK;
	while (cad_list_next(w->shared, &it, &r))
		count += cad_list_is_signer(w->shared, &r);
	good = good && count == 1 && cad_list_show(w->shared, MADE, &text, NULL) == CAD_OK;
	if (good)
		cad_bytes_free(&text);
	good = good && cad_list_parse(&own, w->file.ptr, w->file.len, NULL) == CAD_OK &&
	       cad_list_accepts(w->shared, own, NULL, NULL) == CAD_OK;
	cad_list_free(own);
	good = good && cad_list_parse(&bad, w->broken.ptr, w->broken.len, &e) == CAD_ERR_SHORT &&
	       e.offset == 4850;
	if (good && cad_sign_file(&made, "x", 1, "x.sgn", w->how, NULL) == CAD_OK)
		cad_bytes_free(&made);
	else
		good = false;
	return good && read_all(w) && build_one(w) && encrypt_and_decrypt(w);
}

static void *work(void *arg)
{
	struct work *w = arg;
	unsigned i;

	for (i = 0; i < ROUNDS; i++)
		w->good += one_round(w);
	return NULL;
}

static void threads_do_not_disturb_each_other(void **state)
{
	struct cad_list *shared = load_list("lists/CTLFile.tlv");
	struct cad_list *other = load_list("phone/ctl-a.tlv");
	struct cad_cert *token1 = load_cert("lists/token-1.der");
	struct cad_cert *token2 = load_cert("lists/token-2.der");
	struct cad_cert *phone = load_cert("phone/lsc.der");
	EVP_PKEY *key = load_key("lists/token-1.key"), *phone_key = load_key("phone/lsc-key.der");
	struct cad_signing how = {.signer = token1,
		.digest = CAD_SHA256,
		.timestamp = MADE,
		.sign = sign_with,
		.ctx = key};
	struct cad_span file = load("lists/CTLFile.tlv"),
			broken = load("phone/ctl-a-truncated.tlv"),
			enc = load("phone/config.enc.sgn");
	struct cad_encrypted *encrypted;
	struct work works[THREADS];
	pthread_t threads[THREADS];
	unsigned i;

	assert_int_equal(cad_encrypted_parse(&encrypted, enc.ptr, enc.len, NULL), CAD_OK);
	for (i = 0; i < THREADS; i++) {
		works[i] = (struct work){
			.shared = shared,
			.other = other,
			.token2 = token2,
			.phone = phone,
			.encrypted = encrypted,
			.phone_key = phone_key,
			.file = file,
			.broken = broken,
			.how = &how,
		};
		assert_int_equal(pthread_create(&threads[i], NULL, work, &works[i]), 0);
	}
	for (i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(works[i].good, ROUNDS);
	}
	unload(file);
	unload(broken);
	unload(enc);
	EVP_PKEY_free(key);
	EVP_PKEY_free(phone_key);
	cad_cert_free(token1);
	cad_cert_free(token2);
	cad_cert_free(phone);
	cad_encrypted_free(encrypted);
	cad_list_free(shared);
	cad_list_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(threads_do_not_disturb_each_other)};

	return cmocka_run_group_tests_name("lib/threads", tests, NULL, NULL);
}
