/* SPDX-License-Identifier: BSD-2-Clause
 * The names whose contents are in memory. */
#include "service/contents_priv.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

uint32_t contents_hash(const char *text)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (; *text; text++)
		h = (h ^ (uint8_t)*text) * 16777619u;
	return h ^ h >> 16;
}

/* --- contents --- */

void content_drop(struct content *c)
{
	if (!c || --c->holders)
		return;
	if (*c->shared == c)
		*c->shared = NULL;
	*c->held -= c->bytes.len;
	buf_wipe(&c->bytes);
	mem_free(c);
}

struct content *content_hold(struct content *c)
{
	c->holders++;
	return c;
}

/* When these very bytes were written: what is made of files, or found in the store, has no date. */
static int64_t date_of(const struct provision_file *f)
{
	const struct provision_mark *m;

	if (!f->sources.count)
		return 0;
	m = &f->sources.of[f->sources.count - 1].mark;
	return m->size == (int64_t)f->content.len ? m->modified_ns / 1000000000 : 0;
}

enum err content_take(struct contents *all, struct job *j, struct content **out)
{
	struct provision_file *file = &j->file;
	int64_t modified = date_of(file);
	struct content **shared =
			       &all->shared[contents_hash(file->served) % CONTENTS_SHARED_BUCKETS],
		       *c;

	if (*shared && strcmp((*shared)->served, file->served) == 0 &&
		span_eq(buf_span(&(*shared)->bytes), buf_span(&file->content))) {
		(*shared)->modified = modified;
		*out = content_hold(*shared);
		return ERR_OK;
	}
	if (file->content.len > CONTENTS_LARGE && all->held + file->content.len > CONTENTS_HELD_MAX)
		return ERR_LIMIT;
	c = mem_new(sizeof(*c));
	if (!c)
		return ERR_NOMEM;
	c->holders = 1;
	str_copy(c->served, sizeof(c->served), file->served);
	str_copy(c->tag, sizeof(c->tag), j->tag);
	c->modified = modified;
	provision_note(file, &c->note);
	c->bytes = file->content;
	buf_init(&file->content);
	c->shared = shared;
	*shared = c;
	c->held = &all->held;
	all->held += c->bytes.len;
	*out = c;
	return ERR_OK;
}

/* --- names --- */

static void unlink_use(struct contents *c, struct known *k)
{
	*(k->newer ? &k->newer->older : &c->newest) = k->older;
	*(k->older ? &k->older->newer : &c->oldest) = k->newer;
}

static void link_use(struct contents *c, struct known *k)
{
	k->newer = NULL;
	k->older = c->newest;
	*(c->newest ? &c->newest->newer : &c->oldest) = k;
	c->newest = k;
}

void known_forget(struct contents *c, struct known *k)
{
	struct known **at = &c->names[k->hash % CONTENTS_NAME_BUCKETS];

	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	unlink_use(c, k);
	c->count--;
	if (!--k->content->names)
		c->bytes -= k->content->bytes.len;
	content_drop(k->content);
	if (k->sources)
		provision_sources_fini(k->sources);
	mem_free(k->sources);
	mem_free(k);
}

struct known *known_find(struct contents *c, const char *asked, uint32_t hash)
{
	struct known *k = c->names[hash % CONTENTS_NAME_BUCKETS];

	while (k && (k->hash != hash || strcmp(k->name, asked) != 0))
		k = k->next;
	return k;
}

bool known_is_fresh(const struct contents *c, struct known *k)
{
	if (k->epoch != c->epoch || (k->until && clock_seconds(c->env->clock) >= k->until))
		return false;
	if (!k->sources || k->look == c->looks)
		return true;
	if (!provision_sources_same(k->sources))
		return false;
	k->look = c->looks;
	return true;
}

/* The one used longest ago goes first. */
static void make_room(struct contents *c, const struct known *but)
{
	struct known *k, *newer;

	for (k = c->oldest; k && (c->bytes > CONTENTS_BYTES_MAX || c->count > CONTENTS_NAMES_MAX);
		k = newer) {
		newer = k->newer;
		if (k != but)
			known_forget(c, k);
	}
}

/* Without it the next request asks again: no memory is no error here. */
void known_learn(struct contents *c, struct job *j, struct content *content)
{
	struct provision_file *f = &j->file;
	size_t len = strlen(j->asked) + 1;
	struct known *k;

	if (!f->sources.whole || strcmp(f->revision, c->revision) != 0 ||
		!provision_state_same_folder(&f->made_from, &c->state))
		return;
	k = known_find(c, j->asked, j->hash);
	if (k)
		known_forget(c, k);
	k = mem_new(sizeof(*k) + len);
	if (!k)
		return;
	if (f->sources.count) {
		k->sources = mem_new(sizeof(*k->sources));
		if (!k->sources) {
			mem_free(k);
			return;
		}
		*k->sources = f->sources;
		memset(&f->sources, 0, sizeof(f->sources));
	}
	memcpy(k->name, j->asked, len);
	k->hash = j->hash;
	k->epoch = c->epoch;
	k->until = f->until;
	k->content = content_hold(content);
	k->next = c->names[k->hash % CONTENTS_NAME_BUCKETS];
	c->names[k->hash % CONTENTS_NAME_BUCKETS] = k;
	link_use(c, k);
	c->count++;
	if (!content->names++)
		c->bytes += content->bytes.len;
	make_room(c, k);
}

void known_used(struct contents *c, struct known *k)
{
	unlink_use(c, k);
	link_use(c, k);
}
