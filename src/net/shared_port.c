/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/shared_port.h"
#include "net/sock.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

/* Addresses with ports that this process has open. */
#define PORTS_MAX 64u

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	struct net_addr addr;
	unsigned count; /* of its sockets; 0: free */
} ports[PORTS_MAX];

static unsigned *count_of(const struct net_addr *addr)
{
	unsigned i, unused = PORTS_MAX;

	for (i = 0; i < PORTS_MAX; i++) {
		if (ports[i].count && net_addr_same(&ports[i].addr, addr))
			return &ports[i].count;
		if (!ports[i].count)
			unused = i;
	}
	if (unused == PORTS_MAX)
		return NULL;
	ports[unused].addr = *addr;
	return &ports[unused].count;
}

int shared_port_open(const struct net_addr *addr, struct fail *why)
{
	const int one = 1;
	unsigned *count;
	int fd;

	pthread_mutex_lock(&lock);
	count = count_of(addr);
	if (!count) {
		fd = (int)fail_set(why, ERR_LIMIT, "more than %u shared ports", PORTS_MAX);
		goto out;
	}
	/* The first one without sharing: where another process has the port, this fails. */
	fd = sock_bind(addr, true, *count > 0, why);
	if (fd >= 0 && !*count &&
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) != 0) {
		close(fd);
		fd = (int)fail_set(why, ERR_IO, "a UDP port cannot be shared");
	}
	*count += fd >= 0;
out:
	pthread_mutex_unlock(&lock);
	return fd;
}

void shared_port_close(const struct net_addr *addr, int fd)
{
	unsigned *count;

	pthread_mutex_lock(&lock);
	close(fd);
	count = count_of(addr);
	if (count && *count)
		--*count;
	pthread_mutex_unlock(&lock);
}
