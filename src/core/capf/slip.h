/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_CAPF_SLIP_H
#define CORE_CAPF_SLIP_H

#include "core/bat/choose.h"
#include "core/device/auth_string.h"
#include "core/model/model.h"

/* Authentication strings for many phones at once, and the slips of paper on which they travel to
 * whoever stands before the phone. The digits are in memory only until the slips are written: the
 * store gets what core/device/auth_string makes of them. */
struct slip {
	char device[16], description[STORE_TEXT], number[25];
	const struct model *model;
	char string[AUTH_STRING_MOST + 1];
	bool in_place; /* of a string that was not used yet */
	bool asks;     /* Authentication Mode, of the phone or its profile, is by string */
	bool ordered;  /* a certificate operation is pending */
	int64_t by;    /* Operation Completes By, when one is */
	struct store_sealed sealed;
	enum err err; /* of sealing */
	struct fail why;
};

struct slips {
	struct slip *of;
	size_t count;
	size_t kept;   /* phones that were passed over: they have a string */
	size_t unable; /* phones that were passed over: their model takes no certificate */
};

/* Draws a string of so many digits for each phone; `missing` passes over those that have one. */
enum err slips_draw(struct cluster *c, const struct bat_choice *choice, unsigned digits,
	bool missing, struct slips *out, struct fail *why) MUST_USE;
/* Seals all of them; some milliseconds each, so `parallel` (NULL: one after another) calls
 * fn(arg, i) for every i below `count`. `progress` may be NULL. */
struct slips_work {
	void (*parallel)(void *ctx, size_t count, void (*fn)(void *arg, size_t i), void *arg);
	void *ctx;
	void (*progress)(size_t done, size_t total);
};
enum err slips_seal(struct cluster *c, struct slips *s, const struct slips_work *how,
	struct fail *why) MUST_USE;
/* Gives the phones their strings: all or none. ERR_NOTFOUND for one that was deleted meanwhile. */
enum err slips_keep(struct cluster *c, const struct slips *s, struct fail *why) MUST_USE;

/* A slip for each phone: who it is for, the string, and what to press on that model. */
void slips_text(const struct slips *s, struct buf *out);
/* The same as a page to print; complete in itself. */
void slips_html(const struct slips *s, struct buf *out);

/* Wipes the strings. */
void slips_fini(struct slips *s);

#endif
