/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/clock.h"
#include "base/mem.h"
#include "net/sock.h"
#include "net/stream_priv.h"

#include <string.h>

/* A finished stream may take so long to send its rest and to see the peer's end. */
#define FINISH_US (5 * 1000000ll)

void stream_handle(struct stream *s, stream_fn *fn, void *ctx)
{
	s->fn = fn;
	s->ctx = ctx;
}

void stream_verify_ctx(struct stream *s, void *ctx)
{
	s->link.peer.verify_ctx = ctx;
	s->link.peer.own_ctx = true;
}

struct span stream_input(struct stream *s)
{
	return span_of(s->in.len ? s->in.data + s->in_pos : NULL, stream_unread(s));
}

/* Reading may go on: with bytes inside libssl nobody else would say so. */
static void resume(struct stream *s)
{
	stream_enter(s);
	if (s->state == STREAM_OPEN && !s->paused && (s->more || s->eof))
		stream_again(s);
	stream_leave(s);
}

void stream_consume(struct stream *s, size_t len)
{
	size_t unread = stream_unread(s);

	s->in_pos += len < unread ? len : unread;
	resume(s);
}

void stream_pause(struct stream *s, bool paused)
{
	s->paused = paused;
	resume(s);
}

static struct stream_chunk *chunk_new(struct span bytes)
{
	struct stream_chunk *c = mem_new(sizeof(*c) + bytes.len);

	if (c) {
		c->len = bytes.len;
		memcpy(c->data, bytes.ptr, bytes.len);
	}
	return c;
}

enum err stream_write(struct stream *s, struct span bytes)
{
	struct stream_chunk *c;
	enum link_result r;
	size_t len = 0;

	if (s->broken || s->state > STREAM_OPEN)
		return ERR_CLOSED;
	if (s->state != STREAM_OPEN)
		return ERR_NOTNOW;
	if (!bytes.len)
		return ERR_OK;
	if (bytes.len > STREAM_OUTPUT_MAX - s->out_len)
		return ERR_LIMIT;
	stream_enter(s);
	if (!s->out) {
		r = link_write(&s->link, bytes, &len, &s->why);
		s->want_in = r == LINK_WANT_READ;
		if (r == LINK_FAILED)
			goto failed;
	}
	if (len < bytes.len) {
		c = chunk_new(span_of(bytes.ptr + len, bytes.len - len));
		if (!c && !len) {
			stream_leave(s);
			return ERR_NOMEM;
		}
		if (!c) {
			fail_set(&s->why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
			goto failed;
		}
		*s->out_last = c;
		s->out_last = &c->next;
		s->out_len += c->len;
	}
	s->out_due = true;
	stream_again(s);
	stream_leave(s);
	return ERR_OK;
failed:
	s->broken = true;
	stream_again(s);
	stream_leave(s);
	return ERR_CLOSED;
}

enum err stream_write_last(struct stream *s, struct span bytes)
{
	s->link.last = true;
	return stream_write(s, bytes);
}

void stream_timeout(struct stream *s, int64_t us)
{
	struct timeval tv = loop_timeval(us);

	if (us <= 0 || s->over) {
		s->timeout_us = 0;
		return;
	}
	s->timeout_us = clock_monotonic_us() + us;
	if (s->timer_us && s->timer_us <= s->timeout_us)
		return;
	if (evtimer_add(&s->timeout_ev, &tv) == 0)
		s->timer_us = s->timeout_us;
}

size_t stream_unsent(const struct stream *s)
{
	return s->out_len;
}

static void drop(struct loop_orphan *o)
{
	struct stream *s = (struct stream *)((char *)o - offsetof(struct stream, orphan));

	stream_enter(s);
	stream_destroy(s);
	stream_leave(s);
}

/* From here on the loop owns the stream. */
static void give_up(struct stream *s)
{
	s->fn = NULL;
	s->ctx = NULL;
	s->over = true;
	stream_timeout(s, 0);
	s->orphan.drop = drop;
	loop_adopt(s->loop, &s->orphan);
	stream_deadline(s, FINISH_US);
	s->want_out = false;
	s->state = STREAM_ENDING;
	stream_again(s);
}

void stream_finish(struct stream *s)
{
	if (!s || s->state > STREAM_OPEN)
		return;
	if (s->state != STREAM_OPEN || s->broken) {
		stream_close(s);
		return;
	}
	stream_enter(s);
	give_up(s);
	stream_leave(s);
}

void stream_finish_last(struct stream *s)
{
	/* Closing with input that was not read would reset the connection: see stream_end_step. */
	if (s && s->state == STREAM_OPEN && !s->out && link_is_quiet(&s->link))
		stream_close(s);
	else
		stream_finish(s);
}

void stream_close(struct stream *s)
{
	if (!s || s->state > STREAM_OPEN)
		return;
	stream_enter(s);
	stream_drop_output(s);
	/* The alert that tells the peer why must reach it: see stream_end_step. */
	if (s->link.alerted) {
		s->broken = false;
		give_up(s);
	} else {
		stream_destroy(s);
	}
	stream_leave(s);
}

const struct net_addr *stream_peer(const struct stream *s)
{
	return &s->peer;
}

void stream_local(const struct stream *s, struct net_addr *out)
{
	sock_local(s->link.fd, out);
}

int stream_number(const struct stream *s)
{
	return s->link.fd;
}

const struct fail *stream_failure(const struct stream *s)
{
	return &s->why;
}

/* Also of a handshake that the peer ended after its choice, for probes. */
static bool cipher_chosen(const struct stream *s)
{
	return s->link.ssl && SSL_get_current_cipher(s->link.ssl);
}

const char *stream_cipher(const struct stream *s)
{
	return cipher_chosen(s) ? SSL_get_cipher_name(s->link.ssl) : "";
}

const char *stream_version(const struct stream *s)
{
	return cipher_chosen(s) ? SSL_get_version(s->link.ssl) : "";
}

struct span stream_peer_cert(const struct stream *s)
{
	return span_of(s->link.peer.der, s->link.peer.der_len);
}

void stream_tap(struct stream *s, stream_tap_fn *tap, void *ctx)
{
	s->link.tap = tap;
	s->link.tap_ctx = ctx;
}
