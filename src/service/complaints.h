/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_COMPLAINTS_H
#define SERVICE_COMPLAINTS_H

#include <stdbool.h>
#include <stdint.h>

/* Log lines about peers that have proven nothing: whoever can reach a port could fill the disk. One
 * for each instance of a service. */
#define COMPLAINTS_MAX 10u /* lines in one second */
struct complaints {
	int64_t second;
	unsigned count; /* in that second */
};

/* False when there were too many in this second; the next second tells how many, under the
 * service's name. */
bool complaints_allow(struct complaints *c, const char *service);

#endif
