/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_CAPF_CAPF_H
#define SERVICE_CAPF_CAPF_H

#include "service/service.h"

/* Limits; counts hold for one worker. */
#define CAPF_SESSIONS_MAX        1024u
#define CAPF_SESSIONS_PER_SOURCE 64u              /* of one address: a branch behind one NAT */
#define CAPF_ANSWER_US           (60 * 1000000ll) /* for AUTH_RES and STORE_CERT_RES */
#define CAPF_KEY_US              (15 * 60 * 1000000ll) /* for a key, and again after each REQ_IN_PROGRESS */
#define CAPF_IN_PROGRESS_MAX     20u                   /* REQ_IN_PROGRESS in one session */
#define CAPF_JOB_US              (60 * 1000000ll) /* for our own part of an exchange */

/* For the listener's tls_config.verify: a phone may show any certificate, because its proof is
 * inside the protocol; the session compares the name. */
enum err service_capf_verify(void *ctx, struct span peer_der);

extern const struct service service_capf;

#endif
