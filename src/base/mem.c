/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static atomic_size_t fail_from;
static atomic_size_t counted;

void mem_fail_from(size_t n)
{
	atomic_store(&fail_from, 0);
	atomic_store(&counted, 0);
	atomic_store(&fail_from, n);
}

static bool must_fail(void)
{
	size_t from = atomic_load_explicit(&fail_from, memory_order_relaxed);

	return from && atomic_fetch_add(&counted, 1) + 1 >= from;
}

void *mem_new(size_t size)
{
	return must_fail() ? NULL : calloc(1, size ? size : 1);
}

void *mem_resize(void *ptr, size_t size)
{
	return must_fail() ? NULL : realloc(ptr, size ? size : 1);
}

char *mem_strndup(const char *text, size_t len)
{
	char *copy;

	len = strnlen(text, len);
	copy = mem_new(len + 1);
	if (copy)
		memcpy(copy, text, len);
	return copy;
}

char *mem_strdup(const char *text)
{
	return mem_strndup(text, strlen(text));
}

void mem_free(void *ptr)
{
	free(ptr);
}

void mem_wipe(void *ptr, size_t len)
{
	if (len)
		explicit_bzero(ptr, len);
}
