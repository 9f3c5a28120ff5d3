/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_BAT_CHOOSE_H
#define CORE_BAT_CHOOSE_H

#include "core/cluster/cluster.h"

/* The phones that an order is for: those that a query finds, or that a file lists. */
#define BAT_CHOICE_MOST  100000u
#define BAT_CHOICE_BYTES (16u * 1024 * 1024) /* of a file */

struct bat_choice {
	char (*names)[16]; /* folded, in order, each once */
	size_t count, room;
};

/* `text` is a device name, or a query (bat_query_parse). ERR_NOTFOUND for a name that no phone has;
 * a query that finds nothing is no error. */
enum err bat_choose(
	struct cluster *c, const char *text, struct bat_choice *out, struct fail *why) MUST_USE;
/* CSV whose first line names columns, "Device Name" among them; the others are passed over, so that
 * the files of device export and show capf report serve. Every error names the line; ERR_NOTFOUND
 * for a phone that is not known. */
enum err bat_choose_csv(
	struct cluster *c, struct span csv, struct bat_choice *out, struct fail *why) MUST_USE;
/* Names in a row. ERR_FORMAT, ERR_NOTFOUND. */
enum err bat_choose_names(struct cluster *c, const char *const *names, size_t count,
	struct bat_choice *out, struct fail *why) MUST_USE;
/* The caller keeps the order of names. */
enum err bat_choice_add(struct bat_choice *choice, const char *name, struct fail *why) MUST_USE;
void bat_choice_fini(struct bat_choice *choice);

#endif
