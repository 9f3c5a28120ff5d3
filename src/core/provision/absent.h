/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_PROVISION_ABSENT_H
#define CORE_PROVISION_ABSENT_H

#include "base/str.h"
#include "core/cluster/cluster.h"

/* What logs say of a name that is not served. Phones ask for much that a sound system does not
 * have, and an answer "not found" is then no fault. */
struct provision_absence {
	bool normal;                   /* phones ask for it all the same, and go on without it */
	char device[DEVICE_NAME_SIZE]; /* that it speaks of; "" for none */
	bool unknown_device;           /* nobody has added that phone */
	char text[128];                /* why it is not there; what to do, where it is a fault */
};

/* `err` is provision_get's answer, ERR_NOTFOUND or ERR_DENIED. Blocks (store). */
void provision_absent(
	struct cluster *c, const char *asked, enum err err, struct provision_absence *out);

/* That of a phone that nobody has added. */
void provision_absent_stranger(
	const char device[DEVICE_NAME_SIZE], bool may_register, struct provision_absence *out);
/* The device that a name speaks of: SEP<MAC> anywhere in it, or SIP<MAC> as the oldest SIP phones
 * ask; false for none. */
bool provision_device_in(const char *asked, char device[DEVICE_NAME_SIZE]);

#endif
