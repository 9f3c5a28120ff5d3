/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_PROVISION_FRESH_H
#define CORE_PROVISION_FRESH_H

#include "core/cluster/cluster.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is an answer of provision_get still what it would answer now? For a cache in front of it, whose
 * owner asks on a thread of his own and for thousands of requests a second.
 *
 * An answer is out of date as soon as anything it was made from has changed, whoever changed it:
 * this process, a command that ran beside it, another node, or an editor. What it was made from is
 *   - the store, as far as its revision tells (store_revision: not when a phone was merely seen);
 *   - the folder: the entries of tftp/, of which a new one may come before the list of all phones,
 *     and the rules of tftp.map;
 *   - the sources: files and sub-folders of tftp/ that were read for this very name;
 *   - time: an order that lapses, an ITL that is empty until then.
 * What a service was started with (the lists, the key that signs) does not change while it runs.
 *
 * A look at the disk (provision_state_now: no store, no lock, microseconds) says either that
 * nothing was committed since, or that nobody knows; then a job asks for the revision, once for all
 * requests that wait. A store that is no file of this machine is always asked. A state is taken
 * before anything is read. */

/* A file as stat(2) shows it; all zero when it is not there. */
struct provision_mark {
	uint64_t inode;
	int64_t size, modified_ns, changed_ns;
};

/* False when it changed so shortly before that another change might look the same: file systems
 * count time in steps. */
bool provision_mark_now(const char *path, struct provision_mark *out);
bool provision_mark_same(const struct provision_mark *a, const struct provision_mark *b);

#define PROVISION_MAP "tftp.map" /* in the state folder */

/* Where to look: told once, never changed. */
struct provision_place {
	char *store, *log; /* NULL: no file of this machine */
	char *folder, *map;
};
enum err provision_place_init(struct provision_place *p, const struct cluster *c) MUST_USE;
void provision_place_fini(struct provision_place *p);

struct provision_state {
	struct provision_mark store, log, folder, map;
	bool store_settled, folder_settled; /* provision_mark_now of all of them */
};
void provision_state_now(const struct provision_place *p, struct provision_state *out);
/* Both settled, and nothing was committed from the one to the other; the same of the folder. */
bool provision_state_same_store(const struct provision_state *a, const struct provision_state *b);
bool provision_state_same_folder(const struct provision_state *a, const struct provision_state *b);

#define PROVISION_SOURCES_MAX 8u
struct provision_source {
	char *path;
	struct provision_mark mark;
};
struct provision_sources {
	struct provision_source of[PROVISION_SOURCES_MAX];
	size_t count;
	/* False when the answer must not be kept: too many, a link among them, changed a moment
	 * ago, or memory was short. */
	bool whole;
};
/* Notes one, before it is read. */
void provision_sources_add(struct provision_sources *s, const char *path);
bool provision_sources_same(const struct provision_sources *s);
void provision_sources_fini(struct provision_sources *s);

#endif
