/* SPDX-License-Identifier: BSD-2-Clause
 * `cadeado-phone capf`: one session at any CAPF server. */
#ifndef SIM_CLIENT_H
#define SIM_CLIENT_H

#include "sim/options.h"

/* Runs it and prints what happened; the exit status of the program. */
int sim_client_run(const struct sim_options *opt);

#endif
