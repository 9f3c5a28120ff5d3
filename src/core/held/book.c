/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/held/book.h"

#include "base/str.h"

enum err held_book_new(struct held_book **out, struct cluster *c)
{
	struct held_book *b = mem_new(sizeof(*b));

	*out = NULL;
	if (!b)
		return ERR_NOMEM;
	b->judge.c = c;
	if (trust_cache_new(&b->judge.trust, c)) {
		held_book_free(b);
		return ERR_NOMEM;
	}
	*out = b;
	return ERR_OK;
}

static void drop(struct held_book *b, struct start *s)
{
	HASH_DEL(b->starts, s);
	mem_free(s);
}

void held_book_free(struct held_book *b)
{
	if (!b)
		return;
	while (b->starts)
		drop(b, b->starts);
	trust_cache_free(b->judge.trust);
	mem_free(b);
}

static uint64_t hash_of(const char *text)
{
	uint64_t h = 14695981039346656037u; /* FNV-1a */

	for (; *text; text++)
		h = (h ^ (uint8_t)*text) * 1099511628211u;
	return h ? h : 1;
}

bool book_host_took(const struct held_book *b, const char *host)
{
	uint64_t h = hash_of(host);

	return b->hosts[h % BOOK_HOSTS] == h;
}

struct start *book_find(struct held_book *b, const char *device)
{
	struct start *s;

	HASH_FIND_STR(b->starts, device, s);
	return s;
}

/* Its entry, as the newest; from another address everything begins anew. Without memory the phone
 * is not remembered: nothing is concluded, which is safe. */
static struct start *entry(struct held_book *b, const struct held_event *e)
{
	struct start *s = book_find(b, e->device);

	if (s)
		HASH_DEL(b->starts, s);
	else if (HASH_COUNT(b->starts) >= BOOK_PHONES_MOST)
		drop(b, b->starts);
	if (!s)
		s = mem_new(sizeof(*s));
	if (!s)
		return NULL;
	if (strcmp(s->host, e->host) != 0 || strcmp(s->device, e->device) != 0) {
		memset(s, 0, sizeof(*s));
		str_copy(s->device, sizeof(s->device), e->device);
		str_copy(s->host, sizeof(s->host), e->host);
	}
	HASH_ADD_STR(b->starts, device, s);
	if (s->hh.tbl)
		return s;
	mem_free(s);
	return NULL;
}

struct start *book_note(struct held_book *b, const struct held_event *e)
{
	struct start *s;
	uint64_t h = hash_of(e->host);

	if (!e->device[0]) {
		b->hosts[h % BOOK_HOSTS] = h;
		return NULL;
	}
	s = entry(b, e);
	if (!s)
		return NULL;
	switch (e->what) {
	case HELD_OFFERED:
		if (strcmp(s->of[e->list].digest, e->digest) != 0) {
			str_copy(s->of[e->list].digest, HELD_DIGEST, e->digest);
			s->of[e->list].written = s->concluded = s->proven = 0;
		}
		s->of[e->list].at_us = e->at_us;
		break;
	case HELD_ASKED_CLEAR:
		s->clear_us = e->at_us;
		s->concluded = s->proven = 0;
		break;
	case HELD_ASKED_SIGNED: s->asked++; break;
	case HELD_CAME:
	case HELD_TRUSTED: s->asked = 0; break;
	}
	return s;
}
