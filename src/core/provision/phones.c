/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/provision/phones.h"

#include "base/mem.h"
#include "core/cluster/internal.h"
#include "core/device/device.h"
#include "core/provision/folder.h"
#include "core/provision/names.h"
#include "core/provision/provision.h"

#include <stdlib.h>

#define PREFIX_LEN 3 /* "SEP" */

struct provision_phones {
	bool may_register;
	uint64_t *macs; /* in order */
	size_t count, room;
};

static uint64_t mac_of(const char device[DEVICE_NAME_SIZE])
{
	return strtoull(device + PREFIX_LEN, NULL, 16);
}

static enum err add(struct provision_phones *p, const char device[DEVICE_NAME_SIZE])
{
	size_t room = p->room ? p->room * 2 : 256;
	uint64_t *more;

	if (p->count == p->room) {
		more = mem_resize(p->macs, room * sizeof(*more));
		if (!more)
			return ERR_NOMEM;
		p->macs = more;
		p->room = room;
	}
	p->macs[p->count++] = mac_of(device);
	return ERR_OK;
}

static enum err add_row(void *ctx, const char *name)
{
	char device[DEVICE_NAME_SIZE];

	return str_device_name(device, name) == ERR_OK ? add(ctx, device) : ERR_OK;
}

/* A file in tftp/ that is one phone's own list is served whoever the phone is. */
static enum err add_file(void *ctx, const char *name)
{
	struct name n;

	name_classify(&n, name);
	return n.kind == NAME_PHONE_LIST ? add(ctx, n.device) : ERR_OK;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static bool has(const struct provision_phones *p, const char device[DEVICE_NAME_SIZE])
{
	uint64_t mac = mac_of(device);

	return p->count && bsearch(&mac, p->macs, p->count, sizeof(mac), compare);
}

static enum err read_all(struct cluster *c, struct provision_phones *p, struct fail *why)
{
	struct provision_sources unused = {0};
	enum err err = device_auto_allowed(c, &p->may_register, why);

	if (!err)
		err = store_device_names(cluster_get_store(c), add_row, p, why);
	if (!err)
		err = folder_each(c, "*.tlv", add_file, p, &unused, why);
	provision_sources_fini(&unused);
	if (err == ERR_NOMEM)
		fail_set(why, err, "%s", err_text(err));
	if (!err && p->count)
		qsort(p->macs, p->count, sizeof(*p->macs), compare);
	return err;
}

enum err provision_phones_read(struct cluster *c, const struct provision_place *place,
	struct provision_phones **out, struct provision_state *state, char revision[STORE_TEXT],
	struct fail *why)
{
	struct provision_phones *p;
	enum err err = provision_revision(c, place, state, revision, why);

	*out = NULL;
	if (!err)
		err = cluster_serve_now(c, why);
	if (err)
		return err;
	p = mem_new(sizeof(*p));
	if (!p)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	err = read_all(c, p, why);
	if (err)
		provision_phones_free(p);
	else
		*out = p;
	return err;
}

void provision_phones_free(struct provision_phones *p)
{
	if (!p)
		return;
	mem_free(p->macs);
	mem_free(p);
}

bool provision_phones_has(const struct provision_phones *p, const char *asked)
{
	char device[DEVICE_NAME_SIZE];

	return provision_device_in(asked, device) && has(p, device);
}

bool provision_phones_stranger(
	const struct provision_phones *p, const char *asked, struct provision_absence *out)
{
	struct name n;

	name_classify(&n, asked);
	if ((n.kind != NAME_CONFIG && n.kind != NAME_PHONE_LIST) || has(p, n.device))
		return false;
	provision_absent_stranger(n.device, p->may_register, out);
	return true;
}
