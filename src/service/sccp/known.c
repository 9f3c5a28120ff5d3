/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/sccp/known.h"

#define HASH_NONFATAL_OOM      1
#define uthash_malloc(size)    mem_new(size)
#define uthash_free(ptr, size) mem_free(ptr)

#include "base/mem.h"
#include "base/str.h"

#include <uthash.h>

struct known_phones {
	char device[DEVICE_NAME_SIZE];
	struct known_phone phone;
	UT_hash_handle hh;
};

static struct known_phones *find(struct known_phones *all, const char *device)
{
	struct known_phones *k;

	HASH_FIND_STR(all, device, k);
	return k;
}

void known_phones_put(struct known_phones **all, const struct device *d, int cluster_mode)
{
	struct known_phones *k = find(*all, d->name);

	if (!k) {
		k = mem_new(sizeof(*k));
		if (!k)
			return;
		str_copy(k->device, sizeof(k->device), d->name);
		HASH_ADD_STR(*all, device, k);
		if (!k->hh.tbl) {
			mem_free(k);
			return;
		}
	}
	str_copy(k->phone.number, sizeof(k->phone.number), d->number);
	str_copy(k->phone.display, sizeof(k->phone.display), d->display);
	k->phone.security_mode = d->security_mode;
	k->phone.cluster_mode = cluster_mode;
}

const struct known_phone *known_phones_find(struct known_phones *all, const char *device)
{
	const struct known_phones *k = find(all, device);

	return k ? &k->phone : NULL;
}

void known_phones_forget(struct known_phones **all, const char *device)
{
	struct known_phones *k = find(*all, device);

	if (!k)
		return;
	HASH_DEL(*all, k);
	mem_free(k);
}

void known_phones_free(struct known_phones **all)
{
	struct known_phones *k, *next;

	HASH_ITER (hh, *all, k, next) {
		HASH_DEL(*all, k);
		mem_free(k);
	}
}
