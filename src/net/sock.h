/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NET_SOCK_H
#define NET_SOCK_H

#include "net/addr.h"

#include <sys/socket.h>

/* Inside this folder only: sockets and their addresses. */

socklen_t sock_from_addr(struct sockaddr_storage *out, const struct net_addr *a);
void sock_to_addr(struct net_addr *out, const struct sockaddr_storage *from);
void sock_local(int fd, struct net_addr *out);

/* A non-blocking, close-on-exec socket bound to `addr`; SO_REUSEPORT when `shared`. Returns the
 * descriptor, or a negative enum err: ERR_INUSE names the port and its owner, ERR_DENIED a port
 * that only root may open, ERR_IO the rest. */
int sock_bind(const struct net_addr *addr, bool udp, bool shared, struct fail *why);

/* Fills *why for a failed bind or listen, by errno. */
enum err sock_refused(const struct net_addr *addr, bool udp, int error, struct fail *why);

#endif
