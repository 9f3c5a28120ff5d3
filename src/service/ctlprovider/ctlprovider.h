/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_CTLPROVIDER_CTLPROVIDER_H
#define SERVICE_CTLPROVIDER_CTLPROVIDER_H

#include "service/service.h"

/* CTL Provider, TCP 2444: shows the node's certificates to the CTL client and takes its lists, for
 * administrators' accounts. Its home is worker 0. spec: docs/formats/ctl-provider.md */
#define CTLPROVIDER_LIST_MAX 65536u /* bytes of a CTL */
#define CTLPROVIDER_JOBS_MAX 4u     /* requests whose account is being looked at, at once */

extern const struct service service_ctlprovider;

#endif
