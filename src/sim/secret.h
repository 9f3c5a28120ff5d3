/* SPDX-License-Identifier: BSD-2-Clause
 * The authentication string, from a file, standard input or the keyboard: never from arguments. */
#ifndef SIM_SECRET_H
#define SIM_SECRET_H

#include "base/buf.h"

/* Digits of a string, as many as a server may give. ERR_FORMAT. */
enum err sim_string_check(struct span digits, struct fail *why) MUST_USE;

/* Reads the first line of `path` ("-": standard input); NULL asks on the terminal, without echo:
 * ERR_NOTNOW when there is none. Wipe *out after use. */
enum err sim_string_read(struct buf *out, const char *path, struct fail *why) MUST_USE;

#endif
