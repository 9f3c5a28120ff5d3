/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_CLUSTER_OWN_H
#define CORE_CLUSTER_OWN_H

#include "core/cluster/cluster.h"

/* The node's own certificates and their keys, and which of them is in force where.
 *
 * keys/<name>.pem .key is the newest: what `show cert own` prints and lists name from now on.
 * keys/previous/<name>.pem .key is the one before it, kept from a regeneration until no service
 * needs it any more. A service takes the newest only when the served list names it (the CTL in
 * mixed mode, else the ITL; without TFTP in this process the published one) and the service is
 * started after that; until then it works with the
 * previous one, so that no phone meets a key that it cannot know. A first key has no previous. */
enum own_cert {
	OWN_CALLMANAGER, /* Secure SCCP; signs configuration, ITL, tokenless CTL before 12.0 */
	OWN_CAPF,
	OWN_TVS,
	OWN_ITLRECOVERY,  /* 20 years; signs lists from 12.0; only the publisher's counts */
	OWN_CTL_PROVIDER, /* HTTPS on 2444 */
	OWN_COUNT
};

/* "CallManager", "CAPF", "TVS", "ITLRecovery", "CTLProvider": file name and word of the commands.
 */
const char *own_name(enum own_cert which);
/* Also takes "CallManager/CallManager.pem" and "CallManager.pem", without regard to case. false:
 * no such name. */
bool own_find(const char *name, enum own_cert *which);

/* Makes what is missing (a folder of an earlier version gets TVS, ITLRecovery, CTLProvider). */
enum err own_make_missing(struct cluster *c, struct fail *why) MUST_USE;

/* The newest certificate. Caller frees. ERR_NOTFOUND. */
enum err own_newest(
	struct cluster *c, enum own_cert which, struct cert **out, struct fail *why) MUST_USE;

/* The certificate with which a service that starts now works, and the name under which
 * cluster_get_signer knows its key ("CallManager" or "previous/CallManager"). Caller frees *out. */
enum err own_in_force(struct cluster *c, enum own_cert which, struct cert **out,
	char key_name[STORE_NAME], struct fail *why) MUST_USE;

/* The same key for a TLS listener. Caller frees. */
enum err own_tls_key(
	struct cluster *c, const char *key_name, struct key **out, struct fail *why) MUST_USE;

/* What an administrator must do after a change, in safe order; each ends the step before. */
enum own_step {
	OWN_STEP_ITL,         /* the ITL is built anew (done by TFTP's restart) */
	OWN_STEP_CTL,         /* utils ctl update CTLFile, or the CTL client's Update CTL File */
	OWN_STEP_TVS,         /* restart TVS */
	OWN_STEP_TFTP,        /* restart TFTP on all nodes */
	OWN_STEP_CAPF,        /* restart CAPF */
	OWN_STEP_CALLMANAGER, /* restart CallManager on all nodes; resets phones */
	OWN_STEP_PROVIDER,    /* restart CTL Provider; clients will be shown a new fingerprint */
	OWN_STEP_END
};
struct own_change {
	enum own_step steps[8]; /* ends with OWN_STEP_END */
	char sentence[256];     /* what phones will notice, for people */
};

/* A new key and certificate (set cert regen). The newest becomes the previous. ERR_NOTNOW while a
 * previous one is still in force somewhere (the steps of the last change have not been finished),
 * and where it would lock phones out: TVS and CallManager at once, or the last anchor that phones
 * know. */
enum err own_regenerate(struct cluster *c, enum own_cert which, struct own_change *change,
	struct fail *why) MUST_USE;

/* A certificate (and its key, PEM, when not NULL) made elsewhere takes the place of the newest.
 * ERR_VERIFY when key and certificate do not fit. */
enum err own_import(struct cluster *c, enum own_cert which, struct span cert_pem,
	struct span key_pem, struct own_change *change, struct fail *why) MUST_USE;

/* The service that works with this key (CallManager, CAPF, TVS, CTL Provider of their own; TFTP for
 * ITLRecovery) has been started with own_in_force's answer: forgets the previous key when neither
 * it nor a published list needs it any more. No previous one is no error. */
enum err own_retire_previous(struct cluster *c, enum own_cert which, struct fail *why) MUST_USE;

/* --- certificates of others: keys/trust/<unit>/<name>.pem --- */

/* "Phone-SAST-trust" (TVS answers that they may sign lists), "CallManager-trust", "CAPF-trust",
 * "TVS-trust" (other nodes' TVS, named in this node's ITL). A file that cannot be read hinders no
 * other: it is the error when all others have been visited. */
extern const char *const trust_units[]; /* ends with NULL */
enum err trust_each(struct cluster *c,
	enum err (*each)(void *ctx, const char *unit, const char *name, const struct cert *cert),
	void *ctx, struct fail *why) MUST_USE;
/* `name` "" is made from the certificate's common name and serial. Putting the same certificate
 * again is no error. */
enum err trust_put(struct cluster *c, const char *unit, const char *name, const struct cert *cert,
	struct fail *why) MUST_USE;
enum err trust_remove(
	struct cluster *c, const char *unit, const char *name, struct fail *why) MUST_USE;

#endif
