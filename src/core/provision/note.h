/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_PROVISION_NOTE_H
#define CORE_PROVISION_NOTE_H

#include "core/provision/provision.h"

/* What logs say of a file that was served, read from its bytes. */
struct provision_note {
	/* A list: its MD5, as phones show it and `file list tftp detail`. A configuration: its
	 * versionStamp. Else its date. "" where there is none. */
	char version[64];
	/* "none"; "<signer's common name>, SHA-1, <date>" of what was signed or checked here,
	 * "not checked, …" of what others signed. */
	char signature[160];
	int64_t list; /* STORE_CTL, STORE_ITL; 0 no list */
};

/* `file` is an answer of provision_get. Does not block. */
void provision_note(const struct provision_file *file, struct provision_note *out);

#endif
