/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stddef.h>

/* Error numbers: 0 is success, every failure is negative; the table is err.def. */
enum err {
	ERR_OK = 0,
#define ERR(name, number, text) ERR_##name = (number),
#include "base/err.def"
#undef ERR
};

#define MUST_USE               __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* One failure with its place and, where there is one, its remedy; what a person is shown.
 * Functions that can fail in more ways than a number tells take a `struct fail *` (NULL allowed).
 */
struct fail {
	enum err code;
	size_t offset; /* byte position in the input, or SIZE_MAX when there is none */
	char text[256];
};

/* The table's sentence for `code`; never NULL. */
const char *err_text(enum err code);

/* The table's name for `code`, e.g. "SHORT"; never NULL. For JSON and tests. */
const char *err_name(enum err code);

/* Fills *why (if not NULL) and returns `code`, so that a caller writes `return fail_set(…)`.
 * The first failure wins: a *why that already holds one is left alone. */
enum err fail_set(struct fail *why, enum err code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* As fail_set with the byte position at which the input went wrong. */
enum err fail_at(struct fail *why, enum err code, size_t offset, const char *fmt, ...)
	PRINTF_LIKE(4, 5);

/* Puts "fmt: " before the text of a failure that already happened (e.g. the file's name). */
void fail_prefix(struct fail *why, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Makes *why empty again. A zeroed struct is empty as well. */
void fail_clear(struct fail *why);

#endif
