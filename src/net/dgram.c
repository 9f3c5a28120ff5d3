/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/dgram.h"
#include "base/mem.h"
#include "net/loop_priv.h"
#include "net/sock.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Packets taken per wake-up, so that a flood on one socket leaves time for the others. */
#define PACKETS_PER_WAKE 32

struct dgram {
	struct loop *loop;
	struct event ev;
	int fd;
	dgram_fn *fn;
	void *ctx;
	bool busy, dead;
};

static void on_packets(evutil_socket_t fd, short what, void *arg)
{
	struct dgram *d = arg;
	uint8_t *packet = loop_get_scratch(d->loop);
	struct sockaddr_storage ss;
	struct net_addr from;
	socklen_t slen;
	ssize_t len;
	int i;

	d->busy = true;
	for (i = 0; i < PACKETS_PER_WAKE && !d->dead; i++) {
		slen = sizeof(ss);
		len = recvfrom(d->fd, packet, LOOP_SCRATCH, 0, (struct sockaddr *)&ss, &slen);
		if (len < 0) {
			if (errno == EAGAIN || errno == EWOULDBLOCK)
				break;
			/* An ICMP error of an earlier send; reading it has cleared it. */
			continue;
		}
		sock_to_addr(&from, &ss);
		d->fn(d->ctx, d, &from, span_of(packet, (size_t)len));
	}
	d->busy = false;
	if (d->dead)
		mem_free(d);
}

enum err dgram_open(struct dgram **out, struct loop *l, const struct net_addr *addr, bool shared,
	dgram_fn *fn, void *ctx, struct fail *why)
{
	struct dgram *d = mem_new(sizeof(*d));
	enum err err;

	if (!d)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	d->fd = sock_bind(addr, true, shared, why);
	if (d->fd < 0) {
		err = (enum err)d->fd;
		goto no_socket;
	}
	d->loop = l;
	d->fn = fn;
	d->ctx = ctx;
	event_assign(&d->ev, loop_get_base(l), d->fd, EV_READ | EV_PERSIST, on_packets, d);
	if (event_add(&d->ev, NULL) != 0) {
		err = fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
		goto no_event;
	}
	*out = d;
	return ERR_OK;
no_event:
	close(d->fd);
no_socket:
	mem_free(d);
	return err;
}

void dgram_close(struct dgram *d)
{
	if (!d)
		return;
	event_del(&d->ev);
	close(d->fd);
	d->fd = -1;
	d->dead = true;
	if (!d->busy)
		mem_free(d);
}

enum err dgram_send(struct dgram *d, const struct net_addr *to, struct span packet)
{
	struct sockaddr_storage ss;
	socklen_t len = sock_from_addr(&ss, to);
	int tries;

	/* The first try may only fetch the ICMP error of an earlier packet. */
	for (tries = 0; tries < 2; tries++) {
		if (sendto(d->fd, packet.ptr, packet.len, MSG_NOSIGNAL, (struct sockaddr *)&ss,
			    len) >= 0)
			return ERR_OK;
		if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)
			return ERR_OK;
		if (errno != ECONNREFUSED && errno != EINTR)
			return ERR_IO;
	}
	return ERR_OK;
}

void dgram_local(const struct dgram *d, struct net_addr *out)
{
	sock_local(d->fd, out);
}

int dgram_number(const struct dgram *d)
{
	return d->fd;
}
