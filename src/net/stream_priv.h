/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NET_STREAM_PRIV_H
#define NET_STREAM_PRIV_H

#include "net/link.h"
#include "net/loop_priv.h"

/* Inside this folder only: a stream's parts, in stream.c (life, events), stream_io.c (moving
 * bytes), stream_call.c (the owner's calls). */

/* The bytes of one stream_write, so that record boundaries are the owner's. */
struct stream_chunk {
	struct stream_chunk *next;
	size_t len, pos;
	uint8_t data[];
};

enum stream_state {
	STREAM_NEW,        /* accepted; the owner knows, nothing was read */
	STREAM_CONNECTING, /* TCP */
	STREAM_HANDSHAKE,  /* TLS */
	STREAM_OPEN,
	STREAM_ENDING, /* no owner any more: output is being sent */
	STREAM_LINGER, /* no owner any more: waits for the peer's end */
	STREAM_DEAD,   /* memory is left until the last call returns */
};

struct stream {
	struct loop *loop;
	struct link link;
	struct net_addr peer;
	enum stream_state state;
	unsigned busy; /* calls in which `s` is still used */
	stream_fn *fn;
	void *ctx;
	struct fail why;
	struct loop_orphan orphan; /* linked in ENDING and LINGER */

	struct event read_ev, write_ev, timeout_ev, deadline_ev;
	struct loop_soon again;
	bool reading, writing; /* what is registered */
	/* Monotonic: when the owner's time is over, and when the timer for it goes off, which may
	 * be sooner and then finds out; 0: never. Owners set their time with each message. */
	int64_t timeout_us, timer_us;
	int64_t handshake_us;

	struct buf in;
	size_t in_pos;
	bool paused;
	bool more;     /* reading stopped before the socket was empty */
	bool eof;      /* the peer's end was read */
	bool want_out; /* the link reads, shakes hands or ends when it may write */
	bool want_in;  /* the link writes when it may read */
	bool over;     /* CLOSED, TIMEOUT or ERROR was told: no further event */
	bool broken;   /* nothing can be sent */

	struct stream_chunk *out, **out_last;
	size_t out_len;
	bool out_due; /* DRAINED has to be told */
};

struct stream *stream_new(struct loop *l, int fd, struct tls *tls, const struct net_addr *peer);
/* Between these two a closed stream's memory stays. leave registers what the stream waits for. */
void stream_enter(struct stream *s);
void stream_leave(struct stream *s);
/* Runs the stream again when the loop has looked at the others. */
void stream_again(struct stream *s);
void stream_emit(struct stream *s, enum stream_event ev);
/* s->why is set: tells STREAM_ERROR. */
void stream_failed(struct stream *s);
void stream_deadline(struct stream *s, int64_t us);
/* Closes the socket and forgets the owner; stream_leave frees. */
void stream_destroy(struct stream *s);

#define LISTEN_BACKLOG 4096 /* as far as the system lets it */

/* listener.c: a listener on a socket that is bound and listens; takes `fd`, also when it fails. */
enum err listener_take_socket(struct listener **out, struct loop *l, int fd, struct tls *tls,
	void (*accepted)(void *ctx, struct stream *s), void *ctx, struct fail *why);

/* Answers are single writes: none should wait for the next one. Linux hands it on from a listening
 * socket to those that it accepts. */
void stream_no_delay(int fd);

/* stream.c: a stream whose socket `fd` is being connected; takes `fd`. `error` is connect's errno,
 * or 0; a refusal is told as an event, so that owners have one place for it. */
enum err stream_take_socket(struct stream **out, struct loop *l, int fd, struct tls *tls,
	const struct net_addr *peer, const char *text, int error, stream_fn *fn, void *ctx,
	struct fail *why);

/* stream_io.c */
void stream_shake(struct stream *s);
void stream_pump(struct stream *s);  /* reads, tells DATA and CLOSED */
void stream_flush(struct stream *s); /* writes what the kernel takes */
void stream_drop_output(struct stream *s);
size_t stream_unread(const struct stream *s);
/* Takes one step of ENDING or LINGER. */
void stream_end_step(struct stream *s);

#endif
