/* SPDX-License-Identifier: BSD-2-Clause
 * What changed between two trust lists. */
#ifndef CORE_LIST_DIFF_H
#define CORE_LIST_DIFF_H

#include "core/list/list.h"

enum list_difference {
	LIST_DIFF_HEADER,  /* version, digest, timestamp, name … */
	LIST_DIFF_SIGNER,  /* who signed */
	LIST_DIFF_ADDED,   /* a record that only the new list has */
	LIST_DIFF_REMOVED, /* one that only the old list has */
	LIST_DIFF_CHANGED, /* one field of a record that both have */
};

/* "header", "signer", "added", "removed", "changed" */
const char *list_difference_name(enum list_difference what);

/* Texts are printable and valid during the call. */
struct list_change {
	enum list_difference what;
	size_t old_record, new_record; /* numbers from 1; 0 where there is none */
	const char *record; /* "CCM+TFTP (2) CN=node 192.0.2.10"; "" for header and signer */
	const char *field;  /* "serial number"; "" for a record as a whole */
	const char *before, *after;
};
typedef void list_changed(void *ctx, const struct list_change *change);

/* Calls `changed` for every difference. Records are the same when role, subject and address are;
 * then those of which one of role, address and subject is another; then those of one role, serial
 * and key. Order does not count.
 * ERR_NOMEM alone. */
enum err list_diff(const struct tlv_list *before, const struct tlv_list *after,
	list_changed *changed, void *ctx) MUST_USE;

#endif
