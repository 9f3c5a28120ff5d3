/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_CLUSTER_SERVICES_H
#define CORE_CLUSTER_SERVICES_H

#include "core/cluster/cluster.h"

/* The services of a node in the original's words. Activated is a wish that survives (a row of the
 * store); started is what the daemon does now. */
enum node_service {
	SERVICE_TFTP,         /* "Cisco Tftp" */
	SERVICE_CALLMANAGER,  /* "Cisco CallManager" */
	SERVICE_CTL_PROVIDER, /* "Cisco CTL Provider" */
	SERVICE_CAPF,         /* "Cisco Certificate Authority Proxy Function" */
	SERVICE_TVS,          /* "Cisco Trust Verification Service": always activated, as there */
	SERVICE_COUNT
};
const char *service_title(enum node_service s);
/* Full title or a short word (tftp, callmanager, ctlprovider, capf, tvs), without regard to case.
 */
bool service_find(const char *name, enum node_service *out);

/* New nodes have all of them activated. */
enum err service_activated(
	struct cluster *c, enum node_service s, bool *yes, struct fail *why) MUST_USE;
enum err service_set_activated(
	struct cluster *c, enum node_service s, bool yes, struct fail *why) MUST_USE;

/* What TFTP serves: the lists and the signing key as they were at its last start (struct cluster
 * holds the snapshot; touched in pool jobs only). Builds the ITL anew first. Called when TFTP
 * starts; with the setting `lists_at_once` also after every publication. */
enum err cluster_serve_lists(struct cluster *c, struct fail *why) MUST_USE;
/* A served list's bytes, borrowed until the next cluster_serve_lists; empty: none. */
struct span cluster_served_ctl(const struct cluster *c);
struct span cluster_served_itl(const struct cluster *c);
/* Name under which cluster_get_signer knows the key that signs files now, and its certificate. */
const char *cluster_file_key(const struct cluster *c);
const struct cert *cluster_file_cert(const struct cluster *c);

#endif
