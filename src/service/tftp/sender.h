/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_TFTP_SENDER_H
#define SERVICE_TFTP_SENDER_H

#include "wire/tftp/tftp.h"

/* The sending side of one transfer without sockets and time: which packet is due, and what an ACK
 * moves. Blocks are counted on without end; packets carry the lower 16 bits. Source: RFC 1350,
 * 2347, 2348, 2349, 7440. */
struct sender {
	struct span content; /* borrowed, in the form of the mode */
	uint64_t base;       /* the first block that is not acknowledged; 0: the OACK */
	uint64_t next;       /* to be sent next */
	uint64_t sent;       /* all before it were sent at least once */
	uint16_t blksize;
	uint16_t window; /* blocks under way at once */
	uint8_t timeout; /* seconds as asked, 0 for none */
	bool netascii, blksize_asked, tsize_asked, window_asked;
	/* This window was sent again because the ACK of the one before came again; so was that one.
	 */
	bool repeated, repeated_before;
};

/* Takes mode and options from a read request. ERR_UNSUPPORTED for a mode other than octet and
 * netascii. Options that are unknown, or have values out of range, are left out of the answer. */
enum err sender_init(struct sender *s, const struct tftp_packet *request) MUST_USE;
/* Leaves windows out of the answer; before the start. */
void sender_no_window(struct sender *s);
void sender_start(struct sender *s, struct span content);

/* Is there something to send before the next ACK? */
bool sender_due(const struct sender *s);

#define SENDER_HEAD_MAX 160u /* bytes of an OACK with all options */
struct sender_out {
	uint8_t head[SENDER_HEAD_MAX];
	size_t head_len;
	struct span body; /* part of the content */
	bool again;       /* was sent before */
};
/* Takes the packet that is due: an OACK when options were taken up, else data. */
void sender_take(struct sender *s, struct sender_out *out);

enum sender_step {
	SENDER_IGNORE, /* nothing is sent for it (RFC 1123 4.2.3.1) */
	SENDER_NEXT,   /* something is due */
	SENDER_DONE,
};
/* In a window an ACK of less than all asks for what follows it once more; so does the ACK of the
 * window before when it comes again, but never for two windows in a row: a packet that the network
 * doubled would double everything after it. */
enum sender_step sender_acked(struct sender *s, uint16_t block);

/* No ACK came in time: all that waits for one is due again. */
void sender_rewind(struct sender *s);

uint64_t sender_last(const struct sender *s); /* the number of the last block */
size_t sender_bytes(const struct sender *s);  /* that were acknowledged */

/* Line ends as CR LF, a bare CR as CR NUL (RFC 764); a client that does the reverse gets the same
 * bytes back. */
void sender_netascii(struct buf *out, struct span text);

#endif
