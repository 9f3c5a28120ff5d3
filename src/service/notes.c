/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/notes.h"

#include "base/mem.h"

#include <strings.h>

#define CONTENTS_MOST 64u /* lists that are handed over with their bytes, until they are known */

struct notes {
	const struct clock *clock;
	void (*wake)(void *ctx);
	void *ctx;
	struct notes_batch batch;
	size_t room;
	/* Digests of lists whose bytes were handed over; the oldest makes room. */
	char known[CONTENTS_MOST][HELD_DIGEST];
	size_t known_next;
};

enum err notes_new(
	struct notes **out, const struct clock *clock, void (*wake)(void *ctx), void *ctx)
{
	struct notes *n = mem_new(sizeof(*n));

	*out = n;
	if (!n)
		return ERR_NOMEM;
	n->clock = clock;
	n->wake = wake;
	n->ctx = ctx;
	return ERR_OK;
}

void notes_batch_fini(struct notes_batch *b)
{
	size_t i;

	for (i = 0; i < b->contents_count; i++)
		buf_fini(&b->contents[i]);
	mem_free(b->contents);
	mem_free(b->events);
	memset(b, 0, sizeof(*b));
}

void notes_free(struct notes *n)
{
	if (!n)
		return;
	notes_batch_fini(&n->batch);
	mem_free(n);
}

/* Moves what is behind the first `count` of a list into one of its own; false without memory. */
static bool split(void **list, size_t count, size_t total, size_t size, void **rest)
{
	*rest = NULL;
	if (count == total)
		return true;
	*rest = mem_new((total - count) * size);
	if (!*rest)
		return false;
	memcpy(*rest, (char *)*list + count * size, (total - count) * size);
	return true;
}

void notes_take(struct notes *n, int64_t until_us, struct notes_batch *out)
{
	struct notes_batch all = n->batch, later = {0};
	void *events, *contents;
	size_t i, with = 0;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < all.count && all.events[i].at_us <= until_us; i++)
		with += all.events[i].content.len > 0;
	if (!split((void **)&all.events, i, all.count, sizeof(*all.events), &events))
		return;
	if (!split((void **)&all.contents, with, all.contents_count, sizeof(*all.contents),
		    &contents)) {
		mem_free(events);
		return;
	}
	later = (struct notes_batch){events, all.count - i, contents, all.contents_count - with};
	*out = (struct notes_batch){all.events, i, all.contents, with};
	n->batch = later;
	n->room = later.count;
	if (later.count)
		n->wake(n->ctx);
}

/* Room for one more, which the caller fills; NULL when there is none. */
static struct held_event *add(struct notes *n, const struct net_addr *peer)
{
	struct notes_batch *b = &n->batch;
	size_t want = n->room ? n->room * 2 : 32;
	struct held_event *e;
	char host[NET_ADDR_MAX];

	if (b->count == NOTES_MOST)
		return NULL;
	if (b->count == n->room) {
		e = mem_resize(b->events, want * sizeof(*e));
		if (!e)
			return NULL;
		b->events = e;
		n->room = want;
	}
	e = &b->events[b->count++];
	memset(e, 0, sizeof(*e));
	e->at_us = clock_us(n->clock);
	net_addr_print(peer, host);
	str_copy(e->host, sizeof(e->host), host);
	if (b->count == 1)
		n->wake(n->ctx);
	return e;
}

/* The device in "<prefix>SEP<MAC><suffix>". */
static bool device_in(
	const char *asked, const char *prefix, const char *suffix, char device[DEVICE_NAME_SIZE])
{
	size_t before = strlen(prefix), name = DEVICE_NAME_SIZE - 1;
	char text[DEVICE_NAME_SIZE] = "";

	if (strlen(asked) != before + name + strlen(suffix) ||
		strncasecmp(asked, prefix, before) != 0 ||
		strcasecmp(asked + before + name, suffix) != 0)
		return false;
	memcpy(text, asked + before, name);
	return !str_device_name(device, text);
}

static bool list_of(const char *asked, int64_t *list, char device[DEVICE_NAME_SIZE])
{
	static const char *const prefixes[] = {[STORE_CTL] = "CTL", [STORE_ITL] = "ITL"};
	static const char *const common[] = {
		[STORE_CTL] = "CTLFile.tlv", [STORE_ITL] = "ITLFile.tlv"};

	for (*list = STORE_CTL; *list <= STORE_ITL; ++*list) {
		device[0] = '\0';
		if (strcasecmp(asked, common[*list]) == 0 ||
			device_in(asked, prefixes[*list], ".tlv", device))
			return true;
	}
	return false;
}

/* The bytes go along when whoever takes the notes has not had them. */
static void put_content(struct notes *n, struct held_event *e, struct span bytes)
{
	struct notes_batch *b = &n->batch;
	struct buf copy = {0}, *more;
	size_t i;

	for (i = 0; i < CONTENTS_MOST; i++)
		if (strcmp(n->known[i], e->digest) == 0)
			return;
	buf_put(&copy, bytes);
	more = buf_check(&copy)
		       ? NULL
		       : mem_resize(b->contents, (b->contents_count + 1) * sizeof(*b->contents));
	if (!more) {
		buf_fini(&copy);
		return;
	}
	b->contents = more;
	b->contents[b->contents_count++] = copy;
	e->content = buf_span(&copy);
	str_copy(n->known[n->known_next], HELD_DIGEST, e->digest);
	n->known_next = (n->known_next + 1) % CONTENTS_MOST;
}

void notes_sent(struct notes *n, const char *asked, struct span bytes, char digest[HELD_DIGEST],
	const struct net_addr *peer)
{
	char device[DEVICE_NAME_SIZE];
	struct held_event *e;
	int64_t list;

	if (!n || !list_of(asked, &list, device))
		return;
	e = add(n, peer);
	if (!e)
		return;
	e->what = HELD_OFFERED;
	e->list = list;
	memcpy(e->device, device, sizeof(e->device));
	if (!digest[0])
		held_digest(bytes, digest);
	memcpy(e->digest, digest, HELD_DIGEST);
	put_content(n, e, bytes);
}

void notes_asked(struct notes *n, const char *asked, const struct net_addr *peer)
{
	char device[DEVICE_NAME_SIZE];
	bool is_signed = n && device_in(asked, "", ".cnf.xml.sgn", device);
	struct held_event *e;

	if (!n || (!is_signed && !device_in(asked, "", ".cnf.xml", device)))
		return;
	e = add(n, peer);
	if (!e)
		return;
	e->what = is_signed ? HELD_ASKED_SIGNED : HELD_ASKED_CLEAR;
	memcpy(e->device, device, sizeof(e->device));
}

static struct held_event *came(struct notes *n, const char *device, const struct net_addr *peer)
{
	struct held_event *e = n ? add(n, peer) : NULL;

	if (!e)
		return NULL;
	e->what = HELD_CAME;
	str_copy(e->device, sizeof(e->device), device);
	return e;
}

void notes_came(struct notes *n, const char *device, const struct net_addr *peer)
{
	(void)came(n, device, peer);
}

void notes_trusted(struct notes *n, const char *device, const uint8_t *cert, uint32_t roles,
	const struct net_addr *peer)
{
	struct held_event *e = came(n, device, peer);

	if (!e)
		return;
	memcpy(e->cert, cert, sizeof(e->cert));
	e->what = HELD_TRUSTED;
	e->roles = roles;
}
