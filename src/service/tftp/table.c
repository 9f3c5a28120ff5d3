/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/tftp/table.h"

#include "base/mem.h"

#include <string.h>

__extension__ typedef unsigned __int128 uint128;

static uint64_t mix(uint64_t a, uint64_t b)
{
	uint128 wide = (uint128)(a ^ 0x9E3779B97F4A7C15u) * (b | 1);

	return (uint64_t)(wide >> 64) ^ (uint64_t)wide;
}

static uint64_t hash_host(const struct table *t, const struct net_addr *a)
{
	uint64_t parts[2];

	memcpy(parts, a->bytes, sizeof(parts));
	return mix(mix(parts[0] ^ t->seed, parts[1] ^ t->seed), t->seed ^ a->is6);
}

static struct table_entry **bucket(const struct table *t, const struct net_addr *peer)
{
	uint64_t hash = mix(hash_host(t, peer) ^ peer->port, t->seed);

	return (struct table_entry **)&t->peers[hash % TABLE_PEERS];
}

void table_init(struct table *t, uint64_t seed, int64_t now_us)
{
	memset(t, 0, sizeof(*t));
	t->seed = seed;
	t->tick = now_us / TABLE_TICK_US;
}

struct table_entry *table_find(const struct table *t, const struct net_addr *peer)
{
	struct table_entry *e = *bucket(t, peer);

	while (e && !net_addr_same(&e->peer, peer))
		e = e->next;
	return e;
}

/* --- sources --- */

static struct table_source **source_at(const struct table *t, const struct net_addr *peer)
{
	struct table_source **at =
		(struct table_source **)&t->sources[hash_host(t, peer) % TABLE_SOURCES];

	while (*at && !net_addr_same_host(&(*at)->addr, peer))
		at = &(*at)->next;
	return at;
}

unsigned table_of_source(const struct table *t, const struct net_addr *peer)
{
	const struct table_source *s = *source_at(t, peer);

	return s ? s->count : 0;
}

static struct table_source *source_hold(struct table *t, const struct net_addr *peer)
{
	struct table_source **at = source_at(t, peer);

	if (!*at) {
		*at = mem_new(sizeof(**at));
		if (!*at)
			return NULL;
		(*at)->addr = *peer;
	}
	(*at)->count++;
	return *at;
}

static void source_drop(struct table *t, struct table_source *s)
{
	struct table_source **at;

	if (--s->count)
		return;
	at = source_at(t, &s->addr);
	*at = s->next;
	mem_free(s);
}

/* --- the wheel --- */

static void unlink_slot(struct table_entry *e)
{
	if (!e->slot_at)
		return;
	*e->slot_at = e->slot;
	if (e->slot)
		e->slot->slot_at = e->slot_at;
	e->slot_at = NULL;
}

/* In the tick when it is due, or in the last one of this round. */
static void link_slot(struct table *t, struct table_entry *e)
{
	int64_t tick = e->due_us / TABLE_TICK_US + 1;
	struct table_entry **at;

	if (tick <= t->tick)
		tick = t->tick + 1;
	if (tick >= t->tick + TABLE_SLOTS)
		tick = t->tick + TABLE_SLOTS - 1;
	at = &t->wheel[tick % TABLE_SLOTS];
	e->slot = *at;
	e->slot_at = at;
	if (e->slot)
		e->slot->slot_at = &e->slot;
	*at = e;
}

void table_set_due(struct table *t, struct table_entry *e, int64_t due_us)
{
	bool sooner = due_us < e->due_us;

	e->due_us = due_us;
	if (e->slot_at && !sooner)
		return;
	unlink_slot(e);
	link_slot(t, e);
}

struct table_entry *table_take_due(struct table *t, int64_t now_us)
{
	int64_t now = now_us / TABLE_TICK_US;
	struct table_entry *e;

	/* Asleep for longer than a round: each slot is looked at once. */
	if (now - t->tick > TABLE_SLOTS)
		t->tick = now - TABLE_SLOTS;
	for (;;) {
		while ((e = t->wheel[t->tick % TABLE_SLOTS])) {
			unlink_slot(e);
			if (e->due_us <= now_us)
				return e;
			link_slot(t, e);
		}
		if (t->tick >= now)
			return NULL;
		t->tick++;
	}
}

/* --- all --- */

static void link_unproven(struct table *t, struct table_entry *e)
{
	e->unproven = true;
	e->older = t->newest;
	*(e->older ? &e->older->newer : &t->oldest) = e;
	t->newest = e;
}

void table_proven(struct table *t, struct table_entry *e)
{
	if (!e->unproven)
		return;
	e->unproven = false;
	*(e->older ? &e->older->newer : &t->oldest) = e->newer;
	*(e->newer ? &e->newer->older : &t->newest) = e->older;
}

enum err table_add(
	struct table *t, struct table_entry *e, const struct net_addr *peer, int64_t due_us)
{
	struct table_entry **at = bucket(t, peer);

	e->source = source_hold(t, peer);
	if (!e->source)
		return ERR_NOMEM;
	e->peer = *peer;
	e->next = *at;
	*at = e;
	e->due_us = due_us;
	link_slot(t, e);
	link_unproven(t, e);
	t->count++;
	return ERR_OK;
}

void table_remove(struct table *t, struct table_entry *e)
{
	struct table_entry **at = bucket(t, &e->peer);

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	unlink_slot(e);
	table_proven(t, e);
	source_drop(t, e->source);
	t->count--;
}

struct table_entry *table_any(const struct table *t, size_t *at)
{
	for (; *at < TABLE_PEERS; ++*at)
		if (t->peers[*at])
			return t->peers[*at];
	return NULL;
}
