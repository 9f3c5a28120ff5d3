/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_ADMIN_ADMIN_H
#define SERVICE_ADMIN_ADMIN_H

#include "service/service.h"

/* The admin socket <state>/admin.sock, for the owner of the state folder and root. One request a
 * line, one answer a line:
 *   {"version":1,"command":"device list","args":{…}}
 *   {"exit":0,"data":{…},"text":"…","error":"…"}
 * spec: docs/formats/admin-socket.md */
#define ADMIN_REQUEST_MAX 65536u /* bytes of a request line */
#define ADMIN_IDLE_US     (30 * 1000000ll)

extern const struct service service_admin;

#endif
