/* SPDX-License-Identifier: BSD-2-Clause
 * `cadeado-phone shell`: what the phone's own shell tells of its files. */
#ifndef SIM_SHELL_H
#define SIM_SHELL_H

#include "sim/options.h"

int sim_shell_run(const struct sim_options *opt);

#endif
