/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_LIMITS_H
#define DAEMON_LIMITS_H

#include "base/err.h"

/* How many descriptors of this process are for what: see struct service_env. */
struct limits {
	unsigned stations, sessions;
};

/* Divides `descriptors` among the connections of a node with so many workers. ERR_LIMIT when they
 * are too few to be of use. */
enum err limits_divide(
	struct limits *out, unsigned long descriptors, unsigned workers, struct fail *why) MUST_USE;

/* Raises RLIMIT_NOFILE as far as it goes and divides it. */
enum err limits_of_process(struct limits *out, unsigned workers, struct fail *why) MUST_USE;

#endif
