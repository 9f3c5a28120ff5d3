/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/* All allocations of the project go through here, so that a test can fail each one in turn.
 * mem_new returns zeroed memory or NULL. mem_resize keeps the old block when it fails. */
void *mem_new(size_t size);
void *mem_resize(void *ptr, size_t size);
char *mem_strdup(const char *text);
char *mem_strndup(const char *text, size_t len);
void mem_free(void *ptr);

/* Overwrites `len` bytes so that the compiler cannot leave it out. For secrets. */
void mem_wipe(void *ptr, size_t len);

/* Test hook: the n-th allocation from now (1 = the next) and all after it fail; 0 switches off. */
void mem_fail_from(size_t n);

#endif
