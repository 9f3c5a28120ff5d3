/* SPDX-License-Identifier: BSD-2-Clause
 * What kinds of names phones ask for. spec: docs/formats/served-files.md#names */
#ifndef CORE_PROVISION_NAMES_H
#define CORE_PROVISION_NAMES_H

#include "core/list/list.h"
#include "core/provision/config.h"

#include "base/str.h"

#define NAME_SIZE 64 /* of a name that is served, with NUL */

enum name_kind {
	NAME_LIST,       /* CTLFile.tlv, ITLFile.tlv */
	NAME_PHONE_LIST, /* CTLSEP<MAC>.tlv, ITLSEP<MAC>.tlv */
	NAME_CONFIG,     /* SEP<MAC>.cnf.xml and its two signed forms */
	NAME_RESERVED,   /* looks like one of ours, or is never served: not found */
	NAME_FILE,       /* a file in tftp/, or one that is made for all phones */
};

struct name {
	enum name_kind kind;
	enum list_kind list;
	char device[DEVICE_NAME_SIZE];
	enum config_face face;
	const char *suffix; /* of a configuration: ".cnf.xml.sgn" */
};

/* Not empty, no control character, nothing above 0x7E, no backslash, and no part between slashes
 * that is empty or begins with a dot: that is "..", or hidden, or a file still being written. */
bool name_allowed(const char *name);
/* Never read from a file, wherever that lies: `name` may be a path. */
bool name_reserved(const char *name);
void name_classify(struct name *n, const char *asked);

/* True for a name that ends in ".sgn", which is left out in `base`. */
bool name_is_signed(const char *asked, char base[NAME_SIZE]);
/* Firmware is signed by its maker or not at all. */
bool name_is_firmware(const char *name);

#endif
