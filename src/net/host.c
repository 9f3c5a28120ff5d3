/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/host.h"

#include "net/sock.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

enum err net_host_addresses(
	void (*each)(void *ctx, const char *interface, const struct net_addr *addr), void *ctx,
	struct fail *why)
{
	struct ifaddrs *all, *one;

	if (getifaddrs(&all) != 0)
		return fail_set(why, ERR_IO, "the machine's addresses: %s", strerror(errno));
	for (one = all; one; one = one->ifa_next) {
		int family = one->ifa_addr ? one->ifa_addr->sa_family : AF_UNSPEC;
		struct sockaddr_storage ss;
		struct net_addr addr;

		if (!(one->ifa_flags & IFF_UP) || (family != AF_INET && family != AF_INET6))
			continue;
		memset(&ss, 0, sizeof(ss));
		memcpy(&ss, one->ifa_addr,
			family == AF_INET ? sizeof(struct sockaddr_in)
					  : sizeof(struct sockaddr_in6));
		sock_to_addr(&addr, &ss);
		each(ctx, one->ifa_name, &addr);
	}
	freeifaddrs(all);
	return ERR_OK;
}

enum err net_host_try(const struct net_addr *addr, bool udp, struct fail *why)
{
	int fd = sock_bind(addr, udp, false, why);

	if (fd < 0)
		return (enum err)fd;
	/* TCP: what listens already is met here. */
	if (!udp && listen(fd, 1) != 0) {
		enum err err = sock_refused(addr, udp, errno, why);

		close(fd);
		return err;
	}
	close(fd);
	return ERR_OK;
}
