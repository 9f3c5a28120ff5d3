/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/ssl_calls.h"
#include "base/library.h"

struct ssl_calls ssl_calls;

static const struct library_call calls[] = {
#define X(front, name) {#front #name, offsetof(struct ssl_calls, name)},
	SSL_CALLS(X)
#undef X
};

static struct library library = {
	.what = "TLS: libssl",
	.file = "libssl.so.3",
	.calls = calls,
	.count = sizeof(calls) / sizeof(calls[0]),
	.table = &ssl_calls,
	.err = ERR_UNSUPPORTED,
};

enum err ssl_calls_load(struct fail *why)
{
	return library_load(&library, why);
}
