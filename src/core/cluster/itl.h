/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_CLUSTER_ITL_H
#define CORE_CLUSTER_ITL_H

#include "core/cluster/cluster.h"

/* What an administrator does to the ITL of this node. The list itself: cluster_build_itl. */

/* "Prepare cluster for rollback": until then (seconds since 1970) the ITL names SASTs alone, so
 * that phones accept whatever an older call manager serves them. 0 switches it off. ERR_ARG for a
 * time that has passed or lies too far ahead. It takes effect when TFTP is restarted; it ends by
 * itself, and a restart of TFTP after that serves a full list again. */
#define ROLLBACK_DAYS_MAX 30
enum err cluster_set_rollback(struct cluster *c, int64_t until, struct fail *why) MUST_USE;
/* *until is 0 when it is off or has ended. */
enum err cluster_rollback(struct cluster *c, int64_t *until, struct fail *why) MUST_USE;

/* utils itl reset: writes an ITL signed by this node's ITLRecovery key (`key` and `cert` NULL) or
 * by another cluster's, of which phones hold a list. It stays as it is until cluster_itl_normal or
 * a change of a certificate; the server's restart serves it. */
struct key;
enum err cluster_reset_itl(struct cluster *c, const struct key *key, const struct cert *cert,
	struct fail *why) MUST_USE;
/* Is such a list in place? */
enum err cluster_itl_kept(struct cluster *c, bool *kept, struct fail *why) MUST_USE;
/* No longer kept: TFTP's next restart builds the list. */
enum err cluster_itl_normal(struct cluster *c, struct fail *why) MUST_USE;

#endif
