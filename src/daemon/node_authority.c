/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/node_priv.h"

#define THREADS 8u /* conversations at once */

static enum err enroll(
	void *ctx, struct span request, struct buf *answer, int64_t *retry_after, struct fail *why)
{
	return client_est_enroll(ctx, request, answer, retry_after, why);
}

enum err node_authority_open(struct node *n, struct fail *why)
{
	const struct settings *set = cluster_get_settings(n->cluster);
	enum lsc_authority kind;
	enum err err = lsc_authority_parse(set->capf_ca, &kind, why);

	if (err != ERR_OK || kind != LSC_EST)
		return err;
	n->est = (struct est){
		.settings = set, .folder = cluster_get_folder(n->cluster), .stop = &n->ending};
	n->authority = (struct service_authority){.ctx = &n->est, .enroll = enroll};
	err = pool_new(&n->outside, THREADS);
	return err ? fail_set(why, err, "%s", err_text(err)) : ERR_OK;
}

enum err node_authority_check(struct node *n, struct fail *why)
{
	return n->outside ? client_est_check(&n->est, why) : ERR_OK;
}

void node_authority_end(struct node *n)
{
	atomic_store(&n->ending, true);
}
