/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_PROVISION_CONFIG_H
#define CORE_PROVISION_CONFIG_H

#include "core/provision/phone.h"
#include "core/provision/work.h"

/* The three faces of one phone's configuration. The first two are the reduced companion while TFTP
 * Encrypted Config is on. */
enum config_face {
	CONFIG_PLAIN,     /* SEP<MAC>.cnf.xml */
	CONFIG_SIGNED,    /* SEP<MAC>.cnf.xml.sgn */
	CONFIG_ENCRYPTED, /* SEP<MAC>.cnf.xml.enc.sgn */
};

struct config_answer {
	struct buf content; /* the plain face, or one that was prepared */
	struct work *work;  /* else what makes it; NULL: content is there */
	int64_t until;      /* from then on the answer may be another; 0 never */
	bool last_known;    /* the store cannot be reached: what was made last */
};

/* Reads the phone's record and says what its configuration is, without signing anything.
 * ERR_NOTFOUND for an unknown device, or when this face is not to be had now. `revision` is the
 * store's. After a snapshot (cluster_serve_now). */
enum err config_look(struct cluster *c, const char *device, enum config_face face,
	const char *revision, struct config_answer *out, struct provision_sources *sources,
	struct fail *why) MUST_USE;

/* The same of a record that was read: what has to be made of its signed and encrypted files; *work
 * is NULL when they lie prepared. */
enum err config_prepare(struct phone_context *x, const struct store_device *row, struct work **work,
	struct fail *why) MUST_USE;

/* Whether something was prepared for the phone: it was known. */
bool config_was_known(struct cluster *c, const char *device);

/* XMLDefault.cnf.xml for phones that have no file of their own, appended: call managers, TVS and
 * the models' firmware. */
enum err config_default(struct cluster *c, const char *revision, struct buf *out,
	struct provision_sources *sources, struct fail *why) MUST_USE;

#endif
