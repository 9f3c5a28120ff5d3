/* SPDX-License-Identifier: BSD-2-Clause
 * TCP connections put together from packets: the part of reading captures that knows no file. */
#ifndef WIRE_CAPTURE_FLOWS_H
#define WIRE_CAPTURE_FLOWS_H

#include "wire/capture/capture.h"

struct capture_flows;

/* NULL when out of memory. */
struct capture_flows *capture_flows_new(void);
void capture_flows_free(struct capture_flows *f);

/* True for the link types (DLT_ numbers) that capture_flows_packet understands. */
bool capture_flows_link(int link);

/* Takes one packet; what is not whole, not IP or not TCP is left out. ERR_NOMEM, ERR_LIMIT. */
enum err capture_flows_packet(struct capture_flows *f, int link, int64_t time_us,
	struct span packet, struct fail *why) MUST_USE;

/* In the order of first packets; see capture_fn. */
enum err capture_flows_each(struct capture_flows *f, capture_fn fn, void *ctx) MUST_USE;

#endif
