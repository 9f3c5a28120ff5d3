/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_ENROL_STEP_H
#define CORE_ENROL_STEP_H

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

#endif
