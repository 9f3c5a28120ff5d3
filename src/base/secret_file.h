/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_SECRET_FILE_H
#define BASE_SECRET_FILE_H

#include "base/buf.h"

#define SECRET_FILE_MAX 4096u /* bytes of the file */

/* The first line of a file that nobody but its owner can read (mode 0600), without its end, and
 * with a NUL: a password or PIN that a service needs and nobody is there to type. ERR_DENIED for a
 * file that others can read, ERR_FORMAT for an empty line, ERR_NOTFOUND, ERR_LIMIT. The caller ends
 * *out with buf_wipe. */
enum err secret_file_read(const char *path, struct buf *out, struct fail *why) MUST_USE;

#endif
