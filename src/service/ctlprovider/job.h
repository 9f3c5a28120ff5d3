/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_CTLPROVIDER_JOB_H
#define SERVICE_CTLPROVIDER_JOB_H

#include "core/cluster/stage.h"
#include "net/addr.h"
#include "service/http.h"
#include "service/jobs.h"
#include "service/service.h"

/* Inside this folder: one request, from its account to its answer; all but the two ends of it runs
 * in the pool. */

enum request_kind { REQUEST_NODE, REQUEST_CTL, REQUEST_STAGE, REQUEST_ACTIVATE, REQUEST_ABORT };

struct ctlprovider;

struct job {
	struct job_link link;
	struct ctlprovider *service;
	struct slot_ref ref;
	struct net_addr peer;
	const struct service_env *env;

	enum request_kind kind;
	struct buf name, password; /* NUL-terminated */
	char from[NET_ADDR_MAX];
	char id[STAGE_ID];
	struct buf list;
	bool has_present;
	uint8_t present[32];

	/* The answer. */
	bool logged_in, denied;
	unsigned status;
	const char *word; /* of an error; NULL: `body` is the answer */
	struct fail why;
	struct buf body;
	char tag[2 + 64 + 1]; /* "\"<SHA-256>\"" of the CTL, with quotes; "" none */
	int64_t wait;         /* seconds; 429 */
};

/* In the pool: logs in and does it. */
void provider_job_work(struct job *j);
void provider_job_free(struct job *j);

/* The node as JSON, appended. */
enum err provider_node_json(struct cluster *c, const struct service_env *env, struct buf *out,
	struct fail *why) MUST_USE;

#endif
