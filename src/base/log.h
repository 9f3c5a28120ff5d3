/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/trace.h" /* whoever logs may trace */

#include <stdio.h>

/* Programs and services log; libraries never do. Thread-safe; one line per call. */
enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_to(FILE *out, enum log_level highest);
void log_line(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
