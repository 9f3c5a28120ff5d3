/* SPDX-License-Identifier: BSD-2-Clause
 * Heads of HTTP/1.1 requests and answers, read strictly: what two programs could understand in two
 * ways is refused. RFC 9110, RFC 9112; Basic: RFC 7617. spec: docs/formats/http.md */
#ifndef WIRE_HTTP_HTTP_H
#define WIRE_HTTP_HTTP_H

#include "base/buf.h"

#include <stdbool.h>

#define HTTP_HEAD_MAX   8192u                   /* bytes of a head, its empty line included */
#define HTTP_TARGET_MAX 1024u                   /* bytes of path and query */
#define HTTP_FIELDS_MAX 64u                     /* header fields */
#define HTTP_NAME_MAX   64u                     /* bytes of a field's name */
#define HTTP_VALUE_MAX  4096u                   /* bytes of a field's value */
#define HTTP_LENGTH_MAX INT64_C(0xFFFFFFFFFFFF) /* Content-Length */

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_PUT, HTTP_POST, HTTP_DELETE, HTTP_METHODS };
const char *http_method_name(enum http_method m);

struct http_field {
	struct span name, value; /* names compare without regard to case */
};

struct http_request {
	enum http_method method;
	struct span path, query; /* as sent; query without its '?', empty when there is none */
	unsigned minor;          /* 1 for HTTP/1.1, 0 for HTTP/1.0 */
	struct http_field fields[HTTP_FIELDS_MAX];
	size_t fields_count;
	int64_t length;       /* bytes of the body; 0 without a Content-Length */
	bool close;           /* the connection is to end after the answer */
	bool expect_continue; /* waits for "100 Continue" before it sends the body */
	unsigned refusal;     /* after a failure: the status to answer with (400, 501, …) */
};

/* Bytes of the head at the start of `in`; 0 with *err ERR_OK when more is needed, 0 with ERR_LIMIT
 * or ERR_FORMAT (a line that ends in LF alone) when it cannot be one any more. */
size_t http_frame(struct span in, enum err *err, struct fail *why);

/* A whole head and nothing else. Borrows from `in`. ERR_SHORT, ERR_FORMAT, ERR_LIMIT,
 * ERR_UNSUPPORTED; r->refusal is the status that fits. Path and query hold visible characters only;
 * the path begins with '/'. At most one Host, Content-Length, Authorization, Expect, If-Match,
 * If-None-Match, If-Range and Range; no Transfer-Encoding; no body with GET, HEAD and DELETE;
 * HTTP/1.1 needs a Host. */
enum err http_decode(struct http_request *r, struct span in, struct fail *why) MUST_USE;

/* The head again: fields as they are, one blank after the colon. ERR_ARG for what decode would
 * refuse in a field. */
enum err http_encode(struct buf *out, const struct http_request *r) MUST_USE;

/* The value of the first field of this name; false when there is none. */
bool http_field(const struct http_request *r, const char *name, struct span *value);

/* Percent-decodes a path and appends it, without NUL. ERR_FORMAT for half an escape, for what
 * decodes to a control character, DEL, '/' or '\\', for bytes that are not UTF-8, and for an
 * empty, "." or ".." component ("/" alone is good, and so is one slash at the end). */
enum err http_path(struct buf *out, struct span path, struct fail *why) MUST_USE;

/* "Basic <base 64 of name:password>" into *name and *password, appended without NUL; the caller
 * wipes both. ERR_UNSUPPORTED for another scheme, ERR_FORMAT, ERR_LIMIT; control characters are
 * refused. */
#define HTTP_NAME_PASSWORD_MAX 512u
enum err http_basic(
	struct span value, struct buf *name, struct buf *password, struct fail *why) MUST_USE;

/* One entity tag, "\"<tag>\"": the tag without quotes. A weak one or a list: ERR_FORMAT. */
enum err http_tag(struct span value, struct span *tag, struct fail *why) MUST_USE;

/* --- conditions and ranges (RFC 9110, 13 and 14) --- */

/* Whether `tag` (with its quotation marks, and strong) is in the value of If-None-Match (weakly) or
 * If-Match: a list of entity tags, or "*" for any. What is no list holds nothing. */
bool http_tag_among(struct span value, struct span tag, bool weakly);

enum http_range {
	HTTP_RANGE_NONE,   /* to be passed over: another unit, several ranges, a mistake */
	HTTP_RANGE_PART,   /* *first to *last, both of which are within `size` */
	HTTP_RANGE_BEYOND, /* 416 */
};
enum http_range http_range(struct span value, size_t size, size_t *first, size_t *last);

/* "Sun, 06 Nov 1994 08:49:37 GMT" and the two older forms; false for anything else. A year of two
 * digits is of 1970 to 2069. Seconds since 1970. */
bool http_date(struct span value, int64_t *seconds);
/* Appends the first form; nothing for a year above 9999. */
void http_put_date(struct buf *out, int64_t seconds);

/* --- answers --- */

struct http_answer {
	unsigned status;
	const struct http_field *fields; /* besides Date, Content-Length and Connection */
	size_t fields_count;
	int64_t date;   /* seconds since 1970 */
	int64_t length; /* bytes of the body; -1: it ends with the connection */
	bool close;
};

/* ERR_ARG for a field that would break the head. */
enum err http_answer_encode(struct buf *out, const struct http_answer *a) MUST_USE;

/* "Not Found"; "" for a status that is not one of ours. */
const char *http_reason(unsigned status);

#define HTTP_CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

#endif
