/* SPDX-License-Identifier: BSD-2-Clause
 * The phone's keys and display for other programs of its user: a UNIX socket in its folder. A
 * line is a press, a line of JSON the screen after it. */
#ifndef SIM_PANEL_H
#define SIM_PANEL_H

#include "sim/phone.h"

#define SIM_PRESS_MAX 256u /* bytes of a line */

struct sim_panel;

/* ERR_INUSE: another phone runs in that folder. */
enum err sim_panel_open(struct sim_panel **out, struct sim_phone *p, struct fail *why) MUST_USE;
void sim_panel_close(struct sim_panel *panel); /* NULL allowed */

/* What is shown of the LSC is another thing now. */
void sim_panel_lsc_changed(struct sim_panel *panel);

/* A path of the socket in a folder that may have a long name; *folder is a descriptor that keeps
 * the path good, to be closed. ERR_NOTFOUND. */
#define SIM_PANEL_PATH 64
enum err sim_panel_path(
	char out[SIM_PANEL_PATH], int *folder, const char *dir, struct fail *why) MUST_USE;

#endif
