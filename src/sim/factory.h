/* SPDX-License-Identifier: BSD-2-Clause
 * `cadeado-phone mic`: a manufacturing authority for simulated phones, and the certificates that it
 * burns into them. */
#ifndef SIM_FACTORY_H
#define SIM_FACTORY_H

#include "sim/options.h"

/* Makes manufacturer.pem and manufacturer.key in the folder when they are missing, and
 * SEP<MAC>.pem and .key for each phone named. */
int sim_factory_run(const struct sim_options *opt);

#endif
