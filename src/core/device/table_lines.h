/* SPDX-License-Identifier: BSD-2-Clause
 * Lines beside the first in the CSV file of phones. */
#ifndef CORE_DEVICE_TABLE_LINES_H
#define CORE_DEVICE_TABLE_LINES_H

#include "core/device/line.h"

enum line_part { LINE_NUMBER, LINE_DISPLAY, LINE_LABEL };

/* "Directory Number 2", "Line Display 2", "Line Text Label 2": which line and which part. */
bool line_column(const char *label, int64_t *line, enum line_part *part);

/* A line of one of the file's phones. */
struct table_line {
	size_t entry;        /* of the phone; the caller's number */
	unsigned at;         /* line of the file */
	bool changed, moved; /* moved: it had another number, which is given up first */
	struct store_line line;
};
struct table_lines {
	struct table_line *of;
	size_t count, room;
};

/* Takes one field over: what is in the store first, read once for each line. */
enum err table_lines_set(struct table_lines *t, struct cluster *c, const char *device, size_t entry,
	unsigned at, int64_t line, enum line_part part, const char *text,
	struct fail *why) MUST_USE;
/* ERR_FORMAT for a line without number. Errors name the line of the file. */
enum err table_lines_check(const struct table_lines *t, struct fail *why) MUST_USE;
/* Before the phones are written, and after. */
enum err table_lines_release(
	const struct table_lines *t, struct store *s, struct fail *why) MUST_USE;
enum err table_lines_put(const struct table_lines *t, struct store *s, struct fail *why) MUST_USE;
void table_lines_fini(struct table_lines *t);

/* Columns for lines from 2 to `most`, and a phone's fields in them. */
void table_lines_head(int64_t most, struct buf *csv);
enum err table_lines_write(
	struct store *s, const char *device, int64_t most, struct buf *csv) MUST_USE;

#endif
