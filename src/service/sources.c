/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/sources.h"

#include <stddef.h>
#include <string.h>

#define SECOND_US 1000000ll

static const struct source *find(const struct sources *s, const struct net_addr *addr)
{
	for (size_t i = 0; i < SOURCES_MAX; i++)
		if (s->all[i].last_us && net_addr_same_host(&s->all[i].addr, addr))
			return &s->all[i];
	return NULL;
}

static bool is_old(const struct source *one, int64_t now_us)
{
	return now_us - one->last_us > SOURCES_KEEP_US;
}

int64_t sources_wait(const struct sources *s, const struct net_addr *addr, int64_t now_us)
{
	const struct source *one = find(s, addr);

	if (!one || is_old(one, now_us) || one->until_us <= now_us)
		return 0;
	return (one->until_us - now_us + SECOND_US - 1) / SECOND_US;
}

static struct source *oldest(struct sources *s)
{
	struct source *one = &s->all[0];

	for (size_t i = 1; i < SOURCES_MAX; i++)
		if (s->all[i].last_us < one->last_us)
			one = &s->all[i];
	return one;
}

void sources_failed(struct sources *s, const struct net_addr *addr, int64_t now_us)
{
	struct source *one = (struct source *)find(s, addr);
	unsigned beyond;
	int64_t wait;

	if (!one || is_old(one, now_us)) {
		one = one ? one : oldest(s);
		memset(one, 0, sizeof(*one));
		one->addr = *addr;
	}
	one->failures++;
	one->last_us = now_us;
	if (one->failures <= SOURCES_FREE)
		return;
	beyond = one->failures - SOURCES_FREE - 1;
	wait = beyond < 6 ? 1ll << beyond : SOURCES_WAIT_MAX;
	one->until_us = now_us + wait * SECOND_US;
}

void sources_good(struct sources *s, const struct net_addr *addr)
{
	struct source *one = (struct source *)find(s, addr);

	if (one)
		memset(one, 0, sizeof(*one));
}
