/* SPDX-License-Identifier: BSD-2-Clause
 * Files of tests/data, read with plain C: these programs use the public library alone. */
#ifndef TESTS_LIB_FILES_H
#define TESTS_LIB_FILES_H

#include "cadeado/cadeado.h"

#include <openssl/evp.h>

#define MADE 1314811683 /* Wed Aug 31 13:28:03 EDT 2011: the guide's list */

/* Whole file below tests/data/; ends the program when there is none. free() it. */
struct cad_span load(const char *name);
void unload(struct cad_span bytes);

struct cad_list *load_list(const char *name);
struct cad_cert *load_cert(const char *name);
EVP_PKEY *load_key(const char *name); /* PKCS #8 DER */

/* cad_sign_fn and cad_unwrap_fn with an EVP_PKEY. */
int sign_with(void *key, enum cad_digest digest, const struct cad_span *pieces, size_t count,
	uint8_t *signature, size_t size);
int unwrap_with(void *key, struct cad_span sealed, uint8_t aes[CAD_AES_KEY]);

#endif
