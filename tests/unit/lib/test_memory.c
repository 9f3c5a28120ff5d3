/* SPDX-License-Identifier: BSD-2-Clause
 * Every allocation of every function fails once. The hook is no part of the library, so this
 * program is linked with the parts that it is made of. */
#include "base/mem.h"
#include "files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

#define MANY 1000 /* no function allocates as often */

static struct cad_span list_file, sgn_file, enc_file, der;
static struct cad_list *list, *other_list;
static struct cad_cert *token1, *token2, *manager, *lsc;
static struct cad_encrypted *encrypted;
static EVP_PKEY *token1_key, *lsc_key;
static struct cad_signing how;

static int setup(void **state)
{
	list_file = load("lists/CTLFile.tlv");
	sgn_file = load("phone/config.sgn");
	enc_file = load("phone/config.enc.sgn");
	der = load("lists/token-1.der");
	list = load_list("lists/CTLFile.tlv");
	other_list = load_list("phone/ctl-a.tlv");
	token1 = load_cert("lists/token-1.der");
	token2 = load_cert("lists/token-2.der");
	manager = load_cert("lists/callmanager.der");
	lsc = load_cert("phone/lsc.der");
	token1_key = load_key("lists/token-1.key");
	lsc_key = load_key("phone/lsc-key.der");
	how = (struct cad_signing){.signer = token1,
		.digest = CAD_SHA1,
		.timestamp = MADE,
		.sign = sign_with,
		.ctx = token1_key};
	return cad_encrypted_parse(&encrypted, enc_file.ptr, enc_file.len, NULL);
}

static int teardown(void **state)
{
	unload(list_file);
	unload(sgn_file);
	unload(enc_file);
	unload(der);
	cad_list_free(list);
	cad_list_free(other_list);
	cad_cert_free(token1);
	cad_cert_free(token2);
	cad_cert_free(manager);
	cad_cert_free(lsc);
	cad_encrypted_free(encrypted);
	EVP_PKEY_free(token1_key);
	EVP_PKEY_free(lsc_key);
	return 0;
}

static int parse_list(struct cad_error *e)
{
	struct cad_list *made = NULL;
	int code = cad_list_parse(&made, list_file.ptr, list_file.len, e);

	assert_true((code == CAD_OK) == (made != NULL));
	cad_list_free(made);
	return code;
}

static int parse_signed(struct cad_error *e)
{
	struct cad_signed *made = NULL;
	int code = cad_signed_parse(&made, sgn_file.ptr, sgn_file.len, e);

	assert_true((code == CAD_OK) == (made != NULL));
	cad_signed_free(made);
	return code;
}

static int parse_encrypted(struct cad_error *e)
{
	struct cad_encrypted *made = NULL;
	int code = cad_encrypted_parse(&made, enc_file.ptr, enc_file.len, e);

	assert_true((code == CAD_OK) == (made != NULL));
	cad_encrypted_free(made);
	return code;
}

static int parse_cert(struct cad_error *e)
{
	struct cad_cert *made = NULL;
	int code = cad_cert_parse(&made, der.ptr, der.len, e);

	assert_true((code == CAD_OK) == (made != NULL));
	cad_cert_free(made);
	return code;
}

static int release(int code, struct cad_bytes *out)
{
	assert_true((code == CAD_OK) == (out->ptr != NULL));
	cad_bytes_free(out);
	return code;
}

static int show(struct cad_error *e)
{
	struct cad_bytes out = {0};

	return release(cad_list_show(list, MADE, &out, e), &out);
}

static int accepts(struct cad_error *e)
{
	struct cad_bytes out = {0};

	return release(cad_list_accepts(list, list, &out, e), &out);
}

static void ignore(void *ctx, const struct cad_finding *finding)
{
}

static int check(struct cad_error *e)
{
	struct cad_real real = {manager, "CallManager.pem"};

	return cad_list_check(list, MADE, &real, 1, ignore, NULL, e);
}

static int sign(struct cad_error *e)
{
	struct cad_bytes out = {0};

	return release(cad_sign_file(&out, "x", 1, "x.sgn", &how, e), &out);
}

static int encrypt(struct cad_error *e)
{
	struct cad_bytes out = {0};

	return release(cad_encrypt_file(&out, "x", 1, "x.enc.sgn", lsc, &how, e), &out);
}

static int reduce(struct cad_error *e)
{
	static const char xml[] = "<device><capfList/></device>";
	struct cad_bytes out = {0};

	return release(cad_reduce_file(&out, xml, sizeof(xml) - 1, lsc, e), &out);
}

static void ignore_field(void *ctx, const struct cad_field *field)
{
}

static int explain(struct cad_error *e)
{
	return cad_explain(list_file.ptr, list_file.len, ignore_field, NULL, e);
}

static void ignore_change(void *ctx, const struct cad_change *change)
{
}

static int diff(struct cad_error *e)
{
	return cad_list_diff(list, other_list, ignore_change, NULL, e);
}

static int decrypt(struct cad_error *e)
{
	struct cad_bytes out = {0};

	return release(cad_encrypted_decrypt(encrypted, unwrap_with, lsc_key, &out, e), &out);
}

static int build(struct cad_error *e)
{
	struct cad_bytes out = {0};
	struct cad_span none = {0};
	struct cad_builder *b = NULL;
	int code = cad_builder_new(&b, CAD_CTL, e);

	if (code == CAD_OK)
		code = cad_builder_add(b, CAD_ROLE_SAST, token1, NULL, none, e);
	if (code == CAD_OK)
		code = cad_builder_add(b, CAD_ROLE_SAST, token2, NULL, none, e);
	if (code == CAD_OK)
		code = cad_builder_add(b, CAD_ROLE_CCM_TFTP, manager, "192.0.2.1", none, e);
	if (code == CAD_OK)
		code = cad_builder_finish(b, &how, MADE, &out, e);
	cad_builder_free(b);
	return release(code, &out);
}

static void every_failed_allocation_is_told(void **state)
{
	static int (*const doing[])(struct cad_error *) = {parse_list, parse_signed,
		parse_encrypted, parse_cert, show, accepts, check, sign, encrypt, reduce, explain,
		diff, decrypt, build};
	struct cad_error e;
	size_t i, n;
	int code;

	for (i = 0; i < sizeof(doing) / sizeof(doing[0]); i++) {
		for (n = 1; n < MANY; n++) {
			mem_fail_from(n);
			code = doing[i](&e);
			mem_fail_from(0);
			assert_int_equal(e.code, code);
			if (code == CAD_OK)
				break;
			assert_int_equal(code, CAD_ERR_NOMEM);
			assert_true(strlen(e.text) > 0);
		}
		assert_in_range(n, 2, MANY - 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_failed_allocation_is_told)};

	return cmocka_run_group_tests_name("lib/memory", tests, setup, teardown);
}
