/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_TFTP_TRANSFER_H
#define SERVICE_TFTP_TRANSFER_H

#include "core/provision/provision.h"
#include "net/dgram.h"
#include "service/complaints.h"
#include "service/jobs.h"
#include "service/slots.h"
#include "service/tftp/sender.h"
#include "service/tftp/tftp.h"

/* One worker's part of the service. */
struct tftp {
	const struct service_env *env;
	struct net_addr address; /* that the transfers' sockets are bound to; port 0 */
	struct dgram *listener;
	struct slots *transfers;
	struct buf packet; /* the one being sent */
	size_t bytes;      /* content held */
	uint32_t requests; /* running number of read requests, for traces */
	struct complaints complaints;
	struct job_link *jobs; /* not back yet; the last one frees a stopped instance */
	bool stopped;
};

enum transfer_state {
	TRANSFER_AWAIT_FILE, /* our job makes the file; packets are dropped */
	TRANSFER_AWAIT_FIRST_ACK,
	TRANSFER_AWAIT_ACK,
};

/* One file on its way to one address and port, from a socket of its own. */
struct transfer {
	struct tftp *service;
	struct slot_ref ref;
	enum transfer_state state;
	struct net_addr peer;
	struct dgram *socket;
	struct loop_timer *timer;
	struct sender sender;
	unsigned sendings; /* of the packet that is due */
	uint64_t started;  /* the request's running number */
	char asked[TFTP_NAME_MAX + 1];
	char served[64];
	struct buf content;
	char context[NET_ADDR_MAX + 48]; /* as traces name it: 0x…~n~address~port */
};

/* Opens socket and timer. ERR_LIMIT, ERR_NOMEM, ERR_IO. The caller has checked the limits. */
enum err transfer_new(struct transfer **out, struct tftp *service, const struct net_addr *peer,
	const struct sender *sender, struct span asked, struct fail *why) MUST_USE;
void transfer_free(struct transfer *t);

/* The job is back: takes the file's content and sends the first packet. */
void transfer_file(struct transfer *t, struct provision_file *take_file);
/* Tells the peer and ends. */
void transfer_refuse(struct transfer *t, enum tftp_error code, const char *text);

/* Sends an ERROR packet. */
void tftp_refuse(struct tftp *service, struct dgram *from, const struct net_addr *to,
	enum tftp_error code, const char *text);
/* A log line about a peer, unless there were too many in this second: addresses can be forged. */
void tftp_complain(struct tftp *service, const struct net_addr *peer, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

#endif
