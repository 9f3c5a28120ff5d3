/* SPDX-License-Identifier: BSD-2-Clause
 * What goes into this node's lists, whoever signs them. */
#ifndef CORE_CLUSTER_LISTS_H
#define CORE_CLUSTER_LISTS_H

#include "core/cluster/internal.h"
#include "core/cluster/nodes.h"
#include "core/list/server.h"

#define LIST_DIGEST      DIGEST_SHA1 /* all that 79xx phones can check */
#define LIST_SASTS_MAX   64u
#define LIST_OTHERS_MAX  64u /* servers, TVS and CAPF of one list */
#define LIST_ENTRIES_MAX (LIST_SASTS_MAX + LIST_OTHERS_MAX)

/* Certificates that a list borrows, each once. */
struct cert_set {
	struct cert *certs[LIST_ENTRIES_MAX];
	size_t count;
};
/* Takes the certificate; one that is there already is freed. *at (may be NULL) is where it is. */
enum err cert_set_take(
	struct cert_set *set, struct cert *take, size_t *at, struct fail *why) MUST_USE;
bool cert_set_has(const struct cert_set *set, const struct cert *cert);
void cert_set_fini(struct cert_set *set);

struct ctl_request {
	const struct cert_set *sasts; /* in the order of the list */
	const struct cert *signer;    /* one of them */
	enum list_style style;
	bool emptied;                      /* for non-secure mode */
	const struct cluster_nodes *nodes; /* NULL: this node alone */
};

/* The CTL without its signature: SASTs, every node's server entry and CAPF. As list_build. */
enum err ctl_prepare(struct cluster *c, const struct ctl_request *r, struct buf *file,
	struct span pieces[2], struct fail *why) MUST_USE;

/* This node's address as lists have it; *len is 0 for a host name. */
void list_address(const struct cluster *c, uint8_t out[16], size_t *len);

/* A key of this node that can sign lists. */
struct local_signer {
	enum own_cert which;
	struct cert *cert;  /* freed by local_signer_fini */
	char key[KEY_NAME]; /* for cluster_get_signer */
};
void local_signer_fini(struct local_signer *s);

/* The key that phones with `present` (NULL: none) know as a SAST: the newest of `which`, else its
 * previous one. ERR_TRUST when they know neither. */
enum err local_signer_find(struct cluster *c, enum own_cert which, const struct tlv_list *present,
	struct local_signer *out, struct fail *why) MUST_USE;

/* By the setting list_signer; and the other one. */
enum own_cert list_signer(const struct cluster *c);
enum own_cert list_other_signer(const struct cluster *c);

/* Signs with a key of this node and puts the signature in. */
enum err local_sign(struct cluster *c, const struct local_signer *s, struct buf *file,
	const struct span pieces[2], struct fail *why) MUST_USE;

#endif
