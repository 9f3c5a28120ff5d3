/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_AUDIT_LINE_H
#define CORE_AUDIT_LINE_H

#include "core/audit/audit.h"
#include "wire/json.h"

/* Inside this folder: one line of the log. spec: docs/formats/audit-log.md */

#define AUDIT_LINE_MAX   4096u /* bytes of a line, without its newline */
#define AUDIT_DIGEST_HEX 65u   /* SHA-256 in hex, and NUL */

/* Where the chain stands: number and digest of its last line. Before the first line: 0 and the
 * digest "00…0". */
struct audit_end {
	int64_t number;
	char digest[AUDIT_DIGEST_HEX];
};
struct audit_end audit_begin(void);
bool audit_same_end(const struct audit_end *a, const struct audit_end *b);

/* Appends the line after `last`, without newline; texts that are too long are cut. */
enum err audit_line_write(struct buf *out, const struct audit_end *last, int64_t time,
	const struct audit_entry *e, struct fail *why) MUST_USE;

/* A line read. The row borrows from `json`. */
struct audit_line {
	struct json *json;
	struct audit_row row;
	const char *previous; /* digest of the line before, as this line says */
	struct audit_end end; /* the chain's end after this line */
};
/* ERR_FORMAT. */
enum err audit_line_read(struct audit_line *out, struct span text, struct fail *why) MUST_USE;
void audit_line_fini(struct audit_line *l);

/* True when `l` is the line that comes after `last`. */
bool audit_line_follows(const struct audit_line *l, const struct audit_end *last);

/* --- the file --- */

/* Calls `each` with every line that ends in a newline, in order; a longer one than AUDIT_LINE_MAX
 * comes as its first AUDIT_LINE_MAX + 1 bytes. A file that is not there has none. */
enum err audit_lines(const struct cluster *c,
	enum err (*each)(void *ctx, struct span line, struct fail *why), void *ctx,
	struct fail *why) MUST_USE;

/* Appends the last line that ends in a newline, without it, to *line; *torn tells of bytes after
 * it, which a power cut may leave. */
enum err audit_last_line(
	const struct cluster *c, struct buf *line, bool *torn, struct fail *why) MUST_USE;

/* Nobody else appends meanwhile. Makes the folder. */
enum err audit_lock(const struct cluster *c, int *lock, struct fail *why) MUST_USE;
void audit_unlock(int lock);

/* --- what the store remembers of the end --- */

enum err audit_end_get(struct cluster *c, struct audit_end *out, struct fail *why) MUST_USE;

#endif
