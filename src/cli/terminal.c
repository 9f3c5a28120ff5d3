/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/cli.h"

#include "base/mem.h"
#include "crypto/start.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/select.h>
#include <termios.h>
#include <unistd.h>

#define SECRET_MAX 256

static volatile sig_atomic_t interrupted;

static void note_signal(int signal)
{
	interrupted = signal;
}

/* Whoever interrupts a question gets the terminal back with its echo, and then the signal. */
static const int signals[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP};
#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

/* The signals are held back but for the wait, so that none comes between a look and the read. */
static ssize_t read_line(int tty, const sigset_t *open_mask, char *line, size_t size)
{
	fd_set ready;

	FD_ZERO(&ready);
	FD_SET(tty, &ready);
	if (pselect(tty + 1, &ready, NULL, NULL, NULL, open_mask) != 1)
		return -1;
	return read(tty, line, size);
}

static ssize_t read_quietly(int tty, const char *prompt, char *line, size_t size)
{
	struct sigaction note = {.sa_handler = note_signal}, was_action[SIGNALS];
	struct termios was, quiet;
	sigset_t held, was_mask;
	ssize_t got = -1;
	size_t i;

	if (tcgetattr(tty, &was) != 0)
		return -1;
	interrupted = 0;
	sigemptyset(&held);
	for (i = 0; i < SIGNALS; i++)
		sigaddset(&held, signals[i]);
	(void)sigprocmask(SIG_BLOCK, &held, &was_mask);
	for (i = 0; i < SIGNALS; i++)
		(void)sigaction(signals[i], &note, &was_action[i]);
	quiet = was;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(tty, TCSAFLUSH, &quiet) == 0) {
		if (write(tty, prompt, strlen(prompt)) >= 0)
			got = read_line(tty, &was_mask, line, size);
		(void)tcsetattr(tty, TCSAFLUSH, &was);
		if (write(tty, "\n", 1) < 0)
			got = -1;
	}
	for (i = 0; i < SIGNALS; i++)
		(void)sigaction(signals[i], &was_action[i], NULL);
	(void)sigprocmask(SIG_SETMASK, &was_mask, NULL);
	if (interrupted)
		raise(interrupted);
	return interrupted ? -1 : got;
}

enum err terminal_ask_secret(const char *prompt, struct buf *secret, struct fail *why)
{
	char line[SECRET_MAX];
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	ssize_t got;

	crypto_hide();
	if (tty < 0)
		return fail_set(why, ERR_NOTFOUND,
			"there is no terminal to ask on: give it in a file or on a descriptor "
			"(--help names the options)");
	got = read_quietly(tty, prompt, line, sizeof line);
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
