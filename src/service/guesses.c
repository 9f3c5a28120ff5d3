/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/guesses.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdatomic.h>
#include <string.h>
#include <strings.h>

#define BUCKETS 1024u /* a power of two */

struct asked {
	uint32_t name; /* hash */
	int64_t at_us;
};

struct source {
	struct source *next;          /* of its bucket */
	struct source *newer, *older; /* by when it asked last */
	struct net_addr addr;         /* port 0; of IPv6 the network */
	int64_t answer_us;            /* from then on it may be told something again */
	int64_t excess_us;            /* when it was last beyond the limit; 0 never */
	char device[16];
	bool told;
	unsigned count;
	struct asked asked[]; /* different names, the one asked longest ago first */
};

struct guesses {
	atomic_flag busy;
	unsigned names;
	int64_t span_us;
	struct net_network exempt[GUESSES_NETWORKS_MAX];
	unsigned exempt_count;
	struct source *buckets[BUCKETS];
	struct source *newest, *oldest;
	unsigned count, untold;
};

/* Held for a few hundred instructions by the loops of the workers; nobody sleeps with it. */
static void lock(struct guesses *g)
{
	while (atomic_flag_test_and_set_explicit(&g->busy, memory_order_acquire))
		;
}

static void unlock(struct guesses *g)
{
	atomic_flag_clear_explicit(&g->busy, memory_order_release);
}

static uint32_t hash_bytes(uint32_t h, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	while (len--)
		h = (h ^ *p++) * 16777619u;
	return h;
}

static uint32_t hash_name(const char *device)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (; *device; device++)
		h = (h ^ (uint8_t)(*device & 0xDF)) * 16777619u;
	return h;
}

static struct net_addr source_of(const struct net_addr *from)
{
	struct net_addr a = {.is6 = from->is6};

	memcpy(a.bytes, from->bytes, a.is6 ? 8 : 4);
	return a;
}

static struct source **bucket_of(struct guesses *g, const struct net_addr *a)
{
	return &g->buckets[hash_bytes(a->is6, a->bytes, sizeof(a->bytes)) % BUCKETS];
}

static void unlink_use(struct guesses *g, struct source *s)
{
	*(s->newer ? &s->newer->older : &g->newest) = s->older;
	*(s->older ? &s->older->newer : &g->oldest) = s->newer;
}

static void link_use(struct guesses *g, struct source *s)
{
	s->newer = NULL;
	s->older = g->newest;
	*(g->newest ? &g->newest->newer : &g->oldest) = s;
	g->newest = s;
}

static void forget(struct guesses *g, struct source *s)
{
	struct source **at = bucket_of(g, &s->addr);

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	unlink_use(g, s);
	g->untold -= s->excess_us && !s->told;
	g->count--;
	mem_free(s);
}

/* NULL when memory is short: then nobody new is limited. */
static struct source *find(struct guesses *g, const struct net_addr *from)
{
	struct net_addr addr = source_of(from);
	struct source **bucket = bucket_of(g, &addr), *s = *bucket;

	while (s && !net_addr_same_host(&s->addr, &addr))
		s = s->next;
	if (s) {
		unlink_use(g, s);
		link_use(g, s);
		return s;
	}
	if (g->count == GUESSES_SOURCES_MAX)
		forget(g, g->oldest);
	s = mem_new(sizeof(*s) + (g->names + 1) * sizeof(s->asked[0]));
	if (!s)
		return NULL;
	s->addr = addr;
	s->next = *bucket;
	*bucket = s;
	link_use(g, s);
	g->count++;
	return s;
}

static void drop(struct source *s, unsigned i)
{
	memmove(&s->asked[i], &s->asked[i + 1], (s->count - i - 1) * sizeof(s->asked[0]));
	s->count--;
}

