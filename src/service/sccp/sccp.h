/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_SCCP_SCCP_H
#define SERVICE_SCCP_SCCP_H

#include "base/str.h"
#include "service/service.h"

struct json;

/* Limits. Registered stations: service_env.stations_max. */
#define SCCP_REGISTER_US                                                                           \
	(30 * 1000000ll) /* from the connection (TLS: the handshake) to Register                   \
			  */
/* Connections that have not registered; four shares of what service_sessions allows. */
#define SCCP_UNREGISTERED_MAX        1024u
#define SCCP_UNREGISTERED_PER_SOURCE 64u           /* of one address: a branch behind one NAT */
#define SCCP_OUTPUT_MAX              (256u * 1024) /* bytes for one station that it has not taken */
/* A station is given up when nothing came for the keepalive interval times this, in tenths. */
#define SCCP_SILENCE_IDLE 12
#define SCCP_SILENCE_CALL 20 /* while it has a call */

extern const struct service service_sccp;

/* For the listener's tls_config.verify; each connection has its own context. */
enum err service_sccp_verify(void *ctx, struct span peer_der);

/* Adds "stations": [{device, number, address, port, transport, cipher, securityMode, protocol,
 * since}] and "calls": [{caller, called, state, security, icon}] to an object. On worker 0's loop.
 * ERR_NOTNOW without an instance. Out of memory shows when the document is written. */
enum err service_sccp_status(void *instance, struct json *into);

/* Sends a registered phone back to its start; that is how it learns that it is not wanted any more.
 * On worker 0's loop; no such phone, or no instance, is no error. */
void service_sccp_reset(void *instance, const char *device);

/* Which of these phones are registered; `reset` sends them back to their start. On worker 0's loop;
 * without an instance none is. */
void service_sccp_stations(void *instance, const char (*devices)[DEVICE_NAME_SIZE], size_t count,
	bool reset, bool *registered);

#endif
