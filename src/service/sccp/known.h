/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_SCCP_KNOWN_H
#define SERVICE_SCCP_KNOWN_H

#include "core/device/device.h"

/* What registration needs of the phones that registered since the service was started, so that they
 * can come again while the database is away. One instance's; used on its loop's thread. */
struct known_phones;

struct known_phone {
	char number[25], display[41];
	int security_mode, cluster_mode;
};

/* Without memory the phone is not remembered. */
void known_phones_put(struct known_phones **all, const struct device *d, int cluster_mode);
/* NULL: it has not registered yet, or was deleted since. Borrowed until the next call. */
const struct known_phone *known_phones_find(struct known_phones *all, const char *device);
void known_phones_forget(struct known_phones **all, const char *device);
void known_phones_free(struct known_phones **all);

#endif
