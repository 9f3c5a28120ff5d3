/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_COMMAND_PLACES_H
#define CORE_COMMAND_PLACES_H

#include "core/command/command.h"

/* The two places whose files the original's `file` commands show: tftp, the one served folder, and
 * activelog, where the traces are. Both are folders of the state folder, and nothing outside them
 * is ever reached. */
enum place { PLACE_TFTP, PLACE_ACTIVELOG };

#define PLACE_ENTRIES_MAX 100000u

struct place_entry {
	char *name; /* within the place: "cm/trace/ctftp/sdi/ctftp00000001.txt" */
	char *path;
	bool is_folder;
	int64_t size, modified; /* seconds since 1970 */
	int64_t modified_ns;    /* the same more exactly, since 1970 */
};
struct place_entries {
	struct place_entry *of; /* in the order of their names */
	size_t count;
};

/* "tftp" or "activelog", or the beginning of it. ERR_ARG. */
enum err place_parse(enum place *out, const char *word, struct fail *why) MUST_USE;

/* What the pattern fits, each part between slashes for itself, with * and ? and without regard to
 * case; of a folder that is named without them (and of the place, for NULL) what is in it. Hidden
 * files, and links that lead out of the place, are left out. ERR_NOTFOUND without the state folder,
 * ERR_ARG for "..", ERR_LIMIT. */
enum err place_find(const char *state, enum place place, const char *pattern,
	struct place_entries *out, struct fail *why) MUST_USE;
/* Leaves only regular files; with `recent` only the one that was written last. */
void place_files_only(struct place_entries *e, bool recent);
void place_entries_fini(struct place_entries *e);

#endif
