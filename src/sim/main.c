/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/client.h"
#include "sim/factory.h"
#include "sim/keys.h"
#include "sim/phone.h"
#include "sim/shell.h"

#include <signal.h>
#include <stdio.h>

static int run_phone(const struct sim_options *options)
{
	struct sim_phone phone;
	struct fail why = {0};
	int status = SIM_EXIT_REFUSED;

	if (sim_phone_init(&phone, options, &why))
		(void)fprintf(stderr, "cadeado-phone: %s\n", why.text);
	else
		status = sim_phone_run(&phone);
	sim_phone_fini(&phone);
	return status;
}

int main(int argc, char **argv)
{
	struct sim_options options;
	int status = sim_options_parse(&options, argc, argv);

	if (status >= 0)
		return status;
	(void)signal(SIGPIPE, SIG_IGN);
	switch (options.command) {
	case SIM_COMMAND_CAPF: return sim_client_run(&options);
	case SIM_COMMAND_MENU: return sim_keys_run(&options);
	case SIM_COMMAND_SHELL: return sim_shell_run(&options);
	case SIM_COMMAND_MIC: return sim_factory_run(&options);
	default: return run_phone(&options);
	}
}
