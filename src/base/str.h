/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/buf.h"

/* Bounded copy; always ends in NUL; false when `text` did not fit. */
bool str_copy(char *out, size_t size, const char *text);

/* Hex of bytes into a buffer: STR_LOWER "0a1b", STR_COLON "0A:1B", STR_BLANK "0A 1B". */
enum str_hex { STR_LOWER, STR_COLON, STR_BLANK };
void str_hex(struct buf *out, struct span bytes, enum str_hex how);

/* Bytes of hex digits; blanks and colons between pairs are skipped. ERR_FORMAT. */
enum err str_unhex(struct buf *out, const char *text) MUST_USE;

/* Case-insensitive, ASCII only. */
bool str_ieq(const char *a, const char *b);

/* Shell-style pattern with * and ?, ASCII case ignored. */
bool str_glob(const char *pattern, const char *text);

/* Appends text with control characters and bytes above 0x7E that are not valid UTF-8 shown as \xNN,
 * so that a peer's bytes cannot move a terminal's cursor. */
void str_printable(struct buf *out, struct span text);

/* "SEP" + 12 upper-case hex digits: copies `text` so normalised into out[16]; ERR_FORMAT. */
#define DEVICE_NAME_SIZE 16
enum err str_device_name(char out[DEVICE_NAME_SIZE], const char *text) MUST_USE;

/* "192.0.2.10" or "2001:db8::10" into network order; *len becomes 4 or 16. ERR_FORMAT. */
enum err str_address(const char *text, uint8_t out[16], size_t *len) MUST_USE;

/* Base 64 with padding, in one line. */
void str_base64(struct buf *out, struct span bytes);
/* The same in lines of 64 characters, each with this end (RFC 7468, RFC 4648 section 3.1). */
void str_base64_lines(struct buf *out, struct span bytes, const char *end);

/* Decimal within [low, high]; ERR_FORMAT. */
enum err str_number(const char *text, long low, long high, long *out) MUST_USE;

#endif
