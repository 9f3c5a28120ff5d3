/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/addr.h"
#include "base/str.h"
#include "net/sock.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum err net_addr_parse(struct net_addr *a, const char *text, int port, struct fail *why)
{
	char plain[NET_ADDR_MAX];
	struct net_addr got = {.is6 = false};
	size_t len = strlen(text);

	if (port < 0 || port > UINT16_MAX)
		return fail_set(why, ERR_ARG, "port %d is not in 0..65535", port);
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
		got.is6 = true;
	}
	if (len >= sizeof(plain))
		return fail_set(why, ERR_FORMAT, "not an IPv4 or IPv6 address (too long)");
	memcpy(plain, text, len);
	plain[len] = '\0';
	got.port = (uint16_t)port;
	if (!got.is6 && inet_pton(AF_INET, plain, got.bytes) == 1)
		goto done;
	got.is6 = true;
	if (inet_pton(AF_INET6, plain, got.bytes) == 1)
		goto done;
	return fail_set(why, ERR_FORMAT, "'%s' is not an IPv4 or IPv6 address", plain);
done:
	*a = got;
	return ERR_OK;
}

void net_addr_print(const struct net_addr *a, char out[NET_ADDR_MAX])
{
	if (!inet_ntop(a->is6 ? AF_INET6 : AF_INET, a->bytes, out, NET_ADDR_MAX))
		out[0] = '\0';
}

void net_addr_print_port(const struct net_addr *a, char out[NET_ADDR_MAX])
{
	char host[INET6_ADDRSTRLEN];

	if (!inet_ntop(a->is6 ? AF_INET6 : AF_INET, a->bytes, host, sizeof(host)))
		host[0] = '\0';
	snprintf(out, NET_ADDR_MAX, a->is6 ? "[%s]:%u" : "%s:%u", host, (unsigned)a->port);
}

bool net_addr_same_host(const struct net_addr *a, const struct net_addr *b)
{
	return a->is6 == b->is6 && memcmp(a->bytes, b->bytes, a->is6 ? 16 : 4) == 0;
}

bool net_addr_same(const struct net_addr *a, const struct net_addr *b)
{
	return a->port == b->port && net_addr_same_host(a, b);
}

/* Is every bit of `a` from `bits` on zero? */
static bool ends_at(const struct net_addr *a, unsigned bits)
{
	unsigned all = a->is6 ? 128 : 32;

	for (; bits < all; bits++)
		if (a->bytes[bits / 8] & 0x80u >> bits % 8)
			return false;
	return true;
}

enum err net_network_parse(struct net_network *n, const char *text, struct fail *why)
{
	const char *slash = strchr(text, '/');
	char host[NET_ADDR_MAX];
	struct net_network got;
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	enum err err;

	if (len >= sizeof(host))
		return fail_set(why, ERR_FORMAT, "not a network (too long)");
	memcpy(host, text, len);
	host[len] = '\0';
	err = net_addr_parse(&got.addr, host, 0, why);
	if (err)
		return err;
	got.bits = got.addr.is6 ? 128 : 32;
	if (slash) {
		long bits;

		if (str_number(slash + 1, 0, (long)got.bits, &bits) != ERR_OK)
			return fail_set(why, ERR_FORMAT,
				"'%s': after the slash comes a number from 0 to %u", text,
				got.bits);
		got.bits = (unsigned)bits;
	}
	if (!ends_at(&got.addr, got.bits))
		return fail_set(why, ERR_FORMAT,
			"'%s' is no network: the address has bits beyond /%u", text, got.bits);
	*n = got;
	return ERR_OK;
}

bool net_network_has(const struct net_network *n, const struct net_addr *a)
{
	unsigned whole = n->bits / 8, rest = n->bits % 8;

	return n->addr.is6 == a->is6 && memcmp(n->addr.bytes, a->bytes, whole) == 0 &&
	       (!rest || (n->addr.bytes[whole] ^ a->bytes[whole]) >> (8 - rest) == 0);
}

socklen_t sock_from_addr(struct sockaddr_storage *out, const struct net_addr *a)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(a->port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(a->port)};

	memset(out, 0, sizeof(*out));
	if (a->is6) {
		memcpy(&v6.sin6_addr, a->bytes, 16);
		memcpy(out, &v6, sizeof(v6));
		return sizeof(v6);
	}
	memcpy(&v4.sin_addr, a->bytes, 4);
	memcpy(out, &v4, sizeof(v4));
	return sizeof(v4);
}

void sock_to_addr(struct net_addr *out, const struct sockaddr_storage *from)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	memset(out, 0, sizeof(*out));
	if (from->ss_family == AF_INET6) {
		memcpy(&v6, from, sizeof(v6));
		out->is6 = true;
		out->port = ntohs(v6.sin6_port);
		memcpy(out->bytes, &v6.sin6_addr, 16);
	} else if (from->ss_family == AF_INET) {
		memcpy(&v4, from, sizeof(v4));
		out->port = ntohs(v4.sin_port);
		memcpy(out->bytes, &v4.sin_addr, 4);
	}
}
