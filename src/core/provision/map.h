/* SPDX-License-Identifier: BSD-2-Clause
 * tftp.map of the state folder: where files lie that phones ask for by their plain names.
 * spec: docs/formats/served-files.md#sub-folders */
#ifndef CORE_PROVISION_MAP_H
#define CORE_PROVISION_MAP_H

#include "core/provision/folder.h"

struct folder_map;

/* Reads the rules, or leaves *map as it is when the file has not changed; no file, no rules.
 * ERR_NOTNOW with the line that cannot be read. */
enum err folder_map_read(struct cluster *c, struct folder_map **map, struct fail *why) MUST_USE;
void folder_map_free(struct folder_map *map);

/* Where the next rule from *rule on puts `name`, which it matches; false when none does. */
bool folder_map_next(
	const struct folder_map *map, const char *name, size_t *rule, char place[FOLDER_PLACE]);

#endif
