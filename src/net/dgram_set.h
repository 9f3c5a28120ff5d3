/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NET_DGRAM_SET_H
#define NET_DGRAM_SET_H

#include "base/span.h"
#include "net/addr.h"
#include "net/loop.h"

#include <stdbool.h>

/* Many peers on a few UDP sockets of one loop, which are read and written in batches. Two kinds of
 * socket: at the door arrives what nobody has been asked to wait with, so all doors are read into
 * memory again and again while other packets are handled, and the kernel's small buffer is enough
 * for thousands of peers that begin in the same instant. The others carry what answers us. */
struct dgram_set;

#define DGRAM_SET_BATCH   64u                /* packets read or written with one call */
#define DGRAM_SET_SOCKETS 384u               /* of one set */
#define DGRAM_SET_PACKET  1024u              /* bytes that are read of one packet */
#define DGRAM_SET_BACKLOG (2u * 1024 * 1024) /* bytes of packets from the doors that wait */
#define DGRAM_SET_OUT     1472u              /* bytes of a packet that is sent */

struct dgram_in {
	unsigned socket; /* as dgram_set_open numbered it */
	struct net_addr from;
	/* Ours, to which it was sent; the port is not told. Only where the socket is bound to none:
	 * else all zero. */
	struct net_addr to;
	struct span packet; /* cut to DGRAM_SET_PACKET; valid until the call returns */
};

struct dgram_out {
	unsigned socket;
	const struct net_addr *to;
	const struct net_addr *from; /* dgram_in.to of what this answers */
	struct span head, body;      /* one after the other, together at most DGRAM_SET_OUT */
};

struct dgram_set_calls {
	/* After it, what was sent goes out. */
	void (*packets)(void *ctx, const struct dgram_in *in, unsigned count);
	/* The kernel had no room for a packet to this address: nobody will get it. */
	void (*unsent)(void *ctx, const struct net_addr *to);
};

/* `calls` lives as long as the set. ERR_NOMEM. */
enum err dgram_set_new(struct dgram_set **out, struct loop *l, const struct dgram_set_calls *calls,
	void *ctx) MUST_USE;
void dgram_set_free(struct dgram_set *s); /* NULL allowed; not inside a callback */

/* Port 0 takes a free one. Doors share their port with others that are opened as doors. ERR_INUSE
 * names the port and its owner; ERR_LIMIT. */
enum err dgram_set_open(struct dgram_set *s, const struct net_addr *addr, bool door,
	unsigned *socket, struct fail *why) MUST_USE;
/* Its number may be given to the next one that is opened. What was queued still goes out, with the
 * next flush. */
void dgram_set_close(struct dgram_set *s, unsigned socket);
int dgram_set_number(const struct dgram_set *s, unsigned socket); /* the descriptor */

/* Queues; what does not go is lost, as on the wire. Outside of `packets` a flush must follow. */
void dgram_set_send(struct dgram_set *s, const struct dgram_out *out);
void dgram_set_flush(struct dgram_set *s);

/* Packets that the kernel dropped since the set was made because a socket's buffer was full; asks
 * it for each socket. */
uint64_t dgram_set_lost(struct dgram_set *s);

#endif
