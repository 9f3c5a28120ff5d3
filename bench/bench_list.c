/* SPDX-License-Identifier: BSD-2-Clause
 * bench_list FILE: what reading and checking a trust list costs, beside OpenSSL alone. */
#include "base/file.h"
#include "core/list/list.h"
#include "measure.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUNDS       801u
#define CHECK_TIMES  10u
#define PARSE_TIMES  500u
#define RATIO_MOST   1.25
#define PARSE_MOST   2.0 /* microseconds */
#define RECORD_TIMES 2u

static struct buf file;
static struct tlv_list list;
static struct tlv_record signer;
static size_t allocations;

/* The linker sends every allocation of the project's code here (-Wl,--wrap). */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *ptr, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *ptr, size_t size);

void *__wrap_malloc(size_t size)
{
	allocations++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	allocations++;
	return __real_calloc(count, size);
}

void *__wrap_realloc(void *ptr, size_t size)
{
	allocations++;
	return __real_realloc(ptr, size);
}

static void need(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "bench_list: %s\n", what);
	exit(2);
}

static void parse(void *ctx)
{
	size_t i;

	for (i = 0; i < PARSE_TIMES; i++)
		need(tlv_parse(&list, buf_span(&file), NULL) == ERR_OK, "the list is not read");
}

static void parse_and_check(void *ctx)
{
	struct tlv_list l;
	size_t i;

	for (i = 0; i < CHECK_TIMES; i++)
		need(tlv_parse(&l, buf_span(&file), NULL) == ERR_OK &&
				list_verify(&l, NULL) == ERR_OK,
			"the list does not verify");
}

/* As an OpenSSL user would do it who has the key, the signed bytes and the signature. */
static void openssl_alone(void *ctx)
{
	static const EVP_MD *(*const digests[])(void) = {EVP_sha1, EVP_sha256, EVP_sha512};
	const struct tlv_header *h = &list.header;
	const unsigned char *at;
	EVP_MD_CTX *md;
	EVP_PKEY *key;
	size_t i;

	for (i = 0; i < CHECK_TIMES; i++) {
		at = signer.public_key.ptr;
		key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, (long)signer.public_key.len);
		md = EVP_MD_CTX_new();
		need(key && md &&
				EVP_DigestVerifyInit(
					md, NULL, digests[h->digest - 1](), NULL, key) == 1 &&
				EVP_DigestVerifyUpdate(md, file.data, h->signature_at) == 1 &&
				EVP_DigestVerifyUpdate(md, file.data + h->signature_end,
					file.len - h->signature_end) == 1 &&
				EVP_DigestVerifyFinal(md, h->signature.ptr, h->signature.len) == 1,
			"OpenSSL does not verify the list");
		EVP_MD_CTX_free(md);
		EVP_PKEY_free(key);
	}
}

static void no_finding(void *ctx, const struct fail *finding)
{
	need(0, finding->text);
}

static void compare_records(void *ctx)
{
	size_t i;

	for (i = 0; i < RECORD_TIMES; i++)
		need(list_check_records(&list, LIST_CTL, no_finding, NULL) == ERR_OK,
			"records contradict their certificates");
}

int main(int argc, char **argv)
{
	struct subject subjects[] = {
		{.name = "OpenSSL alone: decode the key, verify once",
			.run = openssl_alone,
			.times = CHECK_TIMES},
		{.name = "parse the list, check its signature",
			.run = parse_and_check,
			.times = CHECK_TIMES},
		{.name = "parse the list", .run = parse, .times = PARSE_TIMES},
		{.name = "compare its records with their certificates",
			.run = compare_records,
			.times = RECORD_TIMES},
	};
	struct fail why = {0};
	size_t i, before;
	int good;

	need(argc == 2, "usage: bench_list FILE");
	need(file_read(argv[1], TLV_FILE_MAX, &file, &why) == ERR_OK, why.text);
	need(tlv_parse(&list, buf_span(&file), &why) == ERR_OK, why.text);
	need(list_check_signer(buf_span(&file), &list.header, &list, LIST_MAY_SIGN_LISTS, &signer,
		     &why) == ERR_OK,
		why.text);
	need(list.header.digest >= TLV_SHA1 && list.header.digest <= TLV_SHA512, "digest");
	before = allocations;
	parse(NULL);
	before = allocations - before;
	measure(subjects, sizeof(subjects) / sizeof(subjects[0]), ROUNDS);
	printf("one list of %zu bytes, %zu records, signer's key of %zu bits; medians of %u rounds\n",
		file.len, list.count, 8 * list.header.signature.len, ROUNDS);
	for (i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++)
		measure_print(&subjects[i]);
	good = measure_judge("parse and check, times OpenSSL alone",
		subjects[1].median / subjects[0].median, RATIO_MOST, "");
	good &= measure_judge("parse alone", subjects[2].median, PARSE_MOST, " us");
	good &= measure_judge("allocations while parsing", (double)before, 0, "");
	buf_fini(&file);
	return good ? 0 : 1;
}
