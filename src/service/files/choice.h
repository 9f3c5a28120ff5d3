/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_FILES_CHOICE_H
#define SERVICE_FILES_CHOICE_H

#include "wire/http/http.h"

/* What a GET or HEAD of a file is answered with, by its conditions and its range: RFC 9110, 13.2.2
 * and 14. */
struct choice {
	unsigned status; /* 200, 206, 304, 412 or 416 */
	struct span part;
	size_t first; /* where `part` begins */
};

/* `tag` is the file's strong entity tag, `modified` its date (0: not known). */
struct choice choose(
	const struct http_request *r, struct span file, const char *tag, int64_t modified);

#endif
