/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_FILES_FILES_H
#define SERVICE_FILES_FILES_H

#include "service/service.h"

/* The files that TFTP serves, over HTTP and HTTPS. It reads only. spec:
 * docs/formats/served-files.md
 * Limits; each holds for one worker, those of connections for one port. */
#define FILES_CONNECTIONS_MAX 1024u
#define FILES_PER_SOURCE_MAX  64u   /* a branch behind one NAT */
#define FILES_REQUESTS_MAX    1000u /* on one connection */
#define FILES_WAITING_MAX     1024u /* requests whose file is being made */

extern const struct service service_files;

#endif
