/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/clock.h"
#include "base/mem.h"
#include "net/sock.h"
#include "net/stream_priv.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

void stream_enter(struct stream *s)
{
	s->busy++;
}

/* Only memory can fail here; then the stream falls to its timer. */
static void watch(struct event *ev, bool *now)
{
	if (!*now)
		*now = event_add(ev, NULL) == 0;
}

static void forget(struct event *ev, bool *now)
{
	if (*now)
		event_del(ev);
	*now = false;
}

static bool wants_input(const struct stream *s)
{
	switch (s->state) {
	case STREAM_HANDSHAKE: return !s->want_out && !s->over;
	case STREAM_OPEN:
		return s->want_in || (!s->over && !s->paused && !s->eof && !s->broken &&
					     !s->want_out && stream_unread(s) < STREAM_INPUT_MAX);
	case STREAM_ENDING: return s->want_in;
	case STREAM_LINGER: return true;
	default: return false;
	}
}

static bool wants_output(const struct stream *s)
{
	switch (s->state) {
	case STREAM_CONNECTING: return !s->why.code;
	case STREAM_HANDSHAKE: return s->want_out && !s->over;
	case STREAM_OPEN: return !s->broken && (s->want_out || (s->out && !s->want_in));
	case STREAM_ENDING: return s->want_out && !s->want_in;
	default: return false;
	}
}

void stream_leave(struct stream *s)
{
	if (--s->busy)
		return;
	if (s->state == STREAM_DEAD) {
		buf_wipe(&s->in);
		mem_free(s);
		return;
	}
	/* Input that nobody wants now is taken off when it comes: most often none does before it is
	 * wanted again. */
	if (wants_input(s))
		watch(&s->read_ev, &s->reading);
	if (wants_output(s))
		watch(&s->write_ev, &s->writing);
	else
		forget(&s->write_ev, &s->writing);
}

void stream_again(struct stream *s)
{
	if (s->state != STREAM_DEAD)
		loop_soon(s->loop, &s->again);
}

void stream_emit(struct stream *s, enum stream_event ev)
{
	if (s->over || !s->fn)
		return;
	if (ev == STREAM_CLOSED || ev == STREAM_TIMEOUT || ev == STREAM_ERROR) {
		s->over = true;
		stream_timeout(s, 0);
		evtimer_del(&s->deadline_ev);
	}
	s->fn(s->ctx, s, ev);
}

void stream_failed(struct stream *s)
{
	s->broken = true;
	stream_drop_output(s);
	stream_emit(s, STREAM_ERROR);
}

void stream_deadline(struct stream *s, int64_t us)
{
	struct timeval tv = loop_timeval(us);

	evtimer_add(&s->deadline_ev, &tv);
}

static void start(struct stream *s)
{
	if (s->link.ssl) {
		s->state = STREAM_HANDSHAKE;
		stream_shake(s);
		return;
	}
	evtimer_del(&s->deadline_ev);
	s->state = STREAM_OPEN;
	stream_emit(s, STREAM_READY);
}

