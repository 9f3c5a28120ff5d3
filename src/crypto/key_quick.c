/* SPDX-License-Identifier: BSD-2-Clause
 * RSA keys of 2048 bits for tests that ask for other things than how keys are made: finding two
 * primes takes most of the time of a test that makes a cluster. Anybody can compute them: a build
 * without test hooks, which is what is installed, has none of this. */
#include "crypto/ossl.h"

#ifdef CADEADO_TEST_HOOKS
#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <unistd.h>

#define PRIME_BYTES 128u
#define EXPONENT    65537u

/* From SHA-512 of the bytes (i, 0) and of (i, 1), with the two highest bits and the lowest set, it
 * is this many odd numbers to the next prime p of which p - 1 is no multiple of the exponent. */
static const uint16_t distances[256] = {452, 64, 1852, 85, 265, 35, 701, 938, 608, 592, 1011, 32,
	274, 259, 196, 37, 6, 221, 248, 287, 134, 426, 1020, 21, 158, 956, 1155, 181, 642, 344, 94,
	10, 292, 236, 807, 177, 369, 129, 849, 150, 831, 190, 548, 661, 788, 115, 145, 372, 153, 88,
	964, 11, 202, 12, 77, 566, 293, 63, 247, 20, 459, 18, 73, 381, 287, 572, 49, 430, 6, 658,
	722, 188, 0, 621, 262, 432, 492, 80, 471, 400, 30, 479, 223, 1149, 1197, 1374, 19, 61, 926,
	94, 33, 206, 1463, 24, 1239, 94, 846, 545, 91, 171, 216, 94, 47, 224, 541, 387, 199, 197,
	74, 877, 123, 177, 183, 231, 111, 1295, 272, 464, 431, 272, 691, 225, 172, 67, 246, 66, 137,
	253, 228, 192, 687, 37, 70, 36, 1441, 257, 303, 830, 651, 189, 523, 255, 337, 191, 676, 728,
	581, 55, 44, 348, 62, 26, 635, 311, 166, 666, 453, 482, 93, 35, 1, 41, 37, 234, 726, 2, 162,
	836, 665, 832, 137, 41, 527, 347, 560, 910, 342, 432, 205, 100, 98, 140, 82, 15, 192, 1687,
	35, 350, 280, 261, 61, 47, 1108, 324, 828, 172, 156, 246, 394, 715, 859, 577, 38, 490, 356,
	607, 287, 615, 418, 137, 173, 123, 373, 828, 177, 90, 191, 192, 222, 31, 294, 351, 44, 529,
	239, 604, 2, 26, 353, 51, 399, 119, 74, 33, 1240, 1120, 141, 204, 80, 115, 710, 1116, 231,
	185, 33, 49, 313, 102, 119, 90, 787, 47, 59, 195, 412, 1};
#define PAIRS (256l * 255 / 2)

static BIGNUM *prime(unsigned i)
{
	unsigned char seed[2] = {(unsigned char)i, 0}, bytes[PRIME_BYTES];
	BIGNUM *p;

	SHA512(seed, sizeof(seed), bytes);
	seed[1] = 1;
	SHA512(seed, sizeof(seed), bytes + PRIME_BYTES / 2);
	bytes[0] |= 0xC0;
	bytes[PRIME_BYTES - 1] |= 1;
	p = BN_bin2bn(bytes, PRIME_BYTES, NULL);
	if (p && BN_add_word(p, 2ul * distances[i]) == 1)
		return p;
	BN_free(p);
	return NULL;
}

/* How many were handed out before is the length of the file: no two callers get the same number. */
static long next_number(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	off_t end = -1;

	if (fd < 0)
		return -1;
	if (write(fd, "k", 1) == 1)
		end = lseek(fd, 0, SEEK_CUR);
	close(fd);
	return (long)end - 1;
}

static EVP_PKEY *assemble(OSSL_PARAM *params)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *pkey = NULL;

	if (!ctx || !params || EVP_PKEY_fromdata_init(ctx) != 1 ||
		EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static EVP_PKEY *of_primes(BIGNUM *p, BIGNUM *q, BN_CTX *c)
{
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	BIGNUM *n = BN_CTX_get(c), *e = BN_CTX_get(c), *d = BN_CTX_get(c), *p1 = BN_CTX_get(c),
	       *q1 = BN_CTX_get(c), *phi = BN_CTX_get(c), *dp = BN_CTX_get(c), *dq = BN_CTX_get(c),
	       *qi = BN_CTX_get(c);
	EVP_PKEY *pkey = NULL;
	OSSL_PARAM *params = NULL;

	if (b && qi && BN_set_word(e, EXPONENT) && BN_mul(n, p, q, c) &&
		BN_sub(p1, p, BN_value_one()) && BN_sub(q1, q, BN_value_one()) &&
		BN_mul(phi, p1, q1, c) && BN_mod_inverse(d, e, phi, c) && BN_mod(dp, d, p1, c) &&
		BN_mod(dq, d, q1, c) && BN_mod_inverse(qi, q, p, c) &&
		OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n) &&
		OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, e) &&
		OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_D, d) &&
		OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_FACTOR1, p) &&
		OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_FACTOR2, q) &&
		OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_EXPONENT1, dp) &&
		OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_EXPONENT2, dq) &&
		OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, qi)) {
		params = OSSL_PARAM_BLD_to_param(b);
		pkey = assemble(params);
	}
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(b);
	return pkey;
}

EVP_PKEY *ossl_quick_rsa(unsigned bits)
{
	const char *path = getenv("CADEADO_KEYS");
	long number = path && bits == 2 * 8 * PRIME_BYTES ? next_number(path) : -1;
	unsigned second = 1;
	EVP_PKEY *pkey = NULL;
	BIGNUM *p, *q;
	BN_CTX *c;

	if (number < 0 || number >= PAIRS)
		return NULL;
	for (; number >= (long)second; second++)
		number -= second;
	p = prime((unsigned)number);
	q = prime(second);
	c = BN_CTX_new();
	if (p && q && c) {
		BN_CTX_start(c);
		pkey = of_primes(p, q, c);
		BN_CTX_end(c);
	}
	BN_CTX_free(c);
	BN_free(p);
	BN_free(q);
	return pkey;
}
#else
EVP_PKEY *ossl_quick_rsa(unsigned bits)
{
	return NULL;
}
#endif
