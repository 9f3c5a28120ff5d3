/* SPDX-License-Identifier: BSD-2-Clause */
#include "files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

static struct cad_cert *token1, *token2, *manager, *capf, *lsc;
static EVP_PKEY *token1_key, *lsc_key;
static struct cad_signing by_token1;

static int setup(void **state)
{
	token1 = load_cert("lists/token-1.der");
	token2 = load_cert("lists/token-2.der");
	manager = load_cert("lists/callmanager.der");
	capf = load_cert("lists/capf.der");
	lsc = load_cert("phone/lsc.der");
	token1_key = load_key("lists/token-1.key");
	lsc_key = load_key("phone/lsc-key.der");
	by_token1 = (struct cad_signing){
		.signer = token1,
		.digest = CAD_SHA1,
		.timestamp = MADE,
		.sign = sign_with,
		.ctx = token1_key,
	};
	return 0;
}

static int teardown(void **state)
{
	cad_cert_free(token1);
	cad_cert_free(token2);
	cad_cert_free(manager);
	cad_cert_free(capf);
	cad_cert_free(lsc);
	EVP_PKEY_free(token1_key);
	EVP_PKEY_free(lsc_key);
	return 0;
}

static void add(struct cad_builder *b, unsigned role, const struct cad_cert *cert)
{
	static const uint8_t address[] = {14, 48, 44, 80};
	struct cad_span at = {0};
	const char *name = NULL;

	if (role != CAD_ROLE_SAST) {
		at = (struct cad_span){address, sizeof(address)};
		name = "14.48.44.80";
	}
	assert_int_equal(cad_builder_add(b, role, cert, name, at, NULL), CAD_OK);
}

static struct cad_builder *builder_of(
	enum cad_list_kind kind, const struct cad_cert *first, const struct cad_cert *second)
{
	struct cad_builder *b;

	assert_int_equal(cad_builder_new(&b, kind, NULL), CAD_OK);
	add(b, CAD_ROLE_CAPF, capf);
	if (first)
		add(b, CAD_ROLE_SAST, first);
	if (second)
		add(b, CAD_ROLE_SAST, second);
	add(b, CAD_ROLE_CCM_TFTP, manager);
	return b;
}

static int finish(struct cad_builder *b, const struct cad_signing *how, struct cad_error *e)
{
	struct cad_bytes out = {0};
	int code = cad_builder_finish(b, how, MADE, &out, e);

	assert_true((code == CAD_OK) == (out.ptr != NULL));
	cad_bytes_free(&out);
	cad_builder_free(b);
	return code;
}

static void a_list_is_built_and_read(void **state)
{
	static const unsigned roles[] = {
		CAD_ROLE_SAST, CAD_ROLE_SAST, CAD_ROLE_CCM_TFTP, CAD_ROLE_CAPF};
	struct cad_builder *b = builder_of(CAD_CTL, token1, token2);
	struct cad_bytes first, second;
	struct cad_iter it = {0};
	struct cad_list *list;
	struct cad_record r;
	size_t i;

	assert_int_equal(cad_builder_finish(b, &by_token1, MADE, &first, NULL), CAD_OK);
	assert_int_equal(cad_list_parse(&list, first.ptr, first.len, NULL), CAD_OK);
	assert_int_equal(cad_list_verify(list, NULL), CAD_OK);
	assert_int_equal(cad_list_get_header(list).timestamp, MADE);
	for (i = 0; i < 4; i++) {
		assert_true(cad_list_next(list, &it, &r));
		assert_int_equal(r.role, roles[i]);
	}
	assert_false(cad_list_next(list, &it, &r));
	cad_list_free(list);
	/* The builder is as it was: the same once more, byte for byte. */
	assert_int_equal(cad_builder_finish(b, &by_token1, MADE, &second, NULL), CAD_OK);
	assert_int_equal(first.len, second.len);
	assert_memory_equal(first.ptr, second.ptr, first.len);
	cad_bytes_free(&first);
	cad_bytes_free(&second);
	cad_builder_free(b);
}

static void an_itl_is_built(void **state)
{
	struct cad_builder *b = builder_of(CAD_ITL, token1, NULL);
	struct cad_bytes out;
	struct cad_iter it = {0};
	struct cad_list *list;
	struct cad_record r;

	cad_builder_set_style(b, CAD_STYLE_COMPAT);
	cad_builder_set_style(b, (enum cad_style)99); /* is no style: nothing changes */
	cad_builder_set_signer_version(b, 1, 1);
	assert_int_equal(cad_builder_finish(b, &by_token1, MADE, &out, NULL), CAD_OK);
	assert_int_equal(cad_list_parse(&list, out.ptr, out.len, NULL), CAD_OK);
	assert_int_equal(cad_list_get_kind(list), CAD_ITL);
	assert_true(cad_list_get_header(list).has_signer_version);
	assert_int_equal(cad_list_get_header(list).signer_major, 1);
	assert_int_equal(cad_list_get_header(list).signer_minor, 1);
	while (cad_list_next(list, &it, &r))
		assert_false(r.has & (CAD_HAS(2) | CAD_HAS(10)));
	assert_int_equal(it.number, 3);
	assert_int_equal(cad_list_verify(list, NULL), CAD_OK);
	cad_list_free(list);
	cad_bytes_free(&out);
	cad_builder_free(b);
}

