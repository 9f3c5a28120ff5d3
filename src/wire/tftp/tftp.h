/* SPDX-License-Identifier: BSD-2-Clause
 * TFTP packets: RFC 1350, options RFC 2347, blksize RFC 2348, timeout and tsize RFC 2349,
 * windowsize RFC 7440 (not offered). spec: docs/formats/tftp.md */
#ifndef WIRE_TFTP_TFTP_H
#define WIRE_TFTP_TFTP_H

#include "base/buf.h"

#include <stdbool.h>

#define TFTP_NAME_MAX        128u /* bytes of a file name in a request */
#define TFTP_OPTIONS_MAX     8u   /* options in one packet */
#define TFTP_BLKSIZE_MIN     8u
#define TFTP_BLKSIZE_DEFAULT 512u
#define TFTP_BLKSIZE_MAX                                                                           \
	1468u                 /* what fits an Ethernet frame; larger requests are lowered to this */
#define TFTP_REQUEST_MAX 512u /* bytes of a request packet (RFC 2347) */

enum tftp_opcode { TFTP_RRQ = 1, TFTP_WRQ, TFTP_DATA, TFTP_ACK, TFTP_ERROR, TFTP_OACK };

enum tftp_error {
	TFTP_E_UNDEFINED = 0,
	TFTP_E_NOTFOUND = 1,
	TFTP_E_ACCESS = 2,
	TFTP_E_FULL = 3,
	TFTP_E_ILLEGAL = 4,
	TFTP_E_TID = 5,
	TFTP_E_EXISTS = 6,
	TFTP_E_USER = 7,
	TFTP_E_OPTION = 8,
};

struct tftp_option {
	struct span name, value; /* text without NUL; names compare without regard to case */
};

struct tftp_packet {
	enum tftp_opcode opcode;
	struct span name, mode;                       /* RRQ, WRQ */
	uint16_t block;                               /* DATA, ACK */
	uint16_t error;                               /* ERROR */
	struct span text;                             /* ERROR: message */
	struct span data;                             /* DATA */
	struct tftp_option options[TFTP_OPTIONS_MAX]; /* RRQ, WRQ, OACK */
	size_t options_count;
};

/* Borrows from `in`. ERR_SHORT, ERR_FORMAT, ERR_LIMIT. Unknown options are kept. */
enum err tftp_decode(struct tftp_packet *p, struct span in, struct fail *why) MUST_USE;
enum err tftp_encode(struct buf *out, const struct tftp_packet *p) MUST_USE;

/* The decimal value of an option within [low, high]; -1 when absent or not so. */
long tftp_option_number(const struct tftp_packet *p, const char *name, long low, long high);

#endif
