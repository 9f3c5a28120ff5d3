/* SPDX-License-Identifier: BSD-2-Clause
 * What a phone can be told to do wrong at CAPF, by name: one row of fault.c each. */
#ifndef SIM_FAULT_H
#define SIM_FAULT_H

#include "base/buf.h"

#include <stdbool.h>

enum sim_fault {
	/* authentication */
	SIM_FAULT_WRONG_STRING,
	SIM_FAULT_NO_STRING,
	SIM_FAULT_NO_PROOF,
	SIM_FAULT_WRONG_PROOF,
	SIM_FAULT_SHORT_PADDING,
	/* key and certificate */
	SIM_FAULT_NO_KEY,
	SIM_FAULT_WRONG_KEY_SIZE,
	SIM_FAULT_WRONG_KEY_TYPE,
	SIM_FAULT_BAD_KEY,
	SIM_FAULT_SLOW_KEY,
	SIM_FAULT_NO_PROGRESS,
	SIM_FAULT_REFUSE_CERTIFICATE,
	SIM_FAULT_LOSE_ANSWER,
	SIM_FAULT_REFUSE_DELETE,
	SIM_FAULT_REFUSE_FETCH,
	/* the conversation */
	SIM_FAULT_WRONG_SESSION,
	SIM_FAULT_PIECES,
	SIM_FAULT_NO_ANSWER,
	SIM_FAULT_HALF_ANSWER,
	SIM_FAULT_GARBAGE,
	SIM_FAULT_UNKNOWN_TYPE,
	SIM_FAULT_HANG_UP,
	SIM_FAULTS,
};

#define SIM_FAULT_SECONDS_MAX 7200

/* Zeroed: none. */
struct sim_faults {
	uint32_t set;           /* bits 1 << enum sim_fault */
	uint8_t at[SIM_FAULTS]; /* the server's message that the fault is the answer to */
	int slow_seconds;
};

/* Takes "name" or "name=value". ERR_NOTFOUND for a name that is not in the table, ERR_FORMAT for a
 * value. */
enum err sim_fault_add(struct sim_faults *f, const char *text, struct fail *why) MUST_USE;
bool sim_fault_set(const struct sim_faults *f, enum sim_fault fault);
/* The same for those that are the answer to one message of the server (enum capf_type). */
bool sim_fault_at(const struct sim_faults *f, enum sim_fault fault, unsigned type);

/* One line a fault: name, value, what it does. */
void sim_fault_print(struct buf *out);

#endif
