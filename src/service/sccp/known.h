/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_SCCP_KNOWN_H
#define SERVICE_SCCP_KNOWN_H

#include "core/device/device.h"
#include "core/device/line.h"

/* What registration needs of the phones that registered since the service was started, so that they
 * can come again while the database is away. One instance's; used on its loop's thread. */
struct known_phones;

/* Line instance 1 is the first; a line without number is none. */
struct phone_line {
	char number[25], display[41], label[41];
};

struct known_phone {
	int security_mode, cluster_mode;
	size_t lines_count;
	struct phone_line lines[DEVICE_LINES_MOST];
};

/* Without memory the phone is not remembered. */
void known_phones_put(
	struct known_phones **all, const char *device, const struct known_phone *phone);
/* False: it has not registered yet, or was deleted since. */
bool known_phones_find(struct known_phones *all, const char *device, struct known_phone *out);
void known_phones_forget(struct known_phones **all, const char *device);
void known_phones_free(struct known_phones **all);

#endif
