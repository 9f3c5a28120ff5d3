/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_ENROL_STEP_H
#define CORE_ENROL_STEP_H

#include "core/cluster/cluster.h"
#include "core/enrol/status.h"
#include "store/capf.h"

/* A step of a phone's certificate operation as a running daemon saw it, for those who look on. The
 * store learns of the ends, and of steps that last; these are all of them. */
struct enrol_step {
	int64_t at_us; /* since 1970 */
	char device[16];
	char address[STORE_ADDRESS]; /* of the phone; "" not known */
	enum store_step step;
	enum enrol_operation op;
	enum enrol_outcome outcome; /* of STORE_STEP_DONE */
	char note[96];
};

/* "reset sent", "key generation", ... */
const char *enrol_step_text(int64_t step);

/* Sends those of these phones that are registered back to their start, and records for those whose
 * operation is pending that they were told. `stations` as in struct command_runtime. */
enum err enrol_reset(struct cluster *c,
	enum err (*stations)(void *ctx, const char (*devices)[16], size_t count, bool reset,
		bool *registered, struct fail *why),
	void *ctx, const char (*devices)[16], size_t count, bool *registered,
	struct fail *why) MUST_USE;

#endif
