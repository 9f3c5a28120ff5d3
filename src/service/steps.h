/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_STEPS_H
#define SERVICE_STEPS_H

#include "core/enrol/step.h"

#include <stdint.h>

/* The latest steps of certificate operations on one worker, for whoever asks. Used on the worker's
 * thread. A NULL steps takes none. */
struct steps;

#define STEPS_MOST 8192u /* steps that are kept; the oldest go */

enum err steps_new(struct steps **out) MUST_USE;
void steps_free(struct steps *s); /* NULL allowed */

/* Without memory for it the step is not kept, and counts as lost. */
void steps_put(struct steps *s, const struct enrol_step *step);

/* Steps are counted from 1. Copies those after number `after` to a list that the caller frees with
 * mem_free; `last` is the number of the newest, `lost` how many of them are kept no more. */
struct steps_copy {
	struct enrol_step *of;
	size_t count;
	uint64_t last, lost;
};
enum err steps_after(const struct steps *s, uint64_t after, struct steps_copy *out) MUST_USE;

#endif
