/* SPDX-License-Identifier: BSD-2-Clause
 * What every part of libcadeado shares: bytes, errors. cadeado(3), cad_error(3) */
#ifndef CADEADO_ERROR_H
#define CADEADO_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define CAD_API      __attribute__((visibility("default")))
#define CAD_MUST_USE __attribute__((warn_unused_result))
#else
#define CAD_API
#define CAD_MUST_USE
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Ownership, the same everywhere:
 * - A handle (struct cad_list * and so on) is made by a function that writes it to *out, is
 *   released with the _free function of its name (NULL allowed), and keeps its own copy of what it
 *   was made from. When a function fails, *out is not touched.
 * - A struct cad_span is borrowed: from the handle that it was asked of, for as long as that lives.
 *   Spans that are handed in are read during the call only.
 * - A struct cad_bytes is the caller's: release it with cad_bytes_free.
 *
 * Threads: nothing is shared between handles. Functions that take a const handle may be called from
 * any number of threads at once; those that change a handle (cad_builder_...) from one at a time.
 */

/* Bytes that belong to somebody else; text comes without its NUL. Absent: ptr is NULL. Names are as
 * the file has them: whoever prints them must mind control characters. */
struct cad_span {
	const uint8_t *ptr;
	size_t len;
};

/* Bytes that belong to the caller. One NUL follows, which len does not count. */
struct cad_bytes {
	uint8_t *ptr;
	size_t len;
};

/* Releases and empties. A zeroed struct is allowed. */
CAD_API void cad_bytes_free(struct cad_bytes *bytes);

/* What functions return: CAD_OK, or what went wrong, always negative. */
enum {
	CAD_OK = 0,
	CAD_ERR_NOMEM = -1,
	CAD_ERR_ARG = -2,         /* the caller's mistake */
	CAD_ERR_SHORT = -4,       /* the file ends too early */
	CAD_ERR_FORMAT = -5,      /* the file is not what it should be */
	CAD_ERR_LIMIT = -6,       /* larger than is allowed */
	CAD_ERR_UNSUPPORTED = -7, /* an algorithm, key or code that is not known */
	CAD_ERR_EXISTS = -9,      /* the same thing twice */
	CAD_ERR_VERIFY = -13,     /* a signature or a digest is wrong */
	CAD_ERR_TRUST = -14,      /* the signer is not one that counts */
	CAD_ERR_EXPIRED = -15,    /* a certificate is not valid at this time */
	CAD_ERR_CRYPTO = -16,     /* libcrypto failed */
};

#define CAD_NO_OFFSET SIZE_MAX

/* One failure with its place. Functions that take a struct cad_error * fill it whatever happens
 * (code CAD_OK after success); NULL is allowed where nobody wants to know. */
struct cad_error {
	int code;       /* as returned */
	size_t offset;  /* byte of the file at which it went wrong, or CAD_NO_OFFSET */
	char text[256]; /* a sentence for people, in English, with the place */
};

/* "FORMAT", "VERIFY"; "UNKNOWN" for other numbers. Never NULL. */
CAD_API const char *cad_error_name(int code);

/* "0.1.0": the library that is running, which a program may compare with what it was built for. */
CAD_API const char *cad_version(void);

#ifdef __cplusplus
}
#endif

#endif
