/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/limits.h"

#include <sys/resource.h>

#define STATIONS_MAX 200000u
#define STATIONS_MIN 16u /* with fewer the node is of no use */
#define SESSIONS_MAX 1024u
#define SESSIONS_MIN 3u

/* Store, traces, keys and lists that are being read, the admin socket. */
#define KEPT_PROCESS 32u
/* A worker's own: its loop, and a listener of each service. */
#define KEPT_WORKER 15u

/* Shares of one worker: TFTP, its files on three ports, CAPF which takes as much as four, TVS, CTL
 * Provider; and of Secure SCCP and SCCP, whose one listener takes as much as four. */
#define SHARES_WORKER 10u
#define SHARES_SCCP   4u
/* What is unproven gets a third of what is left. */
#define PART_UNPROVEN 3u

enum err limits_divide(
	struct limits *out, unsigned long descriptors, unsigned workers, struct fail *why)
{
	unsigned long shares = SHARES_WORKER * workers + SHARES_SCCP;
	unsigned long kept = KEPT_PROCESS + KEPT_WORKER * workers;
	unsigned long needed = kept + shares * SESSIONS_MIN + STATIONS_MIN, left, sessions;

	if (descriptors < needed)
		return fail_set(why, ERR_LIMIT,
			"the limit of open files is %lu, and %u workers need %lu at least; raise "
			"it: ulimit -n 4096",
			descriptors, workers, needed);
	left = descriptors - kept;
	sessions = left / (PART_UNPROVEN * shares);
	if (sessions < SESSIONS_MIN)
		sessions = SESSIONS_MIN;
	if (sessions > SESSIONS_MAX)
		sessions = SESSIONS_MAX;
	left -= sessions * shares;
	out->sessions = (unsigned)sessions;
	out->stations = (unsigned)(left > STATIONS_MAX ? STATIONS_MAX : left);
	return ERR_OK;
}

enum err limits_of_process(struct limits *out, unsigned workers, struct fail *why)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return fail_set(why, ERR_IO, "cannot read the limit of open files");
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
			(void)getrlimit(RLIMIT_NOFILE, &limit);
	}
	return limits_divide(out, (unsigned long)limit.rlim_cur, workers, why);
}
