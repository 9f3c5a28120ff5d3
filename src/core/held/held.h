/* SPDX-License-Identifier: BSD-2-Clause
 * Which trust lists phones were offered, and which they are known to hold: what services saw of
 * them, in the order of time, becomes rows of the store. A list counts as held on evidence alone;
 * without it nothing is known. spec: docs/formats/held.md */
#ifndef CORE_HELD_H
#define CORE_HELD_H

#include "base/str.h"
#include "core/cluster/cluster.h"

#define HELD_DIGEST 33 /* MD5 in hex, which phones show of a list, and NUL */
#define HELD_HOST   46 /* an address in text */
#define HELD_CERT   20 /* bytes: SHA-1 of a certificate, by which lists may name one */

enum held_what {
	HELD_OFFERED,      /* a list was sent, whole */
	HELD_ASKED_CLEAR,  /* configuration was asked for as phones without a list do … */
	HELD_ASKED_SIGNED, /* … or as those with one */
	HELD_CAME,         /* it came to CAPF or the call manager: it obeys its configuration */
	HELD_TRUSTED, /* the same over TLS: it took a certificate of ours, and proved its name */
};

/* Names of phones are what was asked for: anybody may have, until the phone comes from the same
 * address. */
struct held_event {
	enum held_what what;
	int64_t at_us;                 /* wall clock */
	char device[DEVICE_NAME_SIZE]; /* "": a list under its common name */
	char host[HELD_HOST];
	/* HELD_OFFERED */
	int64_t list; /* STORE_CTL, STORE_ITL */
	char digest[HELD_DIGEST];
	struct span content; /* borrowed; empty when an event with this digest had it before */
	/* HELD_TRUSTED: our certificate, and the bits (LIST_ROLE) of which a list must give it one
	 */
	uint8_t cert[HELD_CERT];
	uint32_t roles;
};

/* MD5 of a list, SHA-1 of a certificate (DER). */
void held_digest(struct span list, char out[HELD_DIGEST]);
void held_cert(struct span der, uint8_t out[HELD_CERT]);

/* What is remembered between two calls of held_take only as long as the process runs: what phones
 * were given since they started. */
struct held_book;
enum err held_book_new(struct held_book **out, struct cluster *c) MUST_USE;
void held_book_free(struct held_book *b); /* NULL allowed */

/* Takes events, sorted by time. Those of phones that are not in the store leave no row. `tell` gets
 * a sentence for each phone that is now found to hold another system's list. On an error the rest
 * is left out. */
enum err held_take(struct held_book *b, const struct held_event *events, size_t count,
	void (*tell)(void *ctx, const char *text), void *ctx, struct fail *why) MUST_USE;

/* What somebody read on the phone's screen: a digest, "none" (it was erased), or "unknown".
 * ERR_NOTFOUND for the phone, ERR_FORMAT. */
enum err held_put_read(struct cluster *c, const char *device, int64_t list, const char *text,
	struct fail *why) MUST_USE;

#endif
