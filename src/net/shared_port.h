/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NET_SHARED_PORT_H
#define NET_SHARED_PORT_H

#include "net/addr.h"

/* Inside this folder only: UDP sockets of one process that share a port. Two processes never do: to
 * the kernel they may, and then each gets a part of the packets without a word. From any thread. */

/* A descriptor as of sock_bind; ERR_INUSE also when another process shares the port. */
int shared_port_open(const struct net_addr *addr, struct fail *why);
void shared_port_close(const struct net_addr *addr, int fd);

#endif
