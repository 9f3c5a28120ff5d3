/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_CTLCLIENT_PUBLISH_H
#define CORE_CTLCLIENT_PUBLISH_H

#include "core/ctlclient/node.h"

/* Publishing in two phases: every node stages, then every node activates, else nothing changes
 * anywhere. Pure: what is done to a node is done by the caller's functions.
 * spec: docs/formats/ctl-provider.md#publishing-in-two-phases */

enum publish_phase {
	PUBLISH_STAGE,
	PUBLISH_VOUCH, /* TVS of the node answers that the signer may sign lists */
	PUBLISH_READY, /* the node still has it staged, a moment before the first activation */
	PUBLISH_ACTIVATE,
	PUBLISH_ABORT,
};
/* "stage", "vouch", "ready", "activate", "abort" */
const char *publish_phase_word(enum publish_phase phase);

struct publish_ops {
	void *ctx;
	/* Each blocks and answers for one node. */
	enum err (*stage)(void *ctx, size_t node, struct fail *why);
	enum err (*vouch)(void *ctx, size_t node, struct fail *why); /* NULL: not asked */
	enum err (*activate)(void *ctx, size_t node, struct fail *why);
	enum err (*abort)(void *ctx, size_t node, struct fail *why);
	/* The ids that the node has staged and activated last. */
	enum err (*look)(void *ctx, size_t node, char staged[STAGE_ID], char last[STAGE_ID],
		struct fail *why);
	/* Such a failure leaves open whether the node did it. */
	bool (*unsure)(enum err err);
	/* A node has answered. May be NULL. */
	void (*told)(void *ctx, size_t node, enum publish_phase phase, enum err err,
		const struct fail *why);
};

enum publish_standing {
	PUBLISH_OLD,     /* the node has what it had */
	PUBLISH_NEW,     /* it has the new list */
	PUBLISH_WAITING, /* it has what it had, and the new one is staged */
	PUBLISH_UNKNOWN, /* it does not answer: one of them, whole */
};
/* "unchanged", "activated", "staged", "unknown" */
const char *publish_standing_word(enum publish_standing standing);

struct publish_node {
	enum publish_standing standing;
	enum publish_phase phase; /* that it failed in */
	enum err err;
	struct fail why;
};

enum publish_outcome {
	PUBLISH_DONE,    /* every node has the new list */
	PUBLISH_NOTHING, /* no node has it */
	PUBLISH_PARTLY,  /* some have it, or nobody can tell */
};

/* `nodes` is filled, one for each. */
enum publish_outcome publish_run(
	const char *id, const struct publish_ops *ops, struct publish_node *nodes, size_t count);

/* --- a publication that was interrupted --- */

enum publish_remedy {
	PUBLISH_ALL_WELL,    /* nothing is staged anywhere and all nodes have the same list */
	PUBLISH_FINISH,      /* activated somewhere, staged elsewhere: to be activated there */
	PUBLISH_ROLL_BACK,   /* staged, and activated nowhere: to be forgotten */
	PUBLISH_CANNOT_TELL, /* the same, but a node that does not answer may have activated it */
	PUBLISH_AGAIN,       /* lists differ and nothing is staged: run Update CTL File */
};

/* What to do about what the nodes said; *id is the publication that is concerned ("" none). */
enum publish_remedy publish_examine(const struct ctlclient_cluster *c, char id[STAGE_ID]);

/* Does it: activates or forgets *id where it is staged. True when every node that was asked did. */
bool publish_mend(const struct ctlclient_cluster *c, enum publish_remedy remedy, const char *id,
	const struct publish_ops *ops, struct publish_node *nodes);

#endif
