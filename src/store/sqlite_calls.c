/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/sqlite_calls.h"

#include <dlfcn.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>

#define LIBRARY "libsqlite3.so.0"

struct sqlite_calls sqlite_calls;

static const struct {
	const char *name;
	size_t at; /* in struct sqlite_calls */
} calls[] = {
#define X(name) {"sqlite3_" #name, offsetof(struct sqlite_calls, name)},
	SQLITE_CALLS(X)
#undef X
};

static enum err load(struct fail *why)
{
	/* Never closed: connections may be open until the end. */
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL), *found;
	size_t i;

	if (!library)
		return fail_set(
			why, ERR_STORE, "store: SQLite is not installed: %.150s", dlerror());
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		found = dlsym(library, calls[i].name);
		if (!found)
			return fail_set(why, ERR_STORE, "store: " LIBRARY " is too old: no %s",
				calls[i].name);
		*(void **)((char *)&sqlite_calls + calls[i].at) = found;
	}
	return ERR_OK;
}

enum err sqlite_calls_load(struct fail *why)
{
	enum { NOT_YET, LOADING, LOADED };
	static atomic_int state;
	int seen = NOT_YET;
	enum err err;

	while (!atomic_compare_exchange_strong(&state, &seen, LOADING)) {
		if (seen == LOADED)
			return ERR_OK;
		sched_yield();
		seen = NOT_YET;
	}
	err = load(why);
	atomic_store(&state, err ? NOT_YET : LOADED);
	return err;
}
