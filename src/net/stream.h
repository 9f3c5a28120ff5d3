/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include "base/buf.h"
#include "net/addr.h"
#include "net/loop.h"
#include "net/tls.h"

/* TCP and TLS connections as a handful of events. A stream knows no protocol. All calls on the
 * loop's thread. */
struct stream;
struct listener;

enum stream_event {
	STREAM_READY,   /* connected, and the TLS handshake (if any) done: may write */
	STREAM_DATA,    /* stream_input has more */
	STREAM_DRAINED, /* everything written has been handed to the kernel */
	STREAM_CLOSED,  /* the peer closed in order; input may still be read in this call */
	STREAM_TIMEOUT, /* stream_timeout ran out */
	STREAM_ERROR,   /* anything else; stream_failure tells. */
};
/* After CLOSED, TIMEOUT and ERROR the owner calls stream_close, in the callback or later. */
typedef void stream_fn(void *ctx, struct stream *s, enum stream_event ev);

#define STREAM_INPUT_MAX    (64u * 1024)     /* unread bytes kept; reading pauses above */
#define STREAM_OUTPUT_MAX   (1024u * 1024)   /* unsent bytes queued; ERR_LIMIT above */
#define STREAM_HANDSHAKE_US (15 * 1000000ll) /* a TLS handshake must be over by then */

/* Accepts on addr (SO_REUSEPORT when `shared`). tls NULL: plain TCP. `accepted` gets each
 * connection before its handshake and must call stream_handle. ERR_INUSE names the port and its
 * owner. */
enum err listener_open(struct listener **out, struct loop *l, const struct net_addr *addr,
	struct tls *tls, bool shared, void (*accepted)(void *ctx, struct stream *s), void *ctx,
	struct fail *why) MUST_USE;
void listener_close(struct listener *ls); /* also inside `accepted`; its streams go on */
/* Paused: connections wait in the system's queue. Also inside `accepted`. */
void listener_pause(struct listener *ls, bool paused);
/* Instead of STREAM_HANDSHAKE_US, for connections accepted from now on. */
void listener_handshake_limit(struct listener *ls, int64_t us);
/* The address in use (the port, when it was opened on port 0). */
void listener_addr(const struct listener *ls, struct net_addr *out);

/* Connects and shakes hands within STREAM_HANDSHAKE_US. What goes wrong on the way is told as
 * STREAM_ERROR, never before this returns; ERR_NOMEM and ERR_IO here mean that nothing was begun.
 */
enum err stream_connect(struct stream **out, struct loop *l, const struct net_addr *addr,
	struct tls *tls, stream_fn *fn, void *ctx, struct fail *why) MUST_USE;
/* Sets (or changes) who gets the events. */
void stream_handle(struct stream *s, stream_fn *fn, void *ctx);
/* Context for tls_config.verify of this connection; before the handshake. */
void stream_verify_ctx(struct stream *s, void *ctx);

struct span stream_input(struct stream *s); /* bytes not consumed yet; valid until the next event */
void stream_consume(struct stream *s, size_t len);
/* Stops and resumes reading, while an answer of ours is being made. */
void stream_pause(struct stream *s, bool paused);
/* Queues; one call becomes one TLS record (up to 16 KiB). ERR_LIMIT; ERR_NOTNOW before READY;
 * ERR_CLOSED when nothing can be sent any more (STREAM_ERROR follows, if it was not told). */
enum err stream_write(struct stream *s, struct span bytes) MUST_USE;
/* The same for what stream_finish follows at once: the end then goes with the last of the bytes, in
 * one packet. */
enum err stream_write_last(struct stream *s, struct span bytes) MUST_USE;
size_t stream_unsent(const struct stream *s); /* bytes written that the kernel has not taken yet */
/* One timer per stream; 0 switches off. */
void stream_timeout(struct stream *s, int64_t us);
/* Sends what is queued (bounded time), then closes. No event follows; `s` is not the owner's any
 * more, as after stream_close. Of very many at once the oldest are closed before their time. */
void stream_finish(struct stream *s);
/* The same for a peer that has said that it sends nothing more: most often there is nothing to wait
 * for. */
void stream_finish_last(struct stream *s);
/* At once, without an event; frees `s`. */
void stream_close(struct stream *s);

const struct net_addr *stream_peer(const struct stream *s);
void stream_local(const struct stream *s, struct net_addr *out);
int stream_number(const struct stream *s); /* the descriptor, for traces */
const struct fail *stream_failure(const struct stream *s);

/* Of a TLS stream after STREAM_READY; "" and empty on plain ones. */
const char *stream_cipher(const struct stream *s);    /* OpenSSL's name */
const char *stream_version(const struct stream *s);   /* "TLSv1.2" */
struct span stream_peer_cert(const struct stream *s); /* DER; lives as long as the stream */

/* Hands every raw byte (below TLS) to `tap`: for a phone's capture of its own connection. The tap
 * only looks: it must not call the stream. */
typedef void stream_tap_fn(void *ctx, bool sent, struct span bytes);
void stream_tap(struct stream *s, stream_tap_fn *tap, void *ctx);

/* The same over a UNIX socket, for programs of one machine. The listener's file has mode 0600 and
 * replaces one that nobody listens on any more; ERR_INUSE when somebody does. Connecting:
 * ERR_NOTFOUND when there is no file or nobody listens. The peer's address is empty. */
enum err listener_open_unix(struct listener **out, struct loop *l, const char *path,
	void (*accepted)(void *ctx, struct stream *s), void *ctx, struct fail *why) MUST_USE;
enum err stream_connect_unix(struct stream **out, struct loop *l, const char *path, stream_fn *fn,
	void *ctx, struct fail *why) MUST_USE;
/* The user at the other end of a UNIX stream, from the kernel; false on others. */
bool stream_peer_uid(const struct stream *s, unsigned *uid);

#endif
