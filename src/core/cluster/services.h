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
const char *service_word(enum node_service s); /* "tftp" */
/* Full title or a short word (tftp, callmanager, ctlprovider, capf, tvs), without regard to case.
 */
bool service_find(const char *name, enum node_service *out);

enum service_action { SERVICE_START, SERVICE_STOP, SERVICE_RESTART };

/* What a running daemon says of one. */
struct service_state {
	bool started;
	char waits[128]; /* what a restart would bring in force, for people; "" nothing */
};

/* The order in which a node's services are started, and restarted without any phone meeting a key
 * that no list it was offered names. Ends with SERVICE_COUNT. */
extern const enum node_service service_order[];

/* New nodes have all of them activated. */
enum err service_activated(
	struct cluster *c, enum node_service s, bool *yes, struct fail *why) MUST_USE;
enum err service_set_activated(
	struct cluster *c, enum node_service s, bool yes, struct fail *why) MUST_USE;

/* What TFTP serves: the lists and the signing key as they were at its last start (struct cluster
 * holds the snapshot; touched in pool jobs only). Makes the ITL anew first, when it would say
 * something new. On an error the snapshot is the one before. */
enum err cluster_serve_lists(struct cluster *c, struct fail *why) MUST_USE;
/* The same where there is no snapshot yet, when the time of an empty ITL has ended (itl.h), and
 * with the setting lists_at_once also when another CTL was published since. */
enum err cluster_serve_now(struct cluster *c, struct fail *why) MUST_USE;
/* True when a published list is not the served one. */
bool cluster_lists_wait(struct cluster *c);
/* Whether secure modes may apply at all: mixed mode, and a CTL from which phones learn whom to
 * trust. Where lists are served it is what they say, so that no phone is told to be secure before
 * it is offered the list for that; elsewhere, what is published. */
enum err cluster_secured(struct cluster *c, bool *yes, struct fail *why) MUST_USE;
/* A served list's bytes, borrowed until the next snapshot; empty: none. */
struct span cluster_served_ctl(const struct cluster *c);
struct span cluster_served_itl(const struct cluster *c);
/* Another number after each snapshot; 0 before the first. */
uint64_t cluster_served_number(const struct cluster *c);
/* ERR_NOTNOW with the reason for a list that phones would refuse. After a snapshot. */
enum err cluster_served_check(const struct cluster *c, bool itl, struct fail *why) MUST_USE;
/* When the served ITL is to be made anew, seconds since 1970; 0 never. */
int64_t cluster_served_until(const struct cluster *c);
/* As cluster_serve_lists for a process that serves nobody: what a start of TFTP would bring in
 * force, as it is published; nothing is written. */
enum err cluster_serve_published(struct cluster *c, struct fail *why) MUST_USE;

/* The key that signs files, with its certificate, as they were when the snapshot was taken: a
 * regeneration changes what the names on disk stand for. Work that is done elsewhere holds it
 * beyond the snapshot; signing may come from several threads at once. */
struct file_key;
struct file_key *cluster_file_key(const struct cluster *c); /* borrowed; NULL before the first */
struct file_key *file_key_hold(struct file_key *k);
void file_key_drop(struct file_key *k);                     /* NULL allowed */
const struct cert *file_key_cert(const struct file_key *k); /* NULL of NULL */
/* Hex digits that no other certificate has. */
const char *file_key_id(const struct file_key *k);
enum err file_key_sign(struct file_key *k, enum digest_alg alg, const struct span *pieces,
	size_t count, struct buf *signature, struct fail *why) MUST_USE;

/* The certificate and key that issue LSCs: those in force when CAPF was last started (or when first
 * asked for). Borrowed until cluster_issue_anew, which CAPF's start calls. */
enum err cluster_issue_anew(struct cluster *c, struct fail *why) MUST_USE;
enum err cluster_issuer(struct cluster *c, const struct cert **cert, struct signer **signer,
	const char **key_name, struct fail *why) MUST_USE;

#endif
