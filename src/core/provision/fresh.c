/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/provision/fresh.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SECOND_NS  1000000000ll
#define LOG_SUFFIX "-wal" /* what SQLite calls it */
/* Longer than the step in which file systems count time (10 ms where the kernel's tick is 100 Hz).
 */
#define SETTLED_NS (50 * 1000000ll)

static int64_t nanoseconds(const struct timespec *t)
{
	return t->tv_sec * SECOND_NS + t->tv_nsec;
}

static void look(const char *path, struct provision_mark *out)
{
	struct stat st;

	memset(out, 0, sizeof(*out));
	if (stat(path, &st) != 0)
		return;
	out->inode = st.st_ino;
	out->size = st.st_size;
	out->modified_ns = nanoseconds(&st.st_mtim);
	out->changed_ns = nanoseconds(&st.st_ctim);
}

/* The time of the last change is the kernel's own, which nobody can set. A clock that was put back
 * makes everything look unsettled until it has caught up. */
static bool settled(const struct provision_mark *m, int64_t now_ns)
{
	return now_ns - m->changed_ns > SETTLED_NS;
}

static int64_t now_ns(void)
{
	return clock_us(clock_system()) * 1000;
}

static bool same(const struct provision_mark *a, const struct provision_mark *b)
{
	return a->inode == b->inode && a->size == b->size && a->modified_ns == b->modified_ns &&
	       a->changed_ns == b->changed_ns;
}

enum err provision_place_init(struct provision_place *p, const struct cluster *c)
{
	size_t len;

	memset(p, 0, sizeof(*p));
	p->folder = cluster_path(c, "tftp", NULL);
	p->map = file_join(cluster_get_folder(c), PROVISION_MAP);
	if (!p->folder || !p->map || cluster_store_file(c, &p->store) != ERR_OK)
		goto no_memory;
	if (!p->store)
		return ERR_OK;
	len = strlen(p->store) + sizeof(LOG_SUFFIX);
	p->log = mem_new(len);
	if (!p->log)
		goto no_memory;
	snprintf(p->log, len, "%s" LOG_SUFFIX, p->store);
	return ERR_OK;
no_memory:
	provision_place_fini(p);
	return ERR_NOMEM;
}

bool provision_mark_now(const char *path, struct provision_mark *out)
{
	int64_t now = now_ns();

	look(path, out);
	return settled(out, now);
}

bool provision_mark_same(const struct provision_mark *a, const struct provision_mark *b)
{
	return same(a, b);
}

void provision_place_fini(struct provision_place *p)
{
	mem_free(p->store);
	mem_free(p->log);
	mem_free(p->folder);
	mem_free(p->map);
	memset(p, 0, sizeof(*p));
}

void provision_state_now(const struct provision_place *p, struct provision_state *out)
{
	int64_t now = now_ns();

	memset(out, 0, sizeof(*out));
	look(p->folder, &out->folder);
	look(p->map, &out->map);
	out->folder_settled =
		out->folder.inode && settled(&out->folder, now) && settled(&out->map, now);
	if (!p->store)
		return;
	look(p->store, &out->store);
	look(p->log, &out->log);
	out->store_settled =
		out->store.inode && settled(&out->store, now) && settled(&out->log, now);
}

bool provision_state_same_store(const struct provision_state *a, const struct provision_state *b)
{
	return a->store_settled && b->store_settled && same(&a->store, &b->store) &&
	       same(&a->log, &b->log);
}

bool provision_state_same_folder(const struct provision_state *a, const struct provision_state *b)
{
	return a->folder_settled && b->folder_settled && same(&a->folder, &b->folder) &&
	       same(&a->map, &b->map);
}

void provision_sources_add(struct provision_sources *s, const char *path)
{
	struct provision_source *one;
	int64_t now = now_ns();

	if (s->count == PROVISION_SOURCES_MAX) {
		s->whole = false;
		return;
	}
	one = &s->of[s->count];
	one->path = mem_strdup(path);
	if (!one->path) {
		s->whole = false;
		return;
	}
	s->count++;
	look(path, &one->mark);
	if (!one->mark.inode || !settled(&one->mark, now))
		s->whole = false;
}

bool provision_sources_same(const struct provision_sources *s)
{
	struct provision_mark now;
	size_t i;

	for (i = 0; i < s->count; i++) {
		look(s->of[i].path, &now);
		if (!same(&now, &s->of[i].mark))
			return false;
	}
	return true;
}

void provision_sources_fini(struct provision_sources *s)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		mem_free(s->of[i].path);
	memset(s, 0, sizeof(*s));
}
