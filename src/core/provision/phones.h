/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_PROVISION_PHONES_H
#define CORE_PROVISION_PHONES_H

#include "core/provision/absent.h"
#include "core/provision/fresh.h"

/* All phones that there are, eight bytes each: who asks for the files of others, under thousands of
 * names, can be told so without the store. Good as long as what it was made from is as it was
 * (fresh.h). */
struct provision_phones;

/* Blocks. `place` as for provision_get; `state` and `revision` tell what it was made from. */
enum err provision_phones_read(struct cluster *c, const struct provision_place *place,
	struct provision_phones **out, struct provision_state *state, char revision[STORE_TEXT],
	struct fail *why) MUST_USE;
void provision_phones_free(struct provision_phones *p); /* NULL allowed */

/* The name speaks of one of them. */
bool provision_phones_has(const struct provision_phones *p, const char *asked);
/* The name is that of a list or configuration of a phone that is none of them: provision_get would
 * answer ERR_NOTFOUND, and provision_absent what is written to `out`. */
bool provision_phones_stranger(
	const struct provision_phones *p, const char *asked, struct provision_absence *out);

#endif
