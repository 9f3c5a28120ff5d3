/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_CTLCLIENT_PLAN_H
#define CORE_CTLCLIENT_PLAN_H

#include "core/ctlclient/node.h"
#include "core/list/check.h"
#include "core/list/diff.h"
#include "core/list/server.h"

/* What the CTL client may do with what the nodes said, and the list that it would sign. Pure. */

enum ctlclient_choice {
	CTLCLIENT_SET_MIXED,
	CTLCLIENT_SET_NON_SECURE,
	CTLCLIENT_UPDATE,
	CTLCLIENT_CHOICES
};
/* "mixed", "non-secure", "update"; and what the original calls it. */
const char *ctlclient_choice_word(enum ctlclient_choice choice);
const char *ctlclient_choice_title(enum ctlclient_choice choice);
bool ctlclient_choice_find(const char *word, enum ctlclient_choice *out);

/* Not the mode that the cluster is in, but mixed mode again when its CTL is gone. Non-secure mode
 * is the one that it begins with. Update needs a CTL. ERR_NOTNOW says why not. */
enum err ctlclient_may_choose(
	const struct ctlclient_cluster *c, enum ctlclient_choice choice, struct fail *why) MUST_USE;

/* --- findings --- */

struct ctlclient_finding {
	const char *code; /* for programs; docs/how-to/run-the-ctl-client.md */
	enum list_severity severity;
	const struct ctlclient_node *node; /* NULL: the cluster as a whole */
	const char *text;                  /* with the remedy; valid during the call */
};
typedef void ctlclient_found(void *ctx, const struct ctlclient_finding *finding);

/* Everything that should be known before a PIN is asked for. A LIST_FAULT forbids to go on. */
#define CTLCLIENT_CLOCK_OFF 30 /* seconds that a node's clock may differ */
void ctlclient_check(const struct ctlclient_cluster *c, enum ctlclient_choice choice, int64_t now,
	ctlclient_found *found, void *ctx);

/* --- the list --- */

/* A certificate that may sign lists. */
struct ctlclient_sast {
	struct cert *cert;
	bool held;    /* a SAST of the present CTL */
	bool system;  /* a node's own key, as tokenless lists have it: no token */
	bool removed; /* shall not be in the new list */
	char label[64];
};

#define CTLCLIENT_SASTS_MAX  64u
#define CTLCLIENT_TOKENS_MIN 2u

struct ctlclient_plan {
	const struct ctlclient_cluster *cluster; /* borrowed */
	enum ctlclient_choice choice;
	bool has_present;
	struct buf present_file; /* the publisher's CTL */
	struct tlv_list present; /* borrows from it */
	struct ctlclient_sast sasts[CTLCLIENT_SASTS_MAX];
	size_t sast_count;
	size_t signer;         /* index of the token that signs */
	struct buf file;       /* the new list */
	struct span pieces[2]; /* to be signed; borrow from it */
};

/* The tokens of the publisher's CTL (its bytes are in its node's `list`) are taken over. ERR_VERIFY
 * when that CTL cannot be read or its signature is wrong: then nobody knows whom phones trust. */
enum err ctlclient_plan_init(struct ctlclient_plan *p, const struct ctlclient_cluster *c,
	enum ctlclient_choice choice, struct fail *why) MUST_USE;
void ctlclient_plan_fini(struct ctlclient_plan *p);

/* The token that shall sign. ERR_TRUST, with the original's words, when there is a CTL and it is no
 * SAST of it. */
enum err ctlclient_plan_signer(struct ctlclient_plan *p, const struct cert *cert, const char *label,
	struct fail *why) MUST_USE;
/* A further token. ERR_EXISTS when it is in the list already; ERR_LIMIT. */
enum err ctlclient_plan_add(struct ctlclient_plan *p, const struct cert *cert, const char *label,
	struct fail *why) MUST_USE;
/* A token of the present CTL is left out. ERR_NOTNOW for the one that signs. */
enum err ctlclient_plan_remove(struct ctlclient_plan *p, size_t sast, struct fail *why) MUST_USE;

/* Tokens that the new list would have. */
size_t ctlclient_plan_tokens(const struct ctlclient_plan *p);
/* ERR_NOTNOW with fewer than CTLCLIENT_TOKENS_MIN, and why that is so. */
enum err ctlclient_plan_enough(const struct ctlclient_plan *p, struct fail *why) MUST_USE;

/* What a list says of this node; borrows from it. */
struct list_server ctlclient_node_server(const struct ctlclient_node *n);

/* Builds the list without its signature. As list_build on errors. */
enum err ctlclient_plan_build(struct ctlclient_plan *p, int64_t now, struct fail *why) MUST_USE;

/* Whether phones that hold a CTL of this cluster (nodes may have different ones) accept the list;
 * `because` gets one sentence for people. Before it is signed the signer's record is looked for;
 * after that everything is checked as phones do. ERR_TRUST, ERR_VERIFY, … as list_accepts. */
enum err ctlclient_plan_judge(
	const struct ctlclient_plan *p, bool is_signed, struct buf *because) MUST_USE;

/* What differs from the publisher's present CTL; nothing is called when there is none. */
enum err ctlclient_plan_diff(
	const struct ctlclient_plan *p, list_changed *changed, void *ctx) MUST_USE;

/* --- afterwards --- */

struct ctlclient_restart {
	const struct ctlclient_node *node;
	enum node_service service;
};
/* In the order in which to do it: TFTP on all nodes, then CAPF where its certificate is another
 * one than in the present CTL, then CallManager. Returns how many; at most `size` are written. */
size_t ctlclient_restarts(
	const struct ctlclient_plan *p, struct ctlclient_restart *out, size_t size);

#endif
