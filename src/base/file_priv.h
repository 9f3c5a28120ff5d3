/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_FILE_PRIV_H
#define BASE_FILE_PRIV_H

/* Between the files of base/file.h. */
#include "base/file.h"

#include <stdbool.h>

/* A fault point: a step that either happens or not; errno is set when it must not. */
bool file_step(void);

/* "path: cannot <doing>: <errno's text>" */
enum err file_fail(struct fail *why, enum err code, const char *path, const char *doing);

/* Makes ".<name>.XXXXXX" beside `path` with all of `content`; *name is the caller's. Removes it
 * again on failure. */
enum err file_make_temporary(const char *path, struct span content, mode_t mode,
	enum file_sync sync, char **name, struct fail *why) MUST_USE;

bool file_sync_folder_of(const char *path) MUST_USE;

#endif
