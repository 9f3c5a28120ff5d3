/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/buf.h"

#include <stdio.h>

/* Programs and services log; libraries never do. Thread-safe; one line per call. */
enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_to(FILE *out, enum log_level highest);
void log_line(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Traces: the lines administrators know, each kind in its own file in its own shape.
 *   TRACE_TFTP, TRACE_SDI: "HH:MM:SS.mmm |text"        TRACE_CAPF, TRACE_TVS: "HH:MM:SS.mmm | debug
 * text" Source of the shapes: docs/formats/traces.md */
enum trace_kind { TRACE_TFTP, TRACE_CAPF, TRACE_SDI, TRACE_TVS, TRACE_KINDS };

/* Opens <folder>/{ctftp,capf,sdi,tvs}.log for appending; `also` (or NULL) gets every line too. */
enum err trace_open(const char *folder, FILE *also, struct fail *why) MUST_USE;
void trace_line(enum trace_kind kind, const char *fmt, ...) PRINTF_LIKE(2, 3);
void trace_close(void);

/* For a service with thousands of lines a second, which writes them together. trace_gather appends
 * a line as trace_line would write it, with the time of now; text beyond 511 bytes is left out.
 * trace_put writes all lines of one kind and empties `lines`. */
void trace_gather(struct buf *lines, enum trace_kind kind, const char *fmt, ...) PRINTF_LIKE(3, 4);
void trace_put(enum trace_kind kind, struct buf *lines);

#endif
