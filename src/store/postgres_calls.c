/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/postgres_calls.h"
#include "base/library.h"

struct postgres_calls postgres_calls;

/* #name is the function's own: an argument of # is not expanded. */
static const struct library_call calls[] = {
#define X(name) {#name, offsetof(struct postgres_calls, name##_)},
	POSTGRES_CALLS(X)
#undef X
};

static struct library library = {
	.what = "store: libpq",
	.file = "libpq.so.5",
	.calls = calls,
	.count = sizeof(calls) / sizeof(calls[0]),
	.table = &postgres_calls,
	.err = ERR_STORE,
};

enum err postgres_calls_load(struct fail *why)
{
	return library_load(&library, why);
}
