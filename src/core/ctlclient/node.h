/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_CTLCLIENT_NODE_H
#define CORE_CTLCLIENT_NODE_H

#include "core/cluster/services.h"
#include "core/cluster/stage.h"
#include "core/list/list.h"
#include "wire/json.h"

/* What the nodes of a cluster said to the CTL client. Pure: the answers and the time are handed in,
 * nothing is asked here. spec: docs/formats/ctl-provider.md */
#define CTLCLIENT_NODES_MAX 64u
#define CTLCLIENT_NAME      STORE_NAME

/* Certificates that a node hands out. */
enum ctlclient_cert {
	CTLCLIENT_CALLMANAGER,
	CTLCLIENT_CAPF,
	CTLCLIENT_TVS,
	CTLCLIENT_ITLRECOVERY,
	CTLCLIENT_CERTS
};

struct ctlclient_node {
	char name[CTLCLIENT_NAME], address[CTLCLIENT_NAME], version[32];
	int port;
	bool named; /* the publisher knows it by this name, so that it must say the same */
	/* ERR_NOTNOW before it was asked. Not ERR_OK: *why tells, and what follows is empty. */
	enum err reached;
	struct fail why;
	int64_t time, asked; /* its clock and ours, seconds since 1970 */
	int mode;            /* 1 mixed, 0 non-secure */
	bool publisher;
	bool activated[SERVICE_COUNT], started[SERVICE_COUNT];
	struct cert *certs[CTLCLIENT_CERTS]; /* NULL: has none */
	int tvs_port;                        /* 0: said none */
	bool has_ctl, ever;
	uint8_t ctl[32];                       /* SHA-256 of its CTL */
	struct buf list;                       /* the CTL itself, put here by whoever fetched it */
	char staged[STAGE_ID], last[STAGE_ID]; /* publications; "" none */
	char staged_by[CTLCLIENT_NAME];
	int64_t staged_at; /* by its clock */
	bool auto_registration;
	int64_t backup; /* its newest, by its clock; 0 none, or it does not say */
	int unsaved;    /* keys of its that no backup holds; 0 none, or it does not say */
};

/* The nodes; the first is the one whose name was given. */
struct ctlclient_cluster {
	struct ctlclient_node *nodes;
	size_t count;
};

void ctlclient_cluster_fini(struct ctlclient_cluster *c);

/* Adds a node that has not been asked yet. One of that name, or of that address and port, is there
 * already: no error, nothing changes. ERR_LIMIT, ERR_NOMEM. */
enum err ctlclient_node_add(struct ctlclient_cluster *c, const char *name, const char *address,
	int port, struct fail *why) MUST_USE;

/* Takes over the answer to GET /v1/node; `now` is our clock. ERR_PROTO names what is wrong in it;
 * the node then counts as not reached. */
enum err ctlclient_node_read(struct ctlclient_node *n, const struct json *answer, int64_t now,
	struct fail *why) MUST_USE;
/* The node could not be asked, for this reason. */
void ctlclient_node_missed(struct ctlclient_node *n, const struct fail *why);

/* The nodes that a publisher's answer names are added. ERR_NOTNOW when it is no publisher's: only
 * that one knows all of them. */
enum err ctlclient_peers_read(
	struct ctlclient_cluster *c, const struct json *answer, struct fail *why) MUST_USE;

/* The publisher that was reached, or NULL. */
const struct ctlclient_node *ctlclient_publisher(const struct ctlclient_cluster *c);

/* "CallManager", "CAPF", "TVS", "ITLRecovery" */
const char *ctlclient_cert_name(enum ctlclient_cert which);

#endif
