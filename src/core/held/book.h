/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_HELD_BOOK_H
#define CORE_HELD_BOOK_H

#include "core/held/judge.h"

#define HASH_NONFATAL_OOM      1
#define uthash_malloc(size)    mem_new(size)
#define uthash_free(ptr, size) mem_free(ptr)

#include "base/mem.h"

#include <uthash.h>

#define BOOK_PHONES_MOST 65536u /* the one heard of longest ago goes first */

/* What a phone was given and asked, from one address. */
struct start {
	char device[DEVICE_NAME_SIZE];
	char host[HELD_HOST];
	struct {
		char digest[HELD_DIGEST]; /* offered last; "" none */
		int64_t at_us;
		int64_t written; /* seconds: when the store was told last; 0 never */
	} of[STORE_ITL + 1];
	int64_t clear_us; /* asked for clear configuration; 0 never */
	/* Seconds: when the store was told last what follows from all that; 0 not yet. From its
	 * coming, and from its proof. */
	int64_t concluded, proven;
	unsigned asked; /* times for signed configuration, since it came last */
	bool told;
	UT_hash_handle hh;
};

#define BOOK_HOSTS 4096u

struct held_book {
	struct held_judge judge;
	struct start *starts;       /* in the order of their events */
	uint64_t hosts[BOOK_HOSTS]; /* hashes of those that took a list under its common name */
};

/* Remembers an event; the phone's entry, or NULL. */
struct start *book_note(struct held_book *b, const struct held_event *e);
struct start *book_find(struct held_book *b, const char *device);
/* May a phone at this address have a list of ours that was asked for under its common name? */
bool book_host_took(const struct held_book *b, const char *host);

#endif
