/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/sccp/known.h"

#define HASH_NONFATAL_OOM      1
#define uthash_malloc(size)    mem_new(size)
#define uthash_free(ptr, size) mem_free(ptr)

#include "base/mem.h"
#include "base/str.h"

#include <uthash.h>

/* Most have one line. */
struct known_phones {
	char device[DEVICE_NAME_SIZE];
	int security_mode, cluster_mode;
	UT_hash_handle hh;
	size_t lines_count;
	struct phone_line lines[];
};

static struct known_phones *find(struct known_phones *all, const char *device)
{
	struct known_phones *k;

	HASH_FIND_STR(all, device, k);
	return k;
}

void known_phones_forget(struct known_phones **all, const char *device)
{
	struct known_phones *k = find(*all, device);

	if (!k)
		return;
	HASH_DEL(*all, k);
	mem_free(k);
}

void known_phones_put(
	struct known_phones **all, const char *device, const struct known_phone *phone)
{
	size_t size = phone->lines_count * sizeof(phone->lines[0]);
	struct known_phones *k;

	known_phones_forget(all, device);
	k = mem_new(sizeof(*k) + size);
	if (!k)
		return;
	str_copy(k->device, sizeof(k->device), device);
	k->security_mode = phone->security_mode;
	k->cluster_mode = phone->cluster_mode;
	k->lines_count = phone->lines_count;
	if (size)
		memcpy(k->lines, phone->lines, size);
	HASH_ADD_STR(*all, device, k);
	if (!k->hh.tbl)
		mem_free(k);
}

bool known_phones_find(struct known_phones *all, const char *device, struct known_phone *out)
{
	const struct known_phones *k = find(all, device);

	memset(out, 0, sizeof(*out));
	if (!k)
		return false;
	out->security_mode = k->security_mode;
	out->cluster_mode = k->cluster_mode;
	out->lines_count = k->lines_count;
	if (k->lines_count)
		memcpy(out->lines, k->lines, k->lines_count * sizeof(k->lines[0]));
	return true;
}

void known_phones_free(struct known_phones **all)
{
	struct known_phones *k, *next;

	HASH_ITER (hh, *all, k, next) {
		HASH_DEL(*all, k);
		mem_free(k);
	}
}
