/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_AUDIT_H
#define CORE_AUDIT_H

#include "core/cluster/cluster.h"

/* Who did what: <state>/audit/audit.log, a line of JSON each, chained: every line carries the
 * SHA-256 of the line before it, so that a change or a cut in the middle shows. The end is
 * remembered in the store too, so that a shortened file shows. spec: docs/formats/audit-log.md */
struct audit_entry {
	const char *who;    /* account, or "uid 0 (root)" for somebody at the node's console */
	const char *from;   /* address, or "console" */
	const char *action; /* command's words or "ctl stage" */
	const char *object; /* what it was done to; "" */
	const char *result; /* "done", or why not */
};

/* Appended and synced before the call returns; several processes at once are fine (file lock). No
 * secret may be in it. */
enum err audit_append(struct cluster *c, const struct audit_entry *e, struct fail *why) MUST_USE;

/* Newest last. */
struct audit_row {
	int64_t number, time;
	const char *who, *from, *action, *object, *result;
};
enum err audit_each(struct cluster *c, enum err (*each)(void *ctx, const struct audit_row *row),
	void *ctx, struct fail *why) MUST_USE;

/* ERR_VERIFY names the first line that does not fit. *rows: lines that do. */
enum err audit_verify(struct cluster *c, int64_t *rows, struct fail *why) MUST_USE;

#endif
