/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_TRACE_H
#define BASE_TRACE_H

#include "base/buf.h"

#include <stdio.h>

/* Traces: the lines administrators know, each kind in files of its own in its own shape.
 *   TRACE_TFTP, TRACE_SDI: "HH:MM:SS.mmm |text"        TRACE_CAPF, TRACE_TVS: "HH:MM:SS.mmm | debug
 * text" Source of the shapes: docs/formats/traces.md. Thread-safe; lines are whole. */
enum trace_kind { TRACE_TFTP, TRACE_CAPF, TRACE_SDI, TRACE_TVS, TRACE_KINDS };

/* "ctftp", "capf", "ccm", "tvs": begins the names of the kind's files, <word><8 digits>.txt. */
const char *trace_word(enum trace_kind kind);
/* Where they lie below the folder: "cm/trace/ctftp/sdi". */
const char *trace_folder(enum trace_kind kind);

#define TRACE_SIZE_DEFAULT  (2048u * 1024)
#define TRACE_FILES_DEFAULT 50u

/* Opens the newest file of each kind for appending, folders made if need be; `also` (or NULL) gets
 * every line too. */
enum err trace_open(const char *folder, FILE *also, struct fail *why) MUST_USE;
/* A file that would be longer than `size` bytes is followed by one with the next number; the newest
 * `files` of each kind are kept. In force at once. */
void trace_limits(size_t size, unsigned files);
void trace_line(enum trace_kind kind, const char *fmt, ...) PRINTF_LIKE(2, 3);
void trace_close(void);

/* For a service with thousands of lines a second, which writes them together. trace_gather appends
 * a line as trace_line would write it, with the time of now; text beyond 767 bytes is left out.
 * trace_put writes all lines of one kind and empties `lines`. */
void trace_gather(struct buf *lines, enum trace_kind kind, const char *fmt, ...) PRINTF_LIKE(3, 4);
void trace_put(enum trace_kind kind, struct buf *lines);

#endif
