/* SPDX-License-Identifier: BSD-2-Clause
 * The one served folder, tftp/: files of the operator's, found without regard to the case of ASCII
 * letters, in their place or where the rules of tftp.map say that they lie.
 * spec: docs/formats/served-files.md#sub-folders */
#ifndef CORE_PROVISION_FOLDER_H
#define CORE_PROVISION_FOLDER_H

#include "core/provision/fresh.h"
#include "core/provision/names.h"

#include <limits.h>

#define FOLDER_RULES_MAX 256u                /* of tftp.map */
#define FOLDER_MAP_MAX   (64u * 1024)        /* bytes of it */
#define FOLDER_FILE_MAX  (64u * 1024 * 1024) /* bytes of a file; firmware images are smaller */
#define FOLDER_PLACE     128                 /* bytes of a name behind a rule, with NUL */

/* Finds a file: the asked spelling wins, else the first in the order of bytes; the asked place
 * wins, else the first rule by which there is one. `path` is real; a link that leads out of the
 * folder, or to a name that is never served, is no file. `name` becomes the asked name as it is
 * spelled on disk. What the answer depends on is added to *sources, also when there is none.
 * ERR_NOTFOUND without text; ERR_NOTNOW for a rule that cannot be read, with its line. */
enum err folder_find(struct cluster *c, const char *asked, char name[NAME_SIZE],
	char path[PATH_MAX], struct provision_sources *sources, struct fail *why) MUST_USE;
/* The same in its own place only: no rule moves trust lists. */
enum err folder_find_here(struct cluster *c, const char *asked, char name[NAME_SIZE],
	char path[PATH_MAX], struct provision_sources *sources, struct fail *why) MUST_USE;

/* Calls `each` with the names by which phones would find the files like `pattern` ("*.raw"), in
 * order of names without regard to case. */
enum err folder_each(struct cluster *c, const char *pattern,
	enum err (*each)(void *ctx, const char *name), void *ctx, struct provision_sources *sources,
	struct fail *why) MUST_USE;

/* What is remembered of the folder, with the cluster. */
struct folder;

#endif
