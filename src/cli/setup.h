/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_SETUP_H
#define CLI_SETUP_H

#include "cli/cli.h"
#include "cli/dialogue.h"
#include "client/tls_self.h"
#include "net/host.h"

/* What a node needs to reach real phones: found out here, told by setup.c. */

#define SETUP_ADDRESSES_MAX 16u
struct setup_address {
	char interface[32];
	char text[NET_ADDR_MAX];
	bool loopback;
};
struct setup_addresses {
	struct setup_address of[SETUP_ADDRESSES_MAX]; /* IPv4 */
	size_t count;
};
void setup_addresses_find(struct setup_addresses *out);
/* The first that phones may reach; NULL when there is none. */
const struct setup_address *setup_address_first(const struct setup_addresses *a);
bool setup_address_has(const struct setup_addresses *a, const char *text);

enum setup_port_state {
	SETUP_FREE,
	SETUP_OURS,   /* a daemon of this folder listens there */
	SETUP_TAKEN,  /* somebody else does */
	SETUP_DENIED, /* this user may not */
	SETUP_FAILED, /* else */
};
struct setup_port {
	const char *service;
	bool udp;
	int port;
	enum setup_port_state state;
	struct fail why;
};
#define SETUP_PORTS 9u

struct setup_found {
	const struct settings *settings;
	bool daemon; /* one runs on this folder */
	struct setup_port ports[SETUP_PORTS];
	/* Published lists that name no address of this node. */
	bool ctl_elsewhere, itl_elsewhere;
	char ctl_names[64];   /* what the CTL names instead */
	struct buf addresses; /* of all nodes, for DHCP: "192.0.2.10,192.0.2.11", this one first;
				 NUL */
	struct buf certs;     /* "CallManager CN=publisher\n…"; NUL */
	struct tls_self tls;
	enum err tls_err;
	struct fail tls_why;
	char daemon_path[512]; /* of cadeadod */
	char state_path[512];  /* of the folder */
	char user[64];         /* who owns it */
};
enum err setup_look(
	struct setup_found *out, struct cluster *c, bool daemon, struct fail *why) MUST_USE;
void setup_found_fini(struct setup_found *f);

/* A unit of systemd that runs the daemon with the one right that it needs. */
void setup_unit(const struct setup_found *f, struct buf *out);

#endif
