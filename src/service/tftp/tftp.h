/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_TFTP_TFTP_H
#define SERVICE_TFTP_TFTP_H

#include "service/service.h"

/* Limits; each holds for one worker. */
#define TFTP_TRANSFERS_MAX        1024u
#define TFTP_TRANSFERS_PER_SOURCE 64u                  /* of one address: a branch behind one NAT */
#define TFTP_BYTES_MAX            (256u * 1024 * 1024) /* content held for all transfers together */
#define TFTP_TRIES_MAX            5u                   /* sendings of one packet */
/* Sendings of the first packet, before the address has proven by an ACK that it is not forged. */
#define TFTP_TRIES_UNPROVEN 3u
#define TFTP_RETRY_US       1000000ll /* before the second sending; doubles each time */
#define TFTP_TIMEOUT_MAX    10u       /* seconds; a larger `timeout` option is not taken up */

extern const struct service service_tftp;

#endif
