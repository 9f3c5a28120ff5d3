/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_CLUSTER_H
#define CORE_CLUSTER_H

#include "base/clock.h"
#include "base/settings.h"
#include "crypto/cert.h"
#include "crypto/signer.h"
#include "store/store.h"

/* One node's state folder:
 *   cadeado.conf  settings            cadeado.db  store
 *   keys/         <name>.pem .key of own.h, previous/, trust/ (0700)
 *   ctl/          the list that waits, the publication made last (stage.h)
 *   tokens/       file tokens (0700)  tftp/       the one served folder: CTLFile.tlv
 *   activelog/    cm/trace/{ctftp,capf,ccm,tvs}/sdi (base/trace.h)  admin.sock
 * A struct cluster is used by one thread at a time and its calls may block: never on an event loop.
 */
struct cluster;

/* The folder of what the original's console calls activelog, within the state folder. */
#define ACTIVELOG_FOLDER "activelog"

/* Node name and address can stand in certificates, lists and configurations, and the ports are
 * usable; ERR_FORMAT names the setting that is wrong. */
enum err cluster_check_settings(const struct settings *s, struct fail *why) MUST_USE;

/* Makes the folder, settings, store, node row, default profiles ("Non Secure", "Non Secure SIP",
 * "Encrypted"), CallManager and CAPF keys (RSA-2048) and certificates. Done again on a folder that
 * is complete or that an earlier run left half-made, it adds only what is missing. */
enum err cluster_create(const char *folder, const struct settings *settings,
	const struct clock *clock, struct fail *why) MUST_USE;

/* ERR_NOTFOUND says how to make one. `clock` is borrowed. */
enum err cluster_open(struct cluster **out, const char *folder, const struct clock *clock,
	struct fail *why) MUST_USE;
void cluster_close(struct cluster *c);

struct store *cluster_get_store(struct cluster *c);
const struct settings *cluster_get_settings(const struct cluster *c);
/* Whether cadeado.conf is another than the one that cluster_open read. */
bool cluster_settings_changed(const struct cluster *c);
const struct clock *cluster_get_clock(const struct cluster *c);
const char *cluster_get_folder(const struct cluster *c);
/* Online keys by the names of own_in_force ("CallManager", "previous/CallManager"), answering
 * before the call returns. */
struct signer *cluster_get_signer(struct cluster *c);

/* The store's file, to be given to mem_free; NULL when it is no file of this machine. ERR_NOMEM. */
enum err cluster_store_file(const struct cluster *c, char **path) MUST_USE;

/* Path of something in the folder ("tftp", "CTLFile.tlv"; NULL name: the sub-folder); mem_free it.
 */
char *cluster_path(const struct cluster *c, const char *sub, const char *name);

/* A node certificate from keys/<name>.pem, read anew. Caller frees. */
enum err cluster_cert(
	const struct cluster *c, const char *name, struct cert **out, struct fail *why) MUST_USE;

/* Mixed mode: 1, non-secure: 0. */
enum err cluster_mode(struct cluster *c, int *mode, struct fail *why) MUST_USE;

/* The published CTL's bytes, appended. ERR_NOTFOUND when there is none. */
enum err cluster_ctl(const struct cluster *c, struct buf *out, struct fail *why) MUST_USE;

/* The same of tftp/ITLFile.tlv. */
enum err cluster_itl(const struct cluster *c, struct buf *out, struct fail *why) MUST_USE;

/* The ITL that this node should serve now, signed, appended to *out: SASTs, this node's server
 * entry (TFTP in non-secure mode, CCM+TFTP in mixed mode), hashes of TVS certificates and CAPF. Its
 * signer is one that phones with the present ITL know, by the setting list_signer where they know
 * both. While the cluster is prepared for a rollback: the SASTs alone. A list that `utils itl
 * reset` put in place is given back as it is. Writes nothing. */
enum err cluster_build_itl(struct cluster *c, struct buf *out, struct fail *why) MUST_USE;

struct cluster_signing {
	const char *token; /* label of the token that signs; NULL: a key of this node (tokenless) */
	const char *pin;
	const char *module;                /* PKCS #11 module of that token; NULL: a file token */
	const char *by;                    /* account or user, for the record of the publication */
	const struct cluster_nodes *nodes; /* NULL: this node alone */
	bool non_secure;                   /* server entries emptied: ends mixed mode */
	bool with_local_key;     /* signed by a token: this node's keys become SASTs too */
	bool with_tokens;        /* signed by a key of this node: the tokens become SASTs too */
	bool other_key;          /* of this node's keys the one that list_signer does not name */
	int attempts_left;       /* out: tries left after this one; -1 not known */
	size_t tokens;           /* out: SAST records written */
	size_t bytes;            /* out: size of the list */
	char signer[STORE_NAME]; /* out: the token's label, "CallManager" or "ITLRecovery" */
};

/* Builds the CTL (SASTs, signer first; CCM+TFTP; CAPF), signs it and publishes it on this node as
 * stage.h says, or on all of s->nodes, whose TVS and CallManager certificates then come into this
 * node's trust units. Nothing changes on an error. ERR_NOTNOW with fewer than two tokens, while
 * other nodes would be left behind, or on a subscriber; ERR_PIN, ERR_LOCKED; ERR_TRUST when phones
 * would refuse, with the way that they would accept; ERR_EXPIRED when this machine's clock is
 * behind the present list. */
enum err cluster_publish_ctl(
	struct cluster *c, struct cluster_signing *s, struct fail *why) MUST_USE;

#endif
