/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_SLOTS_H
#define SERVICE_SLOTS_H

#include "base/err.h"

#include <stdint.h>

/* One worker's sessions by number. A job that runs elsewhere carries the reference, never a
 * pointer: its late answer finds the session that it was made for, or nothing. */
struct slots;
struct slot_ref {
	uint32_t slot, generation;
};

/* Room for `max` sessions. ERR_NOMEM. */
enum err slots_new(struct slots **out, uint32_t max) MUST_USE;
void slots_free(struct slots *s); /* the sessions stay as they are; NULL allowed */

/* ERR_LIMIT when all are taken. */
enum err slots_take(struct slots *s, void *session, struct slot_ref *out) MUST_USE;
void *slots_get(const struct slots *s, struct slot_ref ref); /* NULL when it has been given back */
void slots_drop(struct slots *s, struct slot_ref ref);

uint32_t slots_used(const struct slots *s);
/* The first session at *at or after it, which then steps behind it; NULL after the last. Sessions
 * may be dropped on the way. */
void *slots_next(const struct slots *s, uint32_t *at);

#endif
