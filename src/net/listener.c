/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "net/sock.h"
#include "net/stream_priv.h"

#include <errno.h>
#include <unistd.h>

/* Connections taken per wake-up. */
#define ACCEPTS_PER_WAKE 16

/* Pause after an accept that failed for want of descriptors or memory: the connection stays in the
 * queue and would wake the loop at once again. */
#define ACCEPT_PAUSE_US (200 * 1000ll)

struct listener {
	struct loop *loop;
	struct event ev, retry_ev;
	int fd;
	struct tls *tls;
	int64_t handshake_us;
	void (*accepted)(void *ctx, struct stream *s);
	void *ctx;
	bool busy, dead, paused;
};

static void take(struct listener *ls, int fd, const struct net_addr *peer)
{
	struct stream *s = stream_new(ls->loop, fd, ls->tls, peer);

	if (!s)
		return;
	s->handshake_us = ls->handshake_us;
	stream_enter(s);
	if (ls->tls)
		stream_deadline(s, s->handshake_us);
	ls->accepted(ls->ctx, s);
	if (s->state == STREAM_NEW && !s->fn)
		stream_destroy(s);
	stream_again(s);
	stream_leave(s);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct listener *ls = arg;
	struct timeval tv = loop_timeval(ACCEPT_PAUSE_US);

	if (!ls->paused && event_add(&ls->ev, NULL) != 0)
		evtimer_add(&ls->retry_ev, &tv);
}

static void on_accept(evutil_socket_t lfd, short what, void *arg)
{
	struct listener *ls = arg;
	struct timeval tv = loop_timeval(ACCEPT_PAUSE_US);
	struct sockaddr_storage ss;
	struct net_addr peer;
	socklen_t len;
	int fd, i;

	ls->busy = true;
	for (i = 0; i < ACCEPTS_PER_WAKE && !ls->dead && !ls->paused; i++) {
		len = sizeof(ss);
		fd = accept4(ls->fd, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			sock_to_addr(&peer, &ss);
			take(ls, fd, &peer);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			event_del(&ls->ev);
			evtimer_add(&ls->retry_ev, &tv);
			break;
		}
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			break;
		/* Others (accept(2)) belong to one connection that is gone already. */
	}
	ls->busy = false;
	if (ls->dead)
		mem_free(ls);
}

/* Takes the bound socket `fd`, also when it fails. */
enum err listener_take_socket(struct listener **out, struct loop *l, int fd, struct tls *tls,
	void (*accepted)(void *ctx, struct stream *s), void *ctx, struct fail *why)
{
	struct listener *ls = mem_new(sizeof(*ls));

	if (!ls) {
		close(fd);
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	}
	ls->loop = l;
	ls->fd = fd;
	ls->accepted = accepted;
	ls->ctx = ctx;
	ls->handshake_us = STREAM_HANDSHAKE_US;
	event_assign(&ls->ev, loop_get_base(l), ls->fd, EV_READ | EV_PERSIST, on_accept, ls);
	evtimer_assign(&ls->retry_ev, loop_get_base(l), on_retry, ls);
	if (event_add(&ls->ev, NULL) != 0) {
		close(fd);
		mem_free(ls);
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	}
	ls->tls = tls_hold(tls);
	*out = ls;
	return ERR_OK;
}

enum err listener_open(struct listener **out, struct loop *l, const struct net_addr *addr,
	struct tls *tls, bool shared, void (*accepted)(void *ctx, struct stream *s), void *ctx,
	struct fail *why)
{
	int fd = sock_bind(addr, false, shared, why);

	if (fd < 0)
		return (enum err)fd;
	stream_no_delay(fd);
	if (listen(fd, LISTEN_BACKLOG) != 0) {
		int error = errno;

		close(fd);
		return sock_refused(addr, false, error, why);
	}
	return listener_take_socket(out, l, fd, tls, accepted, ctx, why);
}

void listener_pause(struct listener *ls, bool paused)
{
	if (ls->paused == paused)
		return;
	ls->paused = paused;
	if (paused) {
		event_del(&ls->ev);
		evtimer_del(&ls->retry_ev);
	} else {
		on_retry(ls->fd, 0, ls);
	}
}

void listener_handshake_limit(struct listener *ls, int64_t us)
{
	ls->handshake_us = us;
}

void listener_close(struct listener *ls)
{
	if (!ls)
		return;
	event_del(&ls->ev);
	evtimer_del(&ls->retry_ev);
	close(ls->fd);
	ls->fd = -1;
	tls_free(ls->tls);
	ls->tls = NULL;
	ls->dead = true;
	if (!ls->busy)
		mem_free(ls);
}

void listener_addr(const struct listener *ls, struct net_addr *out)
{
	sock_local(ls->fd, out);
}
