/* SPDX-License-Identifier: BSD-2-Clause
 * What the phone says: numbered console lines, status messages and, with --json, events.
 * Shapes: docs/formats/traces.md */
#ifndef SIM_CONSOLE_H
#define SIM_CONSOLE_H

#include "base/clock.h"
#include "base/err.h"

#include <stdbool.h>

/* Files in the phone's folder: console.log, status.log. A full disk is said once on stderr and does
 * not stop the phone. */
struct sim_console {
	const struct clock *clock;
	char *console_path, *status_path;
	unsigned long lines;
	bool json, quiet, failed;
};

enum err sim_console_init(struct sim_console *c, const struct clock *clock, const char *dir,
	bool json, bool quiet, struct fail *why) MUST_USE;
void sim_console_fini(struct sim_console *c);

/* "<n>: NOT HH:MM:SS.uuuuuu <process>: <text>" */
void sim_console_note(struct sim_console *c, const char *process, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
/* The same with ERR in place of NOT. */
void sim_console_error(struct sim_console *c, const char *process, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
/* "HH:MM:SS <text>": a message of the phone's status screen. */
void sim_console_status(struct sim_console *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* An event that only --json shows: {"event": name, "value": value}. */
void sim_console_event(struct sim_console *c, const char *name, const char *value);

#endif
