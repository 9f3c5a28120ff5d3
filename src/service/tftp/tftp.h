/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_TFTP_TFTP_H
#define SERVICE_TFTP_TFTP_H

#include "service/service.h"

/* Limits; each holds for one worker. */
#define TFTP_TRANSFERS_MAX        16384u
#define TFTP_TRANSFERS_PER_SOURCE 256u                /* of one address: a branch behind one NAT */
#define TFTP_BYTES_MAX            (64u * 1024 * 1024) /* content in the form of netascii */
#define TFTP_TRIES_MAX            5u                  /* sendings of one packet */
/* Sendings of the first packet, before the address has proven by an ACK that it is not forged. */
#define TFTP_TRIES_UNPROVEN 3u
#define TFTP_RETRY_US       1000000ll /* before the second sending; doubles each time */
#define TFTP_TIMEOUT_MAX    10u       /* seconds; a larger `timeout` option is not taken up */
#define TFTP_WINDOW_MAX     32u       /* blocks; a larger `windowsize` is lowered to this */
#define TFTP_ADDRESSES_MAX  8u        /* that it listens on */
/* Sockets on which requests arrive, for each address: each has a buffer of its own, which by
 * Debian's default holds some 270 small packets. */
#define TFTP_DOORS 8u
/* Sockets that carry transfers, for each address; as many are opened as are needed. One whose
 * clients all answer at once keeps their ACKs, whenever they are read. */
#define TFTP_CARRIERS          64u
#define TFTP_CARRIER_TRANSFERS 192u
/* The ports of the carriers are few, so an ACK may be forged. A transfer in windows, where one ACK
 * is worth up to TFTP_WINDOW_MAX blocks, has a port of its own that only who got the OACK knows;
 * when there are no more, windows are not granted. Elsewhere an ACK is worth one block, and all
 * that is sent again without one is bounded: TFTP_AGAIN_FIRST packets, and one more for each
 * TFTP_AGAIN_BLOCKS blocks that were acknowledged. */
#define TFTP_OWN_PORTS     128u
#define TFTP_AGAIN_FIRST   2u
#define TFTP_AGAIN_BLOCKS  2u
#define TFTP_STRANGERS_MAX 100u /* errors a second to who sends to no transfer */

extern const struct service service_tftp;

#endif
