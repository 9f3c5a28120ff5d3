/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_TFTP_TRANSFER_H
#define SERVICE_TFTP_TRANSFER_H

#include "net/dgram_set.h"
#include "service/complaints.h"
#include "service/contents.h"
#include "service/tftp/sender.h"
#include "service/tftp/table.h"
#include "service/tftp/tftp.h"

/* One address that is listened on. */
struct place {
	struct net_addr addr; /* with port 0: what carriers are bound to */
	unsigned carriers[TFTP_CARRIERS];
	unsigned carriers_count;
};

/* One worker's part of the service. */
struct tftp {
	const struct service_env *env;
	struct dgram_set *sockets;
	struct place places[TFTP_ADDRESSES_MAX];
	unsigned places_count;
	/* By socket number: its address, and how many transfers it carries. */
	struct place *place_of[DGRAM_SET_SOCKETS];
	bool is_carrier[DGRAM_SET_SOCKETS];
	unsigned carried[DGRAM_SET_SOCKETS];
	unsigned own_ports; /* sockets of one transfer each */
	struct table transfers;
	struct loop_timer *tick; /* runs while there are transfers */
	bool ticking, looked;    /* looked: whether contents are out of date, for these packets */
	struct contents *contents;
	struct buf lines;  /* traces of these packets */
	int64_t now_us;    /* monotonic, when these packets came */
	size_t bytes;      /* of content of transfers' own */
	uint32_t requests; /* running number of read requests, for traces */
	struct complaints complaints;
	int64_t strangers_second;
	unsigned strangers;  /* told in that second that they belong to no transfer */
	int64_t lost_second; /* when it was looked for lost packets last */
	uint64_t lost;       /* for want of room, as far as was logged */
};

enum transfer_state {
	TRANSFER_AWAIT_FILE, /* somebody else makes the file; packets are dropped */
	TRANSFER_AWAIT_FIRST_ACK,
	TRANSFER_AWAIT_ACK,
};

/* One file on its way to one address and port: at most 1 KiB, whatever the file. */
struct transfer {
	struct table_entry entry; /* first */
	struct tftp *service;
	struct contents_wait wait;
	struct content *content; /* shared; NULL in netascii */
	struct buf own;          /* content in the form of netascii */
	struct sender sender;
	struct net_addr local; /* where the request came in, if it is not the socket's address */
	uint32_t number;       /* of the request */
	uint32_t blocks,
		retransmissions; /* data packets sent; those of them that were sent before */
	uint32_t again;          /* sendings since the first ACK for which no ACK was received */
	uint16_t socket;
	bool own_port;           /* nobody else's */
	uint8_t state, sendings; /* sendings: of what waits for its ACK */
	uint8_t unsent;          /* times that the kernel had no room for a packet */
	char asked[];
};

/* `in` is the request. The caller has checked the limits. ERR_NOMEM. */
enum err transfer_new(struct transfer **out, struct tftp *service, const struct dgram_in *in,
	const struct sender *sender, struct span asked) MUST_USE;
void transfer_free(struct transfer *t);

/* Begins when the content is known: at once or later. */
void transfer_begin(struct transfer *t);
/* A packet of its own client on its own socket. */
void transfer_packet(struct transfer *t, const struct tftp_packet *p);
/* Tells the peer and ends. */
void transfer_refuse(struct transfer *t, enum tftp_error code, const char *text);
/* Ends it without an answer, so that its client asks again. `reason` begins with a comma. */
void transfer_unanswered(struct transfer *t, const char *reason);
/* Its time has come: sends again, or gives up. */
void transfer_due(struct transfer *t);
/* A packet did not go out. */
void transfer_unsent(struct transfer *t);
/* Ends it because its client asks for something else. */
void transfer_replaced(struct transfer *t);
bool transfer_all_sent(const struct transfer *t);

/* Sends an ERROR packet as the answer to `in`, from a carrier of the same address. */
void tftp_refuse(
	struct tftp *service, const struct dgram_in *in, enum tftp_error code, const char *text);
/* A log line about a peer, unless there were too many in this second: addresses can be forged. */
void tftp_complain(struct tftp *service, const struct net_addr *peer, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
/* The socket of this address that carries the next transfer; opened if need be. */
unsigned tftp_carrier(struct tftp *service, struct place *place);
/* One that carries this transfer only; false when there is none. */
bool tftp_own_port(struct tftp *service, struct place *place, uint16_t *socket);
void tftp_own_port_close(struct tftp *service, unsigned socket);

/* As traces name a transfer: 0x<object>~<number>~<address>~<port>. */
#define TRANSFER_CONTEXT_MAX (NET_ADDR_MAX + 48)
void transfer_context(const struct transfer *t, char out[TRANSFER_CONTEXT_MAX]);

#endif
