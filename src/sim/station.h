/* SPDX-License-Identifier: BSD-2-Clause
 * The phone as a station: its connection to the call manager, registration, keepalives.
 * spec: docs/formats/sccp.md */
#ifndef SIM_STATION_H
#define SIM_STATION_H

#include "sim/phone.h"
#include "wire/sccp/sccp.h"

struct sim_station;

/* Connects and registers; the phone's table hears DONE, LOST, FAILED, RESET or RESTART. */
void sim_station_start(struct sim_phone *p);
/* Closes at once, with any call; does nothing when there is no station. */
void sim_station_stop(struct sim_phone *p);
/* Hangs up, unregisters, then stops the loop. */
void sim_station_leave(struct sim_station *st);

/* Queues a message; sim_station_flush sends all that is queued in one write. A connection that
 * cannot take it ends through its own event, never inside these calls. */
void sim_station_put(struct sim_station *st, const struct sccp_message *m);
void sim_station_flush(struct sim_station *st);

/* The address of the phone's end of the connection. */
void sim_station_local(const struct sim_station *st, struct net_addr *out);

/* call.c: the calls of a station. Handlers get known messages only. */
struct sim_call;
enum err sim_call_new(struct sim_call **out, struct sim_phone *p, struct sim_station *st) MUST_USE;
void sim_call_free(struct sim_call *c);
/* The phone is registered: it may dial. */
void sim_call_ready(struct sim_call *c);
void sim_call_hang_up(struct sim_call *c);
void sim_call_on_state(struct sim_call *c, const struct sccp_message *m);
void sim_call_on_info(struct sim_call *c, const struct sccp_message *m);
void sim_call_on_info_v2(struct sim_call *c, const struct sccp_message *m);
void sim_call_on_open_receive(struct sim_call *c, const struct sccp_message *m);
void sim_call_on_close_receive(struct sim_call *c, const struct sccp_message *m);
void sim_call_on_start_media(struct sim_call *c, const struct sccp_message *m);
void sim_call_on_stop_media(struct sim_call *c, const struct sccp_message *m);

#endif
