/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/complaints.h"

#include "base/clock.h"
#include "base/log.h"

bool complaints_allow(struct complaints *c, const char *service)
{
	int64_t second = clock_monotonic_us() / 1000000;

	if (second != c->second) {
		if (c->count > COMPLAINTS_MAX)
			log_line(LOG_WARN, "%s: %u more lines like the last were left out", service,
				c->count - COMPLAINTS_MAX);
		c->second = second;
		c->count = 0;
	}
	return ++c->count <= COMPLAINTS_MAX;
}
