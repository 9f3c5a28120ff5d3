/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_PROVISION_H
#define CORE_PROVISION_H

#include "core/cluster/cluster.h"
#include "core/provision/fresh.h"

/* What a file name that a phone asks for stands for, and its bytes. Names compare without regard to
 * case. spec: docs/formats/served-files.md
 *   CTLSEP<MAC>.tlv        a file of that name in tftp/ when it is a sound list; else the served
 *                          CTL, for a known device; not found for others
 *   CTLFile.tlv            the served CTL: the one that was published when TFTP was last started
 *   ITLSEP<MAC>.tlv, ITLFile.tlv  the same with the ITL
 *   SEP<MAC>.cnf.xml.sgn   signed; the reduced companion when TFTP Encrypted Config is on
 *   SEP<MAC>.cnf.xml.enc.sgn  only when it is on, a certificate of the phone is known and no other
 *                          is ordered
 *   SEP<MAC>.cnf.xml       as .sgn without the signature
 *   X.sgn                  X, signed; X: what X.sgn holds
 * Everything else is looked up in tftp/, or made for all phones (made.h); absent names are not
 * found. */
struct work;
struct provision_file {
	char served[64]; /* name under which it is kept, for traces: "CTLFile.tlv" */
	struct buf content;
	struct work *work; /* what is still to be done; NULL: content is there */
	bool encrypted;    /* of what the work makes the encrypted file is meant */
	/* For caches; all but the sources also when the answer is an error. */
	struct provision_state made_from;
	char revision[STORE_TEXT]; /* of the store; "?" when it could not be asked */
	int64_t until;             /* from then on it may be another, seconds since 1970; 0 never */
	struct provision_sources sources;
};

/* The store's revision, and a state taken before it. Blocks. */
enum err provision_revision(struct cluster *c, const struct provision_place *p,
	struct provision_state *state, char revision[STORE_TEXT], struct fail *why) MUST_USE;

/* What the name stands for, without signing or encrypting anything: blocks a little (store, files);
 * call it from a pool. `place` is for caches; NULL: made_from says nothing. ERR_NOTFOUND,
 * ERR_DENIED (name not allowed), ERR_NOTNOW. */
enum err provision_look(struct cluster *c, const struct provision_place *place, const char *asked,
	struct provision_file *out, struct fail *why) MUST_USE;
/* Does what is still to be done: on any thread, for it touches no cluster. Takes a millisecond. */
enum err provision_finish(struct provision_file *f, struct fail *why) MUST_USE;
/* Both. */
enum err provision_get(struct cluster *c, const struct provision_place *place, const char *asked,
	struct provision_file *out, struct fail *why) MUST_USE;
void provision_file_fini(struct provision_file *f);

#endif
