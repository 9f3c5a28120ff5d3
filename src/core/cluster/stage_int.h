/* SPDX-License-Identifier: BSD-2-Clause
 * What stage*.c share: the files of ctl/ and the judgement. All under the cluster's lock. */
#ifndef CORE_CLUSTER_STAGE_INT_H
#define CORE_CLUSTER_STAGE_INT_H

#include "core/cluster/internal.h"

#define SHA256_SIZE 32u
#define STAGE_SASTS 64u /* tokens of one list that are put into Phone-SAST-trust */

/* staged.json and last.json */
struct publication {
	char id[STAGE_ID];
	char by[STORE_NAME];
	bool here;                 /* staged and activated by one call on this node alone */
	bool same;                 /* the list was published already when it was staged */
	int64_t at;                /* seconds since 1970 */
	uint8_t list[SHA256_SIZE]; /* of the list that it brings */
	/* names in Phone-SAST-trust that came with it */
	char trust[STAGE_SASTS][TRUST_NAME];
	size_t trust_count;
};

/* What ctl/ and tftp/ hold. */
struct stage_state {
	struct published present; /* the CTL; one that cannot be parsed has an empty list */
	struct fail damaged;      /* why it cannot be parsed; ERR_OK when it can */
	uint8_t present_sum[SHA256_SIZE];
	bool ever;
	bool has_last, has_staged;
	struct publication last, staged;
	struct buf staged_list; /* whole, when has_staged */
};

enum err stage_sum(struct span bytes, uint8_t out[SHA256_SIZE], struct fail *why) MUST_USE;

/* Reads it all. A staged.json without its whole list is no publication: `half` gets its names,
 * which must be taken out of the unit again. */
enum err stage_load(struct cluster *c, struct stage_state *s, struct publication *half,
	bool *has_half, struct fail *why) MUST_USE;
void stage_fini(struct stage_state *s);

enum err stage_write_staged(struct cluster *c, const struct publication *p, struct span list,
	struct fail *why) MUST_USE;
enum err stage_write_last(
	struct cluster *c, const struct publication *p, struct fail *why) MUST_USE;
enum err stage_write_ever(struct cluster *c, struct fail *why) MUST_USE;
enum err stage_remove(struct cluster *c, const char *name, struct fail *why) MUST_USE;
#define STAGED_LIST "staged.tlv"
#define STAGED_FILE "staged.json"
#define LAST_FILE   "last.json"
#define EVER_FILE   "ever"

/* --- Phone-SAST-trust --- */

/* Calls `each` with the certificate of every SAST record. */
typedef enum err stage_sast(
	struct cluster *c, void *ctx, const struct cert *cert, struct fail *why);
enum err stage_each_sast(struct cluster *c, struct span bytes, stage_sast *each, void *ctx,
	struct fail *why) MUST_USE;
/* `ctx` is the publication that learns which names the list brings. */
enum err stage_trust_plan(
	struct cluster *c, void *ctx, const struct cert *cert, struct fail *why) MUST_USE;
enum err stage_trust_bring(
	struct cluster *c, void *ctx, const struct cert *cert, struct fail *why) MUST_USE;
/* Of what is staged already: a name that was taken meanwhile must not keep it from being undone. */
enum err stage_trust_bring_again(
	struct cluster *c, void *ctx, const struct cert *cert, struct fail *why) MUST_USE;
/* `ctx` is a stage_keeping: names of `from` that the list has too come into `out`. */
struct stage_keeping {
	struct publication *out;
	const struct publication *from;
};
enum err stage_trust_keep(
	struct cluster *c, void *ctx, const struct cert *cert, struct fail *why) MUST_USE;
enum err stage_trust_forget(
	struct cluster *c, const struct publication *p, struct fail *why) MUST_USE;

/* Would a phone that holds the present CTL take this list, and may it be published at all? */
enum err stage_judge(struct cluster *c, const struct stage_state *s, struct span list,
	struct fail *why) MUST_USE;

/* Mixed mode unless every server entry is emptied. */
int stage_mode_of(const struct tlv_list *list);

#endif
