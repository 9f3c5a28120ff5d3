/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/phone.h"

#include <signal.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	struct sim_options options;
	struct sim_phone phone;
	struct fail why = {0};
	int status = sim_options_parse(&options, argc, argv);

	if (status >= 0)
		return status;
	(void)signal(SIGPIPE, SIG_IGN);
	if (sim_phone_init(&phone, &options, &why)) {
		(void)fprintf(stderr, "cadeado-phone: %s\n", why.text);
		status = SIM_EXIT_REFUSED;
	} else {
		status = sim_phone_run(&phone);
	}
	sim_phone_fini(&phone);
	return status;
}
