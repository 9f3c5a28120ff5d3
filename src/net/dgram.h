/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NET_DGRAM_H
#define NET_DGRAM_H

#include "base/span.h"
#include "net/addr.h"
#include "net/loop.h"

#include <stdbool.h>

/* A UDP socket on a loop. */
struct dgram;
typedef void dgram_fn(void *ctx, struct dgram *d, const struct net_addr *from, struct span packet);

#define DGRAM_PACKET_MAX 65535u

/* Port 0 takes a free one. ERR_INUSE names the port and its owner. */
enum err dgram_open(struct dgram **out, struct loop *l, const struct net_addr *addr, bool shared,
	dgram_fn *fn, void *ctx, struct fail *why) MUST_USE;
void dgram_close(struct dgram *d); /* also inside the callback */
/* A datagram that the kernel cannot take now is lost, as on the wire. ERR_IO for others. */
enum err dgram_send(struct dgram *d, const struct net_addr *to, struct span packet) MUST_USE;
void dgram_local(const struct dgram *d, struct net_addr *out);
int dgram_number(const struct dgram *d);

#endif
