/* SPDX-License-Identifier: BSD-2-Clause
 * cadeado: every command of the table, once or in the `admin:` shell. */
#include "cli/cli.h"
#include "crypto/start.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static void usage(FILE *out)
{
	struct buf rows = {0};

	fputs("usage: cadeado [--state DIR] COMMAND [WORDS] [--json] [--yes]\n"
	      "       cadeado                (on a terminal: the admin: shell)\n"
	      "\n"
	      "  --state DIR   state folder of the node (./lab, or $CADEADO_STATE)\n"
	      "  --version     print the version\n"
	      "  --manual      print the manual's rows of all commands (mdoc)\n"
	      "\n",
		out);
	command_help_all(&rows);
	if (buf_check(&rows) == ERR_OK)
		fwrite(rows.data, 1, rows.len, out);
	buf_fini(&rows);
}

static int manual(void)
{
	struct buf rows = {0};

	command_manual(&rows);
	if (buf_check(&rows) != ERR_OK)
		return COMMAND_FAULT;
	fwrite(rows.data, 1, rows.len, stdout);
	buf_fini(&rows);
	return COMMAND_GOOD;
}

int main(int argc, char *argv[])
{
	const char *state = getenv("CADEADO_STATE");
	struct cli cli = {.state = state ? state : "lab"};
	int i = 1;

	/* PINs and keys pass through memory: they must not end in a core file. */
	(void)setrlimit(RLIMIT_CORE, &(struct rlimit){0});
	crypto_start();
	for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
		if (strcmp(argv[i], "--state") == 0 && i + 1 < argc) {
			cli.state = argv[++i];
		} else if (strcmp(argv[i], "--json") == 0) {
			cli.json = true;
		} else if (strcmp(argv[i], "--yes") == 0) {
			cli.yes = true;
		} else if (strcmp(argv[i], "--help") == 0) {
			usage(stdout);
			return COMMAND_GOOD;
		} else if (strcmp(argv[i], "--version") == 0) {
			puts("cadeado " CADEADO_VERSION);
			return COMMAND_GOOD;
		} else if (strcmp(argv[i], "--manual") == 0) {
			return manual();
		} else {
			fprintf(stderr, "cadeado: unknown option %s\n", argv[i]);
			usage(stderr);
			return COMMAND_USAGE;
		}
	}
	cli.once = i < argc;
	if (cli.once)
		return cli_run(&cli, argc - i, argv + i);
	if (isatty(STDIN_FILENO))
		return shell_run(&cli);
	usage(stderr);
	return COMMAND_USAGE;
}
