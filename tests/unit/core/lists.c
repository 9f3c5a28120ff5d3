/* SPDX-License-Identifier: BSD-2-Clause */
#include "lists.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#define FILE_LIMIT (64u * 1024)

struct buf guide, itl, itl512, ring;
struct cert *token1, *token2, *callmanager, *capf, *rsa3072, *ec256;
struct key *token1_key;

void lists_load(const char *name, struct buf *out)
{
	const char *tests = getenv("CADEADO_TESTS");
	char path[512];
	struct fail why = {0};

	snprintf(path, sizeof(path), "%s/data/lists/%s", tests ? tests : "tests", name);
	if (file_read(path, FILE_LIMIT, out, &why)) {
		fprintf(stderr, "%s\n", why.text);
		exit(1);
	}
}

static struct cert *load_cert(const char *name)
{
	struct buf der = {0};
	struct cert *c = NULL;

	lists_load(name, &der);
	assert_int_equal(cert_from_der(&c, buf_span(&der), NULL), ERR_OK);
	buf_fini(&der);
	return c;
}

int lists_setup(void **state)
{
	struct buf der = {0};

	lists_load("CTLFile.tlv", &guide);
	lists_load("certutils/ITLFile.tlv", &itl);
	lists_load("certutils/ITLFile-sha512.tlv", &itl512);
	lists_load("certutils/ring.xml.sgn", &ring);
	token1 = load_cert("token-1.der");
	token2 = load_cert("token-2.der");
	callmanager = load_cert("callmanager.der");
	capf = load_cert("capf.der");
	rsa3072 = load_cert("rsa-3072.der");
	ec256 = load_cert("ec-p256.der");
	lists_load("token-1.key", &der);
	assert_int_equal(key_from_der(&token1_key, buf_span(&der), NULL), ERR_OK);
	buf_fini(&der);
	return 0;
}

int lists_teardown(void **state)
{
	buf_fini(&guide);
	buf_fini(&itl);
	buf_fini(&itl512);
	buf_fini(&ring);
	cert_free(token1);
	cert_free(token2);
	cert_free(callmanager);
	cert_free(capf);
	cert_free(rsa3072);
	cert_free(ec256);
	key_free(token1_key);
	return 0;
}

struct tlv_list lists_parse(const struct buf *file)
{
	struct tlv_list list;
	struct fail why = {0};

	if (tlv_parse(&list, buf_span(file), &why))
		fail_msg("%s", why.text);
	return list;
}

struct buf lists_copy(const struct buf *b)
{
	struct buf copy = {0};

	buf_put(&copy, buf_span(b));
	assert_int_equal(buf_check(&copy), ERR_OK);
	return copy;
}

void findings_add(void *ctx, const struct fail *finding)
{
	struct findings *f = ctx;

	f->count++;
	f->last = *finding;
}

struct findings lists_check(const struct buf *file, enum list_kind kind)
{
	struct tlv_list list = lists_parse(file);
	struct findings f = {0};
	enum err err = list_check_records(&list, kind, findings_add, &f);

	assert_int_equal(err, f.count ? ERR_FORMAT : ERR_OK);
	return f;
}

enum err lists_show(
	const struct tlv_list *list, enum list_kind kind, int64_t modified, struct buf *out)
{
	struct fail verdict = {0};
	enum err err = list_verify(list, &verdict);

	return err == ERR_NOMEM ? err : list_show(list, kind, modified, &verdict, out);
}
