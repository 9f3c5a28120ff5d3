/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/sock.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void sock_local(int fd, struct net_addr *out)
{
	struct sockaddr_storage ss = {.ss_family = AF_UNSPEC};
	socklen_t len = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &len) != 0)
		ss.ss_family = AF_UNSPEC;
	sock_to_addr(out, &ss);
}

enum err sock_refused(const struct net_addr *addr, bool udp, int error, struct fail *why)
{
	const char *kind = udp ? "UDP" : "TCP";
	char text[NET_ADDR_MAX], owner[80];

	net_addr_print_port(addr, text);
	switch (error) {
	case EADDRINUSE:
		net_port_owner(udp, addr->port, owner, sizeof(owner));
		return fail_set(why, ERR_INUSE, "%s port %u (%s) is in use by %s", kind,
			(unsigned)addr->port, text, owner);
	case EACCES:
	case EPERM:
		return fail_set(why, ERR_DENIED,
			"%s port %u (%s) may not be opened: ports below 1024 need root or "
			"CAP_NET_BIND_SERVICE",
			kind, (unsigned)addr->port, text);
	case EADDRNOTAVAIL:
		return fail_set(
			why, ERR_IO, "%s %s: the address is not one of this machine", kind, text);
	default: return fail_set(why, ERR_IO, "%s %s: %s", kind, text, strerror(error));
	}
}

int sock_bind(const struct net_addr *addr, bool udp, bool shared, struct fail *why)
{
	struct sockaddr_storage ss;
	socklen_t len = sock_from_addr(&ss, addr);
	const int one = 1;
	int fd, error;

	fd = socket(
		ss.ss_family, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return sock_refused(addr, udp, errno, why);
	/* On UDP, SO_REUSEADDR would let two programs share a port without a word. */
	if (!udp && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0)
		goto bad;
	if (shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) != 0)
		goto bad;
	/* So that 0.0.0.0 and :: can be opened side by side. */
	if (addr->is6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) != 0)
		goto bad;
	if (bind(fd, (struct sockaddr *)&ss, len) != 0)
		goto bad;
	return fd;
bad:
	error = errno;
	close(fd);
	return sock_refused(addr, udp, error, why);
}
