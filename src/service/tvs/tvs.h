/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_TVS_TVS_H
#define SERVICE_TVS_TVS_H

#include "service/service.h"

/* Limits; counts hold for one worker. */
#define TVS_SESSIONS_MAX        4096u
#define TVS_SESSIONS_PER_SOURCE 256u             /* of one address: a branch behind one NAT */
#define TVS_REQUEST_US          (30 * 1000000ll) /* for the first request, and for each further */
#define TVS_JOB_US              (60 * 1000000ll) /* for our own part */
#define TVS_REQUESTS_MAX        64u              /* on one connection */
#define TVS_TTL                 86400u           /* seconds a phone may keep an answer */

extern const struct service service_tvs;

#endif
