/* SPDX-License-Identifier: BSD-2-Clause
 * Files that are the same for all phones and are made where the operator has none of that name.
 * spec: docs/formats/served-files.md#made */
#ifndef CORE_PROVISION_MADE_H
#define CORE_PROVISION_MADE_H

#include "core/provision/folder.h"

/* Appends it. ERR_NOTFOUND for every other name, and where there is nothing to say: ring lists
 * without ring tones. */
enum err made_get(struct cluster *c, const char *asked, const char *revision, struct buf *out,
	struct provision_sources *sources, struct fail *why) MUST_USE;

#endif
