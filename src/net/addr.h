/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NET_ADDR_H
#define NET_ADDR_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* An IPv4 or IPv6 address with a port; the only form that leaves this folder. */
struct net_addr {
	uint8_t bytes[16]; /* network order; 4 used for IPv4 */
	bool is6;
	uint16_t port;
};

#define NET_ADDR_MAX 64
/* Numeric IPv4 or IPv6 ("[::1]" too), never a name: a look-up would block. ERR_FORMAT; ERR_ARG for
 * a port outside 0..65535. */
enum err net_addr_parse(struct net_addr *a, const char *text, int port, struct fail *why) MUST_USE;
/* "127.0.0.1" */
void net_addr_print(const struct net_addr *a, char out[NET_ADDR_MAX]);
/* "127.0.0.1:69", "[::1]:69" */
void net_addr_print_port(const struct net_addr *a, char out[NET_ADDR_MAX]);
bool net_addr_same(const struct net_addr *a, const struct net_addr *b);      /* with port */
bool net_addr_same_host(const struct net_addr *a, const struct net_addr *b); /* without */

/* "192.0.2.0/24", "2001:db8::/32", or one address. */
struct net_network {
	struct net_addr addr;
	unsigned bits;
};
/* ERR_FORMAT, also for an address with bits beyond the network's. */
enum err net_network_parse(struct net_network *n, const char *text, struct fail *why) MUST_USE;
bool net_network_has(const struct net_network *n, const struct net_addr *a);

/* Who holds a port: "pid 4711 (dnsmasq)" when /proc tells, else "another process". */
void net_port_owner(bool udp, uint16_t port, char *out, size_t size);

#endif
