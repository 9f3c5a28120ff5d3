/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/library.h"

#include <dlfcn.h>
#include <sched.h>

enum { NOT_YET, LOADING, LOADED };

static enum err load(struct library *l, struct fail *why)
{
	/* Never closed: its objects may live until the end. */
	void *handle = dlopen(l->file, RTLD_NOW | RTLD_LOCAL), *found;
	size_t i;

	if (!handle)
		return fail_set(why, l->err, "%s is not installed: %.150s", l->what, dlerror());
	for (i = 0; i < l->count; i++) {
		found = dlsym(handle, l->calls[i].name);
		if (!found)
			return fail_set(why, l->err, "%s: %s is too old: no %s", l->what, l->file,
				l->calls[i].name);
		*(void **)((char *)l->table + l->calls[i].at) = found;
	}
	return ERR_OK;
}

enum err library_load(struct library *l, struct fail *why)
{
	int seen = NOT_YET;
	enum err err;

	while (!atomic_compare_exchange_strong(&l->state, &seen, LOADING)) {
		if (seen == LOADED)
			return ERR_OK;
		sched_yield();
		seen = NOT_YET;
	}
	err = load(l, why);
	atomic_store(&l->state, err ? NOT_YET : LOADED);
	return err;
}
