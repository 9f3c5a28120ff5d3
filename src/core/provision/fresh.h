/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_PROVISION_FRESH_H
#define CORE_PROVISION_FRESH_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is an answer of provision_get still what it would answer now? For a cache in front of it, whose
 * owner asks on a thread of his own and for thousands of requests a second: no store, no lock, no
 * struct cluster; a few looks at the disk, microseconds each.
 *
 * An answer is out of date as soon as anything it was made from has changed, whoever changed it:
 * this process, a command that ran beside it, or an editor. What it was made from is
 *   - the state: the store (its file and its log, which every commit of any process writes) and the
 *     entries of tftp/, of which a new one may come before the list of all phones;
 *   - the sources: files and sub-folders of tftp/ that were read for this very name.
 * What a service was started with (the lists, the key that signs) does not change while it runs.
 *
 * This is safe and coarse: every commit puts all answers out of date. Where that happens too often,
 * and where the store is no file of this machine, narrow it HERE: give `struct provision_state` a
 * number that the store's own writes move, or a device's answers sources of their own (a version of
 * its row), and keep the rule that a state is taken before anything is read. Caches compare the
 * structs with these functions only and need no change. */

/* A file as stat(2) shows it; all zero when it is not there. */
struct provision_mark {
	uint64_t inode;
	int64_t size, modified_ns, changed_ns;
};

struct provision_state {
	struct provision_mark store, log, folder;
	/* False when one of them changed so shortly before that another change might look the same:
	 * file systems count time in steps. What was made from such a state must not be kept. */
	bool settled;
};

/* Of the state folder `folder` (cluster_get_folder). */
void provision_state_now(const char *folder, struct provision_state *out);
/* Both settled, and nothing changed from the one to the other. */
bool provision_state_same(const struct provision_state *a, const struct provision_state *b);

#define PROVISION_SOURCES_MAX 4u
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