static void connected(struct stream *s)
{
	char text[NET_ADDR_MAX];
	socklen_t len = sizeof(int);
	int error = 0;

	if (getsockopt(s->link.fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (!error) {
		start(s);
		return;
	}
	net_addr_print_port(&s->peer, text);
	fail_set(&s->why, ERR_IO, "connect to %s: %s", text, strerror(error));
	stream_failed(s);
}

static void on_read(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;

	stream_enter(s);
	if (!wants_input(s)) {
		forget(&s->read_ev, &s->reading);
	} else if (s->state == STREAM_HANDSHAKE) {
		stream_shake(s);
	} else if (s->state == STREAM_OPEN) {
		if (s->want_in)
			stream_flush(s);
		stream_pump(s);
	} else if (s->state == STREAM_ENDING || s->state == STREAM_LINGER) {
		stream_end_step(s);
	}
	stream_leave(s);
}

static void on_write(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;

	stream_enter(s);
	if (s->state == STREAM_CONNECTING) {
		connected(s);
	} else if (s->state == STREAM_HANDSHAKE) {
		stream_shake(s);
	} else if (s->state == STREAM_OPEN) {
		stream_flush(s);
		if (s->want_out)
			stream_pump(s);
	} else if (s->state == STREAM_ENDING) {
		stream_end_step(s);
	}
	stream_leave(s);
}

static void on_again(struct loop_soon *n)
{
	struct stream *s = (struct stream *)((char *)n - offsetof(struct stream, again));

	stream_enter(s);
	if (s->state == STREAM_NEW) {
		start(s);
		/* Most often the first message came with the connection. */
		if (s->state == STREAM_OPEN)
			stream_pump(s);
	} else if (s->why.code && !s->over) {
		stream_failed(s);
	} else if (s->state == STREAM_OPEN) {
		stream_flush(s);
		stream_pump(s);
	} else if (s->state == STREAM_ENDING || s->state == STREAM_LINGER) {
		stream_end_step(s);
	}
	stream_leave(s);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;
	int64_t left = s->timeout_us ? s->timeout_us - clock_monotonic_us() : 0;

	stream_enter(s);
	s->timer_us = 0;
	if (left > 0) {
		stream_timeout(s, left);
	} else if (s->timeout_us) {
		s->timeout_us = 0;
		stream_emit(s, STREAM_TIMEOUT);
	}
	stream_leave(s);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;
	char text[NET_ADDR_MAX];

	stream_enter(s);
	if (s->state == STREAM_ENDING || s->state == STREAM_LINGER) {
		stream_destroy(s);
	} else {
		net_addr_print_port(&s->peer, text);
		fail_set(&s->why, ERR_TIMEOUT,
			s->state == STREAM_CONNECTING ? "connect to %s: timed out"
						      : "TLS handshake: %s is too slow",
			text);
		stream_failed(s);
	}
	stream_leave(s);
}

struct stream *stream_new(struct loop *l, int fd, struct tls *tls, const struct net_addr *peer)
{
	struct event_base *base = loop_get_base(l);
	struct stream *s = mem_new(sizeof(*s));

	if (!s) {
		close(fd);
		return NULL;
	}
	if (link_init(&s->link, fd, tls) != ERR_OK) {
		mem_free(s);
		return NULL;
	}
	s->loop = l;
	s->peer = *peer;
	s->handshake_us = STREAM_HANDSHAKE_US;
	s->out_last = &s->out;
	event_assign(&s->read_ev, base, fd, EV_READ | EV_PERSIST, on_read, s);
	event_assign(&s->write_ev, base, fd, EV_WRITE | EV_PERSIST, on_write, s);
	s->again.run = on_again;
	evtimer_assign(&s->timeout_ev, base, on_timeout, s);
	evtimer_assign(&s->deadline_ev, base, on_deadline, s);
	return s;
}

void stream_destroy(struct stream *s)
{
	if (s->state == STREAM_DEAD)
		return;
	if (s->orphan.next)
		loop_release(s->loop, &s->orphan);
	forget(&s->read_ev, &s->reading);
	forget(&s->write_ev, &s->writing);
	loop_not_soon(s->loop, &s->again);
	if (s->timer_us)
		evtimer_del(&s->timeout_ev);
	evtimer_del(&s->deadline_ev);
	stream_drop_output(s);
	link_fini(&s->link);
	s->fn = NULL;
	s->state = STREAM_DEAD;
}

void stream_no_delay(int fd)
{
	const int one = 1;

	/* A UNIX socket has no such thing. */
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0)
		errno = 0;
}

enum err stream_take_socket(struct stream **out, struct loop *l, int fd, struct tls *tls,
	const struct net_addr *peer, const char *text, int error, stream_fn *fn, void *ctx,
	struct fail *why)
{
	struct stream *s = stream_new(l, fd, tls, peer);

	if (!s)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	stream_no_delay(fd);
	stream_handle(s, fn, ctx);
	stream_enter(s);
	s->state = STREAM_CONNECTING;
	if (error != 0 && error != EINPROGRESS) {
		fail_set(&s->why, ERR_IO, "connect to %s: %s", text, strerror(error));
		stream_again(s);
	}
	stream_deadline(s, s->handshake_us);
	*out = s;
	stream_leave(s);
	return ERR_OK;
}

enum err stream_connect(struct stream **out, struct loop *l, const struct net_addr *addr,
	struct tls *tls, stream_fn *fn, void *ctx, struct fail *why)
{
	struct sockaddr_storage ss;
	socklen_t len = sock_from_addr(&ss, addr);
	char text[NET_ADDR_MAX];
	int fd, error;

	net_addr_print_port(addr, text);
	fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail_set(why, ERR_IO, "connect to %s: %s", text, strerror(errno));
	error = connect(fd, (struct sockaddr *)&ss, len) != 0 ? errno : 0;
	return stream_take_socket(out, l, fd, tls, addr, text, error, fn, ctx, why);
}
