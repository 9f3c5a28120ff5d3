/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_PROVISION_CONFIG_H
#define CORE_PROVISION_CONFIG_H

#include "core/device/device.h"

/* The three faces of one phone's configuration, made anew for each request. */
enum config_face {
	CONFIG_PLAIN,     /* SEP<MAC>.cnf.xml */
	CONFIG_SIGNED,    /* SEP<MAC>.cnf.xml.sgn */
	CONFIG_ENCRYPTED, /* SEP<MAC>.cnf.xml.enc.sgn */
};

/* Appends the file, signed with the key of the present snapshot (cluster_serve_now). The first two
 * are the reduced companion while TFTP Encrypted Config is on. `filename` is what the signed header
 * says. ERR_NOTFOUND for an unknown device, or when this face is not to be had now. *until: from
 * then on the answer may be another, 0 never. */
enum err config_make(struct cluster *c, const char *device, enum config_face face,
	const char *filename, struct buf *out, int64_t *until, struct fail *why) MUST_USE;

/* Appends XMLDefault.cnf.xml, which phones ask for that have no file of their own; signed when
 * `is_signed`. `own` is the operator's file of that name; empty: it is made of the nodes. */
enum err config_make_default(struct cluster *c, bool is_signed, const char *filename,
	struct span own, struct buf *out, struct fail *why) MUST_USE;

#endif
