/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_TFTP_SENDER_H
#define SERVICE_TFTP_SENDER_H

#include "wire/tftp/tftp.h"

/* The sending side of one transfer without sockets and time: which packet is due, and what an ACK
 * moves. Lock-step: one packet is under way. Source: RFC 1350, 2347, 2348, 2349. */
struct sender {
	struct span content; /* borrowed, in the form of the mode */
	unsigned blksize;
	unsigned timeout; /* seconds as asked, 0 for none */
	bool netascii, blksize_asked, tsize_asked;
	uint64_t block; /* the one that waits for its ACK; 0: the OACK */
};

/* Takes mode and options from a read request. ERR_UNSUPPORTED for a mode other than octet and
 * netascii. Options that are unknown, or have values out of range, are left out of the answer. */
enum err sender_init(struct sender *s, const struct tftp_packet *request) MUST_USE;
void sender_start(struct sender *s, struct span content);

/* The packet that is due: an OACK when options were taken up, else data. */
enum err sender_packet(const struct sender *s, struct buf *out) MUST_USE;

enum sender_step {
	SENDER_IGNORE, /* not the ACK that is waited for: nothing is sent (RFC 1123 4.2.3.1) */
	SENDER_NEXT,   /* the next packet is due */
	SENDER_DONE,
};
enum sender_step sender_acked(struct sender *s, uint16_t block);

/* Line ends as CR LF, a bare CR as CR NUL (RFC 764); a client that does the reverse gets the same
 * bytes back. */
void sender_netascii(struct buf *out, struct span text);

#endif
