/* SPDX-License-Identifier: BSD-2-Clause
 * The phone's captures of its own connections: capf.cap and sccp.cap, for tshark and the doctor. */
#ifndef SIM_CAPTURE_H
#define SIM_CAPTURE_H

#include "base/clock.h"
#include "net/stream.h"

/* Records a connection's raw bytes in a file of the phone's folder. The file of an earlier
 * connection is replaced when the first byte travels, so that one which never came about leaves it
 * alone. A capture that cannot be written is said once on stderr; the phone works without. NULL
 * when out of memory. Close it before the stream, or after taking the stream's tap away. */
struct sim_capture;
struct sim_capture *sim_capture_open(
	const char *dir, const char *name, const struct clock *clock, struct stream *s);
void sim_capture_close(struct sim_capture *c); /* NULL allowed */

#endif
