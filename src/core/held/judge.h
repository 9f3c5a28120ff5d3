/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_HELD_JUDGE_H
#define CORE_HELD_JUDGE_H

#include "core/held/held.h"
#include "core/model/model.h"
#include "core/trust/trust.h"

/* What is known of one kind of list in one phone. */
struct held_slot {
	enum { HELD_UNKNOWN, HELD_NONE, HELD_LIST } is;
	char digest[HELD_DIGEST];
};

/* By kind: STORE_CTL, STORE_ITL. */
struct held_state {
	const struct model *model;
	struct held_slot of[STORE_ITL + 1];
};

enum held_verdict {
	HELD_SAME,
	HELD_TAKEN,
	HELD_REFUSED,
	HELD_UNCERTAIN, /* it may hold this one now, or what it held before */
};

#define HELD_PAIRS 16

/* Judges by lists in the store; asks TVS's knowledge where that could decide. Verdicts of pairs are
 * remembered. Set `c` and `trust`. */
struct held_judge {
	struct cluster *c;
	struct trust_cache *trust;
	struct held_pair {
		char held[HELD_DIGEST], offered[HELD_DIGEST]; /* held "": none, its own signature */
		bool newer, accepted;
	} pairs[HELD_PAIRS];
	size_t pairs_used, pairs_next;
};

/* What a phone in this state did with a list that reached it: the rule of trust as far as it can be
 * told from here. *evidence (STORE_TEXT) is set for HELD_TAKEN. */
enum err held_judge(struct held_judge *j, const struct held_state *s, int64_t list,
	const char *digest, enum held_verdict *out, char *evidence, struct fail *why) MUST_USE;

/* Would a phone take it whichever list of ours it holds? */
enum err held_judge_always(struct held_judge *j, const struct model *m, const char *digest,
	bool *yes, struct fail *why) MUST_USE;

/* Does that list give the certificate one of the roles? */
enum err held_names(struct held_judge *j, const char *digest, const struct held_event *e, bool *yes,
	struct fail *why) MUST_USE;

/* "": it holds none. */
void held_slot_set(struct held_slot *slot, const char *digest);

#endif
