/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLIENT_TFTP_H
#define CLIENT_TFTP_H

#include "base/buf.h"

/* Fetches one file as a phone would (octet, blksize and tsize offered) and waits for it: for tools.
 * ERR_NOTFOUND when the server says so, ERR_TIMEOUT after `timeout_us` without an answer, ERR_LIMIT
 * above `limit` bytes, ERR_PROTO. Appends to *out. */
enum err client_tftp_get(const char *address, int port, const char *name, size_t limit,
	int64_t timeout_us, struct buf *out, struct fail *why) MUST_USE;

#endif
