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
	const struct cad_list *shared;
	struct cad_span file, broken;
	const struct cad_signing *how;
	unsigned good; /* rounds in which all was as expected */
};

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
	return good;
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
	struct cad_cert *token1 = load_cert("lists/token-1.der");
	EVP_PKEY *key = load_key("lists/token-1.key");
	struct cad_signing how = {
		.signer = token1, .digest = CAD_SHA256, .sign = sign_with, .ctx = key};
	struct cad_span file = load("lists/CTLFile.tlv"),
			broken = load("phone/ctl-a-truncated.tlv");
	struct work works[THREADS];
	pthread_t threads[THREADS];
	unsigned i;

	for (i = 0; i < THREADS; i++) {
		works[i] = (struct work){shared, file, broken, &how, 0};
		assert_int_equal(pthread_create(&threads[i], NULL, work, &works[i]), 0);
	}
	for (i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(works[i].good, ROUNDS);
	}
	unload(file);
	unload(broken);
	EVP_PKEY_free(key);
	cad_cert_free(token1);
	cad_list_free(shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(threads_do_not_disturb_each_other)};

	return cmocka_run_group_tests_name("lib/threads", tests, NULL, NULL);
}
