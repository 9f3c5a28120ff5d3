/* SPDX-License-Identifier: BSD-2-Clause
 * The phone's menus: screens with numbered items and softkeys, as people press their way through
 * them. One row of menu.c a screen. */
#ifndef SIM_MENU_H
#define SIM_MENU_H

#include "sim/phone.h"
#include "wire/json.h"

enum sim_screen {
	SIM_SCREEN_IDLE,
	SIM_SCREEN_SETTINGS,
	SIM_SCREEN_SECURITY,
	SIM_SCREEN_LSC,
	SIM_SCREEN_TRUST_LIST,
	SIM_SCREEN_CTL,
	SIM_SCREEN_ITL,
	SIM_SCREEN_MODEL,
	SIM_SCREEN_STATUS,
	SIM_SCREEN_MESSAGES,
	SIM_SCREENS,
};

/* What one onlooker has before him. Zeroed: the idle screen, locked. */
struct sim_display {
	enum sim_screen screen;
	bool unlocked;
	bool asking;   /* for the authentication string: the next press is that */
	bool watching; /* an Update that was begun here goes on */
};

/* A key: a softkey, an item's number or name, "**#", "Exit"; the digits where a string is asked
 * for; "" changes nothing. The answer is a new JSON object: "title", "items" (each "name" and
 * "value"), "softkeys", "unlocked", "message", "good" (false: the press did nothing, or what it
 * began has failed), "ask" (what is to be typed), "busy" (another answer follows by itself). */
struct json *sim_menu_press(struct sim_phone *p, struct sim_display *d, const char *press);
/* The screen once more, after something changed while `watching`. */
struct json *sim_menu_watch(struct sim_phone *p, struct sim_display *d);

#endif
