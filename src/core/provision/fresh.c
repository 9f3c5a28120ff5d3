/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/provision/fresh.h"

#include "base/clock.h"
#include "base/mem.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SECOND_NS 1000000000ll
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

static void look_below(const char *folder, const char *name, struct provision_mark *out)
{
	char path[PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/%s", folder, name);

	if (len > 0 && (size_t)len < sizeof(path))
		look(path, out);
	else
		memset(out, 0, sizeof(*out));
}

void provision_state_now(const char *folder, struct provision_state *out)
{
	int64_t now = now_ns();

	look_below(folder, "cadeado.db", &out->store);
	look_below(folder, "cadeado.db-wal", &out->log);
	look_below(folder, "tftp", &out->folder);
	out->settled = out->store.inode && out->folder.inode && settled(&out->store, now) &&
		       settled(&out->log, now) && settled(&out->folder, now);
}

bool provision_state_same(const struct provision_state *a, const struct provision_state *b)
{
	return a->settled && b->settled && same(&a->store, &b->store) && same(&a->log, &b->log) &&
	       same(&a->folder, &b->folder);
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
