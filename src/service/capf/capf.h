/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_CAPF_CAPF_H
#define SERVICE_CAPF_CAPF_H

#include "service/service.h"

/* Limits; counts hold for one worker. A connection that has proven nothing gives way to newer ones
 * when there is no room and it has been silent for CAPF_SILENT_US: the one that is silent longest
 * first, of its own address when it is that which has too many. Where nobody has to give way, new
 * ones are not accepted until there is room. */
#define CAPF_SESSIONS_MAX        4096u
#define CAPF_SHARES              4u    /* of what descriptors allow, as in daemon/limits.c */
#define CAPF_SESSIONS_PER_SOURCE 1024u /* of one address: a site behind one NAT */
#define CAPF_SILENT_US           (1 * 1000000ll)
#define CAPF_ROOM_US             (50 * 1000ll)    /* after which it is looked for room again */
#define CAPF_ANSWER_US           (60 * 1000000ll) /* for every answer but a key */
#define CAPF_KEY_TOTAL_US                                                                          \
	(2 * 3600 * 1000000ll)     /* for a key, however often it is asked for patience */
#define CAPF_IN_PROGRESS_MAX 1000u /* REQ_IN_PROGRESS in one session */
#define CAPF_JOB_US          (60 * 1000000ll) /* for our own part of an exchange */
#define CAPF_BATCH           64u              /* jobs that are done together */
#define CAPF_GATHER_US       2000ll  /* for which jobs wait for others, with several phones */
#define CAPF_TRACE_US        20000ll /* for which lines of the trace are gathered */
#define CAPF_STEP_US         (1 * 1000000ll) /* after which a step is worth a row in the store */

/* For the listener's tls_config.verify: a phone may show any certificate, because its proof is
 * inside the protocol; the session compares the name. */
enum err service_capf_verify(void *ctx, struct span peer_der);

extern const struct service service_capf;

#endif
