/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/sqlite_calls.h"
#include "base/library.h"

struct sqlite_calls sqlite_calls;

static const struct library_call calls[] = {
#define X(name) {"sqlite3_" #name, offsetof(struct sqlite_calls, name)},
	SQLITE_CALLS(X)
#undef X
};

static struct library library = {
	.what = "store: SQLite",
	.file = "libsqlite3.so.0",
	.calls = calls,
	.count = sizeof(calls) / sizeof(calls[0]),
	.table = &sqlite_calls,
	.err = ERR_STORE,
};

enum err sqlite_calls_load(struct fail *why)
{
	return library_load(&library, why);
}