/* Puts the name at the end; is that too many? */
static bool note(struct guesses *g, struct source *s, uint32_t name, int64_t now_us)
{
	unsigned i;

	while (s->count && now_us - s->asked[0].at_us >= g->span_us)
		drop(s, 0);
	for (i = 0; i < s->count && s->asked[i].name != name; i++)
		;
	if (i < s->count)
		drop(s, i);
	else if (s->count > g->names)
		drop(s, 0);
	s->asked[s->count++] = (struct asked){name, now_us};
	return s->count > g->names;
}

static bool is_exempt(const struct guesses *g, const struct net_addr *from)
{
	for (unsigned i = 0; i < g->exempt_count; i++)
		if (net_network_has(&g->exempt[i], from))
			return true;
	return false;
}

/* It is beyond the limit. */
static int64_t wait_for(struct guesses *g, struct source *s, bool wait, int64_t now_us)
{
	int64_t until = s->answer_us > now_us ? s->answer_us : now_us;

	if (!s->excess_us || (s->told && now_us - s->excess_us > GUESSES_QUIET_US)) {
		s->told = false;
		g->untold++;
	}
	s->excess_us = now_us;
	if (until - now_us >= GUESSES_WAIT_MAX_US)
		return GUESSES_WAIT_MAX_US;
	if (wait || until == now_us)
		s->answer_us = until + GUESSES_ANSWER_US;
	return until - now_us;
}

int64_t guesses_ask(struct guesses *g, const struct net_addr *from, const char *device, bool wait,
	int64_t now_us)
{
	struct source *s;
	int64_t us = 0;

	if (!g || is_exempt(g, from))
		return 0;
	lock(g);
	s = find(g, from);
	if (s) {
		str_copy(s->device, sizeof(s->device), device);
		if (note(g, s, hash_name(device), now_us))
			us = wait_for(g, s, wait, now_us);
	}
	unlock(g);
	return us;
}

bool guesses_take(struct guesses *g, struct guesses_found *out)
{
	struct source *s;
	bool found;

	lock(g);
	for (s = g->untold ? g->newest : NULL; s && (!s->excess_us || s->told); s = s->older)
		;
	found = s != NULL;
	if (s) {
		s->told = true;
		g->untold--;
		net_addr_print(&s->addr, out->source);
		if (s->addr.is6)
			strncat(out->source, "/64", sizeof(out->source) - strlen(out->source) - 1);
		memcpy(out->device, s->device, sizeof(out->device));
		out->names = g->names;
		out->seconds = (unsigned)(g->span_us / 1000000);
	}
	unlock(g);
	return found;
}

/* The setting's networks, separated by blanks or commas. */
static enum err read_networks(struct guesses *g, const char *setting, struct fail *why)
{
	char text[SETTINGS_TEXT_SIZE], *rest = text, *one;
	struct fail local = {0};

	str_copy(text, sizeof(text), setting);
	while ((one = strsep(&rest, " ,"))) {
		if (!*one || strcasecmp(one, "none") == 0)
			continue;
		if (g->exempt_count == GUESSES_NETWORKS_MAX)
			return fail_set(why, ERR_LIMIT, "setting guess_exempt: at most %u networks",
				GUESSES_NETWORKS_MAX);
		if (net_network_parse(&g->exempt[g->exempt_count], one, &local) != ERR_OK)
			return fail_set(why, ERR_FORMAT, "setting guess_exempt: %s", local.text);
		g->exempt_count++;
	}
	return ERR_OK;
}

enum err guesses_new(struct guesses **out, const struct settings *settings, struct fail *why)
{
	struct guesses *g = mem_new(sizeof(*g));
	enum err err;

	*out = NULL;
	if (!g)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	atomic_flag_clear(&g->busy);
	g->names = (unsigned)settings->guess_names;
	g->span_us = settings->guess_seconds * 1000000ll;
	err = read_networks(g, settings->guess_exempt, why);
	if (err)
		guesses_free(g);
	else
		*out = g;
	return err;
}

void guesses_free(struct guesses *g)
{
	while (g && g->newest)
		forget(g, g->newest);
	mem_free(g);
}
