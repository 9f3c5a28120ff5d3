/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_LIST_CHECK_PRIV_H
#define CORE_LIST_CHECK_PRIV_H

#include "core/list/check.h"

#define LIST_PLACE_MAX 96u
#define LIST_TEXT_MAX  512u

/* One walk over a list. */
struct finder {
	const struct tlv_list *list;
	const struct list_check *how;
	list_found *found;
	void *ctx;
	unsigned tokens; /* different SASTs, of which two are counted */
	struct tlv_record first_token;
	enum err err; /* ERR_NOMEM */
};

/* list_check_records, and `each` (may be NULL) is called after what was found about each record,
 * with its certificate, or NULL when it has none that can be read. */
enum err list_walk_records(const struct tlv_list *list, enum list_kind kind,
	void (*found)(void *ctx, const struct fail *finding),
	void (*each)(void *ctx, size_t number, const struct tlv_record *r, const struct cert *cert),
	void *ctx) MUST_USE;

/* About the header (number 0) or a record: its item `tag`, whose value this is, or all of it (0).
 */
void finder_say(struct finder *f, const char *code, enum list_severity severity, size_t number,
	unsigned tag, struct span value, const char *fmt, ...) PRINTF_LIKE(7, 8);

/* Is the record's certificate valid, and for how long? */
void finder_dates(
	struct finder *f, size_t number, const struct tlv_record *r, const struct cert *cert);
/* Is the list older than the certificate? */
void finder_age(struct finder *f, size_t number, const struct tlv_record *r,
	const struct cert *cert, const char *name);

/* Compares all records with how->real. */
void finder_compare(struct finder *f);

#endif
