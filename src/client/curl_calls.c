/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/curl_calls.h"

#include "base/library.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct curl_calls curl_calls;

static const struct library_call calls[] = {
#define X(name) {"curl_" #name, offsetof(struct curl_calls, name)},
	CURL_CALLS(X)
#undef X
};

static struct library library = {
	.what = "client: libcurl",
	.file = "libcurl.so.4",
	.calls = calls,
	.count = sizeof(calls) / sizeof(calls[0]),
	.table = &curl_calls,
	.err = ERR_UNSUPPORTED,
};

/* In front of every block: how much must be wiped. */
union head {
	size_t size;
	max_align_t align;
};

static void *take(size_t size)
{
	union head *h = size < SIZE_MAX - sizeof(*h) ? mem_new(sizeof(*h) + size) : NULL;

	if (!h)
		return NULL;
	h->size = size;
	return h + 1;
}

static void give_back(void *block)
{
	union head *h = block;

	if (!h)
		return;
	h--;
	mem_wipe(h, sizeof(*h) + h->size);
	mem_free(h);
}

static void *resize(void *block, size_t size)
{
	const union head *h = block;
	void *fresh = take(size);

	if (!fresh || !h)
		return fresh;
	h--;
	memcpy(fresh, block, h->size < size ? h->size : size);
	give_back(block);
	return fresh;
}

static void *take_many(size_t count, size_t size)
{
	return size && count > SIZE_MAX / size ? NULL : take(count * size);
}

static char *copy(const char *text)
{
	size_t size = strlen(text) + 1;
	char *fresh = take(size);

	if (fresh)
		memcpy(fresh, text, size);
	return fresh;
}

enum err curl_calls_load(struct fail *why)
{
	static bool started;
	enum err err = library_load(&library, why);

	if (err || started)
		return err;
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, take, give_back, resize, copy, take_many) !=
		CURLE_OK)
		return fail_set(why, ERR_UNSUPPORTED, "libcurl does not start");
	started = true;
	return ERR_OK;
}
