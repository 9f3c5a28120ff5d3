/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_BAT_QUERY_H
#define CORE_BAT_QUERY_H

#include "store/store.h"

/* A query over phones in the original's words:
 *   Device Type is Cisco 7961 and LSC Expires is before 2026-12-01
 * Conditions are joined by "and" or by "or", not by both; a value ends where the next condition
 * begins, or stands in double quotes; "all" is every phone. spec: docs/formats/bat-query.md */
#define BAT_QUERY_MOST 512 /* bytes of a query, with NUL */

struct bat_query {
	struct store_term terms[STORE_TERMS_MOST];
	char texts[STORE_TERMS_MOST][STORE_TEXT];
	size_t count;
	bool any;
};

/* ERR_FORMAT says where the query stops being understood and what may stand there. */
enum err bat_query_parse(struct bat_query *q, const char *text, struct fail *why) MUST_USE;
/* Borrows from *q, which must not move. */
struct store_filter bat_query_filter(const struct bat_query *q);

#endif
