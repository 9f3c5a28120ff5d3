/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_LIST_SERVER_H
#define CORE_LIST_SERVER_H

#include "core/list/list.h"

/* What a CTL says of one node. Everything is borrowed. */
struct list_server {
	const char *address;     /* host name or address, as phones reach it */
	bool callmanager, tftp;  /* activated there: its server entry's role */
	const struct cert *cert; /* CallManager's, which TFTP works with too */
	const struct cert *capf; /* NULL: CAPF is not activated there */
};

/* Writes the node's entries: its server (with `emptied` without certificate, for non-secure mode)
 * and its CAPF. `ip` must live as long as they do. Returns how many; neither service: no server. */
#define LIST_SERVER_ENTRIES 2u
size_t list_server_entries(const struct list_server *s, bool emptied,
	struct list_entry out[LIST_SERVER_ENTRIES], uint8_t ip[16]);

#endif
