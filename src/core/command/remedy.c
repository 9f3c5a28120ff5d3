/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/handlers.h"

#include "core/list/signed.h"
#include "wire/tlv/walk.h"

#include <stdio.h>

static const char *remedy(enum err code, struct span file, bool list)
{
	if (!file.len)
		return "it is empty: fetch it again";
	if (!signed_already(file))
		return code == ERR_SHORT ? "it is cut short: fetch it again"
					 : "it is neither a trust list nor a signed file";
	if (list && tlv_file_kind(file) != TLV_FILE_LIST)
		return "it is a signed file, which cadeado show reads";
	switch (code) {
	case ERR_SHORT: return "it is cut short: fetch it again";
	case ERR_FORMAT: return "fetch it again, or have it made anew";
	default: return NULL;
	}
}

void command_remedy(struct fail *why, struct span file, bool list)
{
	const char *what = remedy(why->code, file, list);
	size_t len = strlen(why->text);

	/* A text that leaves no room for the whole remedy is better off without. */
	if (what && len + strlen(what) + 3 <= sizeof(why->text))
		snprintf(why->text + len, sizeof(why->text) - len, "; %s", what);
}
