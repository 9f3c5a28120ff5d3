/* SPDX-License-Identifier: BSD-2-Clause
 * What somebody read on the phone. */
#include "core/held/held.h"

#include "base/str.h"

#include <string.h>

struct reading {
	struct store_held h;
	bool unknown;
};

static enum err put(void *ctx, struct store *s, struct fail *why)
{
	const struct reading *r = ctx;
	struct store_device d;
	enum err err = store_device_get(s, r->h.device, &d, why);

	/* What is in the row now may be younger; what a person saw comes first. */
	if (!err)
		err = store_held_forget(s, r->h.device, r->h.list, STORE_HELD, why);
	if (!err)
		err = store_held_forget(s, r->h.device, 0, STORE_FOREIGN, why);
	return err || r->unknown ? err : store_held_put_many(s, &r->h, 1, why);
}

enum err held_put_read(
	struct cluster *c, const char *device, int64_t list, const char *text, struct fail *why)
{
	struct reading r = {.h = {.list = list, .known = STORE_HELD}};
	size_t i, len = strlen(text);

	if (str_device_name(r.h.device, device))
		return fail_set(why, ERR_FORMAT, "%.32s: not a device name", device);
	r.h.since = r.h.last = clock_seconds(cluster_get_clock(c));
	str_copy(r.h.evidence, sizeof(r.h.evidence), "it was read on the phone");
	r.unknown = str_ieq(text, "unknown");
	if (!r.unknown && !str_ieq(text, "none")) {
		if (len != HELD_DIGEST - 1 || strspn(text, "0123456789abcdefABCDEF") != len)
			return fail_set(why, ERR_FORMAT,
				"%.40s: the MD5 of a list has 32 hex digits; or none, or unknown",
				text);
		for (i = 0; i < len; i++)
			r.h.digest[i] =
				(char)(text[i] >= 'A' && text[i] <= 'F' ? text[i] + 32 : text[i]);
	}
	return store_transaction(cluster_get_store(c), put, &r, why);
}
