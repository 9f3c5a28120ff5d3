/* SPDX-License-Identifier: BSD-2-Clause
 * When and how often the phone goes to CAPF, and what follows from it. */
#ifndef SIM_ENROL_H
#define SIM_ENROL_H

#include "sim/phone.h"

/* Would the phone go by itself in the authentication mode of its configuration? In string mode a
 * user has to type the string (or --string-file does it for him); by existing certificate it needs
 * one. *why tells what is missing. */
bool sim_enrol_by_itself(const struct sim_phone *p, struct fail *why);

/* The state of that name: goes to CAPF, tries again; the table of states hears how it ended. */
void sim_enrol_start(struct sim_phone *p);
void sim_enrol_stop(struct sim_phone *p);

/* Update at the phone's menu: one session, while the phone goes on as it is; with another LSC (or
 * none) it starts over then. `string` is copied; empty where none is needed. ERR_BUSY, ERR_NOTNOW.
 */
enum err sim_enrol_update(struct sim_phone *p, struct span string, struct fail *why) MUST_USE;
/* The user has enough of it. */
void sim_enrol_break_off(struct sim_phone *p);
/* Is one going on that the user started? */
bool sim_enrol_by_user(const struct sim_phone *p);

#endif
