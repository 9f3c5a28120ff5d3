/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NET_HOST_H
#define NET_HOST_H

#include "net/addr.h"

/* This machine's network, as whoever sets a server up wants to know it. */

/* Calls `each` with every address of an interface that is up, in the system's order. ERR_IO. */
enum err net_host_addresses(
	void (*each)(void *ctx, const char *interface, const struct net_addr *addr), void *ctx,
	struct fail *why) MUST_USE;

/* Could this program listen there now? ERR_INUSE names the owner, ERR_DENIED a port that needs a
 * right, ERR_IO an address that is not of this machine. */
enum err net_host_try(const struct net_addr *addr, bool udp, struct fail *why) MUST_USE;

#endif
