/* SPDX-License-Identifier: BSD-2-Clause
 * Target functions: capture_flows_packet, capture_flows_each
 * Input: link type u8 (index into the list below) | (length u16 | packet)... */
#include "target.h"
#include "wire/capture/flows.h"
#include "wire/cursor.h"

#include <pcap/dlt.h>

static enum err see(void *ctx, const struct capture_connection *c)
{
	size_t *total = ctx;

	*total += c->to_server.len + c->to_client.len;
	return ERR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int links[] = {DLT_RAW, DLT_EN10MB, DLT_LINUX_SLL, 276};
	struct capture_flows *flows = capture_flows_new();
	size_t total = 0;
	struct cursor c;
	int64_t time;
	int link;

	if (!flows)
		return 0;
	cur_init(&c, span_of(data, size), "input", NULL);
	link = links[cur_u8(&c, "link") % 4];
	for (time = 0; cur_left(&c) >= 2; time++) {
		size_t len = cur_be16(&c, "length"), left = cur_left(&c);
		struct span packet = cur_take(&c, len < left ? len : left, "packet");

		if (capture_flows_packet(flows, link, time, packet, NULL))
			fuzz_fail("a packet was refused");
	}
	if (capture_flows_each(flows, see, &total))
		fuzz_fail("the walk ended early");
	if (total > size)
		fuzz_fail("more bytes in streams than in packets");
	capture_flows_free(flows);
	return 0;
}
