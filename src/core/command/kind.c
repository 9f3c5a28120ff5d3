/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/handlers.h"

#include <string.h>
#include <strings.h>

enum list_kind command_list_kind(const char *path, const struct tlv_header *h)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	if (strncasecmp(name, "ITL", 3) == 0 || strncasecmp(name, "ext_ITL", 7) == 0)
		return LIST_ITL;
	if (strncasecmp(name, "CTL", 3) == 0 || !h)
		return LIST_CTL;
	return list_kind_of(h);
}
