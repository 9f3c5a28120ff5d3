/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/event_calls.h"
#include "base/library.h"

struct event_calls event_calls;

static const struct library_call calls[] = {
#define X(front, name) {#front #name, offsetof(struct event_calls, name)},
	EVENT_CALLS(X)
#undef X
};

static struct library library = {
	.what = "libevent",
	/* It needs libevent_core, where the others are. */
	.file = "libevent_pthreads-2.1.so.7",
	.calls = calls,
	.count = sizeof(calls) / sizeof(calls[0]),
	.table = &event_calls,
	.err = ERR_UNSUPPORTED,
};

enum err event_calls_load(struct fail *why)
{
	return library_load(&library, why);
}
