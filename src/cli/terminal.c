/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/cli.h"

#include "base/mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#define SECRET_MAX 256

enum err terminal_ask_secret(const char *prompt, struct buf *secret, struct fail *why)
{
	struct termios was, quiet;
	char line[SECRET_MAX];
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	ssize_t got = -1;

	if (tty < 0 || tcgetattr(tty, &was) != 0) {
		if (tty >= 0)
			close(tty);
		return fail_set(
			why, ERR_NOTFOUND, "there is no terminal to ask on: give --pin-file FILE");
	}
	quiet = was;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(tty, TCSAFLUSH, &quiet) == 0) {
		if (write(tty, prompt, strlen(prompt)) >= 0)
			got = read(tty, line, sizeof line);
		(void)tcsetattr(tty, TCSAFLUSH, &was);
		if (write(tty, "\n", 1) < 0)
			got = -1;
	}
	close(tty);
	while (got > 0 && (line[got - 1] == '\n' || line[got - 1] == '\r'))
		got--;
	if (got > 0)
		buf_put(secret, span_of(line, (size_t)got));
	mem_wipe(line, sizeof line);
	if (got <= 0)
		return fail_set(why, ERR_ARG, "nothing was typed");
	return buf_check(secret);
}

bool terminal_confirm(const char *question)
{
	char line[16];

	printf("%s ", question);
	fflush(stdout);
	return fgets(line, sizeof line, stdin) && (line[0] == 'y' || line[0] == 'Y');
}
