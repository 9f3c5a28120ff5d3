/* SPDX-License-Identifier: BSD-2-Clause
 * `cadeado-phone menu`: presses the keys of a phone that runs, and prints what it shows. */
#ifndef SIM_KEYS_H
#define SIM_KEYS_H

#include "sim/options.h"

/* The exit status of the program: 1 when the last press did nothing, or what it began failed. */
int sim_keys_run(const struct sim_options *opt);

#endif