static void what_could_not_work_is_refused(void **state)
{
	struct cad_signing how = by_token1;
	struct cad_span odd = {(const uint8_t *)"12345", 5};
	struct cad_builder *b;
	struct cad_error e;

	assert_int_equal(finish(builder_of(CAD_CTL, token1, NULL), &how, &e), CAD_ERR_ARG);
	assert_non_null(strstr(e.text, "at least 2"));
	b = builder_of(CAD_CTL, token1, NULL);
	cad_builder_allow_one_token(b);
	assert_int_equal(finish(b, &how, &e), CAD_OK);

	b = builder_of(CAD_CTL, token1, token2);
	add(b, CAD_ROLE_CAPF, capf);
	assert_int_equal(finish(b, &how, &e), CAD_ERR_EXISTS);

	b = builder_of(CAD_CTL, token1, token2);
	assert_int_equal(cad_builder_add(b, CAD_ROLE_CCM, manager, "x", odd, &e), CAD_ERR_ARG);
	assert_int_equal(
		cad_builder_add(b, 65536, manager, "x", (struct cad_span){0}, &e), CAD_ERR_ARG);
	cad_builder_set_phones(b, CAD_PHONES_79XX);
	how.digest = CAD_SHA512;
	assert_int_equal(finish(b, &how, &e), CAD_ERR_UNSUPPORTED);

	how = by_token1;
	how.signer = manager;
	assert_int_equal(finish(builder_of(CAD_CTL, token1, token2), &how, &e), CAD_ERR_TRUST);

	how = by_token1;
	b = builder_of(CAD_CTL, token1, token2);
	assert_int_equal(
		cad_builder_finish(b, &how, INT64_C(4102444800), NULL, &e), CAD_ERR_EXPIRED);
	cad_builder_free(b);
}

static int sign_wrongly(void *ctx, enum cad_digest digest, const struct cad_span *pieces,
	size_t count, uint8_t *signature, size_t size)
{
	memset(signature, 0x42, size);
	return CAD_OK;
}

static int do_not_sign(void *ctx, enum cad_digest digest, const struct cad_span *pieces,
	size_t count, uint8_t *signature, size_t size)
{
	return 77;
}

static void a_signature_is_checked_before_it_is_handed_out(void **state)
{
	struct cad_signing how = by_token1;
	struct cad_bytes out = {0};
	struct cad_error e;

	how.sign = sign_wrongly;
	assert_int_equal(finish(builder_of(CAD_CTL, token1, token2), &how, &e), CAD_ERR_VERIFY);
	assert_int_equal(cad_sign_file(&out, "x", 1, "x.sgn", &how, &e), CAD_ERR_VERIFY);
	how.sign = do_not_sign;
	assert_int_equal(finish(builder_of(CAD_CTL, token1, token2), &how, &e), 77);
	assert_int_equal(cad_sign_file(&out, "x", 1, "x.sgn", &how, &e), 77);
	assert_int_equal(e.code, 77);
	assert_null(out.ptr);
}

static void a_signed_file_verifies(void **state)
{
	static const char text[] = "<ring/>";
	struct cad_signing how = by_token1;
	struct cad_signed *s;
	struct cad_bytes out;

	for (how.digest = CAD_SHA1; how.digest <= CAD_SHA512; how.digest++) {
		assert_int_equal(cad_sign_file(&out, text, 7, "ring.sgn", &how, NULL), CAD_OK);
		assert_int_equal(cad_signed_parse(&s, out.ptr, out.len, NULL), CAD_OK);
		assert_int_equal(cad_signed_get_header(s).digest, how.digest);
		assert_int_equal(cad_signed_verify_cert(s, token1, NULL), CAD_OK);
		assert_int_equal(cad_signed_verify_cert(s, token2, NULL), CAD_ERR_TRUST);
		assert_memory_equal(cad_signed_content(s).ptr, text, 7);
		cad_signed_free(s);
		cad_bytes_free(&out);
	}
	how.digest = (enum cad_digest)4;
	assert_int_equal(cad_sign_file(&out, text, 7, "ring.sgn", &how, NULL), CAD_ERR_UNSUPPORTED);
}

static void an_encrypted_file_is_for_one_phone(void **state)
{
	static const char text[] = "<device/>";
	struct cad_bytes first, second, plain;
	struct cad_encrypted *f;
	struct cad_cert *ec;

	assert_int_equal(
		cad_encrypt_file(&first, text, 9, "a.enc.sgn", lsc, &by_token1, NULL), CAD_OK);
	assert_int_equal(
		cad_encrypt_file(&second, text, 9, "a.enc.sgn", lsc, &by_token1, NULL), CAD_OK);
	assert_int_equal(first.len, second.len);
	assert_memory_not_equal(first.ptr, second.ptr, first.len);
	assert_int_equal(cad_encrypted_parse(&f, first.ptr, first.len, NULL), CAD_OK);
	assert_int_equal(cad_encrypted_verify_cert(f, token1, NULL), CAD_OK);
	assert_int_equal(cad_encrypted_decrypt(f, unwrap_with, lsc_key, &plain, NULL), CAD_OK);
	assert_int_equal(plain.len, 9);
	assert_memory_equal(plain.ptr, text, 9);
	cad_encrypted_free(f);
	cad_bytes_free(&plain);
	cad_bytes_free(&first);
	cad_bytes_free(&second);
	ec = load_cert("lists/ec-p256.der");
	assert_int_equal(cad_encrypt_file(&first, text, 9, "a.enc.sgn", ec, &by_token1, NULL),
		CAD_ERR_UNSUPPORTED);
	cad_cert_free(ec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_is_built_and_read),
		cmocka_unit_test(an_itl_is_built),
		cmocka_unit_test(what_could_not_work_is_refused),
		cmocka_unit_test(a_signature_is_checked_before_it_is_handed_out),
		cmocka_unit_test(a_signed_file_verifies),
		cmocka_unit_test(an_encrypted_file_is_for_one_phone),
	};

	return cmocka_run_group_tests_name("lib/writing", tests, setup, teardown);
}
