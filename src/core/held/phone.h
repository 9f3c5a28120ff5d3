/* SPDX-License-Identifier: BSD-2-Clause
 * What is recorded of one phone, and what follows from what it was given and did. */
#ifndef CORE_HELD_PHONE_H
#define CORE_HELD_PHONE_H

#include "core/held/book.h"

struct held_phone {
	struct held_judge *judge;
	const char *device; /* borrowed */
	struct held_state state;
	char evidence[STORE_ITL + 1][STORE_TEXT]; /* of what is known */
	int64_t last[STORE_ITL + 1];              /* seconds since 1970, of the same */
	bool offered;                             /* a list, ever */
	bool past_unknown;                        /* lists before the first that is recorded */
	bool foreign;                             /* holds another system's */
	int64_t first_offered;                    /* seconds since 1970 */
	int64_t seen;                             /* when it came last; 0 never */
};

/* ERR_NOTFOUND: no such device. */
enum err held_phone_load(
	struct held_phone *p, struct held_judge *j, const char *device, struct fail *why) MUST_USE;

/* Is it known to hold a list of ours? */
bool held_phone_knows(const struct held_phone *p);
enum err held_phone_put(struct held_phone *p, int64_t list, int64_t known, const char *digest,
	int64_t at_us, const char *evidence, struct fail *why) MUST_USE;
/* What it does shows that it obeys us. */
enum err held_phone_obeys(struct held_phone *p, struct fail *why) MUST_USE;
/* It came, `e`, from the address from which `s` was asked. */
enum err held_phone_conclude(struct held_phone *p, const struct start *s,
	const struct held_event *e, struct fail *why) MUST_USE;

#endif
