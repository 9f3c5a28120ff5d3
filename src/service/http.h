/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_HTTP_H
#define SERVICE_HTTP_H

#include "base/clock.h"
#include "net/stream.h"
#include "service/slots.h"
#include "wire/http/http.h"

/* HTTP connections over streams, for every service that speaks HTTP. It reads whole requests and
 * hands them on; the answer comes at once or later. Slow, silent and many clients are bounded here.
 * One server is one loop's. spec: docs/formats/http.md */
#define HTTP_HEAD_US         (10 * 1000000ll) /* a head must have come by then */
#define HTTP_BODY_US         (30 * 1000000ll) /* and its body, after that */
#define HTTP_IDLE_US         (30 * 1000000ll) /* between two requests */
#define HTTP_DRAIN_US        (30 * 1000000ll) /* for the peer to take a piece of an answer */
#define HTTP_PIECE           (64u * 1024)     /* bytes of a body that are handed over at once */
#define HTTP_REQUESTS_MAX    100u             /* on one connection */
#define HTTP_CONNECTIONS_MAX 64u              /* at once, of one server */
#define HTTP_PER_SOURCE_MAX  8u               /* of these, from one address */

struct http_server;

/* Borrowed until `handle` returns. */
struct http_exchange {
	const struct http_request *request;
	struct span body;
	const struct net_addr *peer;
};

struct http_config {
	const char *name; /* for the log */
	struct loop *loop;
	const struct net_addr *addr;
	struct tls *tls; /* NULL: plain TCP */
	const struct clock *clock;
	size_t body_max; /* bytes; a longer body is refused before it is read */
	bool read_only;  /* only GET and HEAD; another method is refused before its body is read */
	/* 0: those above. */
	unsigned requests_max, connections_max, per_source_max;
	/* A whole request. http_answer with `ref` answers it, in this call or later; `ref` outlives
	 * the connection, whose answer is then dropped. */
	void (*handle)(void *ctx, struct slot_ref ref, const struct http_exchange *x);
	void *ctx;
};

/* ERR_INUSE names the port and its owner. */
enum err http_server_new(
	struct http_server **out, const struct http_config *config, struct fail *why) MUST_USE;
/* Closes the listener and every connection. NULL allowed. */
void http_server_free(struct http_server *h);
/* The address in use (the port, when it was opened on port 0). */
void http_server_addr(const struct http_server *h, struct net_addr *out);

struct http_reply {
	unsigned status;
	const char *type; /* of the body: "application/json" */
	struct span body;
	const struct http_field *fields; /* more of them, 6 at most */
	size_t fields_count;
	/* NULL: the body is copied. Else it stays as it is until this is called, once: in
	 * http_answer or later, with the bytes of the body that were sent, and whether these are
	 * all that the answer has. */
	void (*done)(void *owner, size_t sent, bool whole);
	void *owner;
};
/* Answers the request of `ref`; a second answer, or one to a connection that is gone, is dropped.
 */
void http_answer(struct http_server *h, struct slot_ref ref, const struct http_reply *reply);

/* The request that waits for this answer; NULL when there is none any more. */
const struct http_request *http_get_request(const struct http_server *h, struct slot_ref ref);

/* {"error": word, "text": text}; `field` (or NULL) goes with it. */
void http_answer_error(struct http_server *h, struct slot_ref ref, unsigned status,
	const char *word, const char *text, const struct http_field *field);

#endif
