/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_CLUSTER_NODES_H
#define CORE_CLUSTER_NODES_H

#include "core/cluster/cluster.h"
#include "core/list/server.h"

/* How many nodes this one knows besides itself. */
enum err cluster_other_nodes(struct cluster *c, size_t *count, struct fail *why) MUST_USE;

/* Where the publisher is as far as this node can tell: its own address, or that of the CAPF which
 * the published CTL names, for CAPF is on the publisher alone. "" not known. */
#define CLUSTER_ADDRESS SETTINGS_TEXT_SIZE
enum err cluster_publisher_address(
	struct cluster *c, char out[CLUSTER_ADDRESS], struct fail *why) MUST_USE;

/* All nodes, this one among them, as somebody says who has asked them over the network, and how a
 * list comes to them. */
#define CLUSTER_NODES_MAX 64u
struct cluster_node {
	struct list_server server;
	const struct cert *tvs; /* NULL: it has none */
	bool own;               /* this one */
};
struct cluster_nodes {
	void *ctx;
	const struct cluster_node *nodes;
	size_t count; /* at most CLUSTER_NODES_MAX */
	/* To every node, or to none. */
	enum err (*publish)(void *ctx, struct span list, struct fail *why);
};

/* This node's ITL names their TVS from TFTP's next start on, and its TVS speaks for them: what they
 * handed out comes into TVS-trust and CallManager-trust. */
enum err cluster_trust_nodes(
	struct cluster *c, const struct cluster_nodes *nodes, struct fail *why) MUST_USE;

#endif
