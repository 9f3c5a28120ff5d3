/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_CLUSTER_INTERNAL_H
#define CORE_CLUSTER_INTERNAL_H

#include "core/cluster/cluster.h"

struct cluster {
	char *folder;
	struct settings settings;
	const struct clock *clock;
	struct store *store;
	struct signer *signer;
};

#define PARAM_MODE "ClusterSecurityMode"

/* Both attributes of every certificate that a node makes; the common name says the rest. */
#define CLUSTER_OU "Cadeado"
#define CLUSTER_O  "Cadeado"

/* Makes what is missing of the node's keys and certificates: the key first, then the certificate
 * for it, so that a kill between the two is mended by the next run. Once a CTL is published (and
 * phones trust what it names) nothing is made again: ERR_NOTNOW. */
enum err cluster_make_certs(struct cluster *c, struct fail *why) MUST_USE;

/* An exclusive lock on the folder for what must not happen twice at once; file_unlock it. */
int cluster_lock(const struct cluster *c, struct fail *why);

#endif
