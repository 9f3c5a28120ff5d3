/* SPDX-License-Identifier: BSD-2-Clause
 * bench_process EMPTY CADEADO FILE [PROGRAM WORDS…]: `cadeado show ctl FILE` as a whole process,
 * beside an empty program and, where given, another program that reads the file. */
#include "measure.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS       301u
#define OTHER_ROUNDS 15u
#define ABOVE_MOST   2.0 /* milliseconds above the empty program, or … */
#define WHOLE_MOST   3.0 /* … milliseconds in all */

extern char **environ;

static void run(void *ctx)
{
	char **words = ctx;
	posix_spawn_file_actions_t actions;
	int status = -1;
	pid_t child;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (posix_spawn(&child, words[0], &actions, NULL, words, environ) == 0)
		waitpid(child, &status, 0);
	posix_spawn_file_actions_destroy(&actions);
	if (status != 0) {
		fprintf(stderr, "bench_process: %s: status %d\n", words[0], status);
		exit(2);
	}
}

static int reached(const char *what, double ms, double most)
{
	printf("%s: %.2f ms, at most %.2f ms: %s\n", what, ms, most, ms <= most ? "yes" : "no");
	return ms <= most;
}

int main(int argc, char **argv)
{
	char *empty[] = {argv[1], NULL};
	char word1[] = "show", word2[] = "ctl";
	char *show[] = {argv[2], word1, word2, argv[3], NULL};
	struct subject subjects[] = {
		{.name = "empty program linked to libcrypto", .run = run, .ctx = empty, .times = 1},
		{.name = "cadeado show ctl FILE", .run = run, .ctx = show, .times = 1},
	};
	struct subject other = {
		.name = "the other program", .run = run, .ctx = argv + 4, .times = 1};
	double above, whole, used;
	int good;

	if (argc < 4) {
		fputs("usage: bench_process EMPTY CADEADO FILE [PROGRAM WORDS...]\n", stderr);
		return 2;
	}
	measure(subjects, 2, ROUNDS);
	printf("whole processes; medians of %u rounds\n", ROUNDS);
	measure_print(&subjects[0]);
	measure_print(&subjects[1]);
	if (argc > 4) {
		measure(&other, 1, OTHER_ROUNDS);
		measure_print(&other);
		printf("show ctl, times faster than the other program: %.0f\n",
			other.median / subjects[1].median);
	}
	above = (subjects[1].median - subjects[0].median) / 1e3;
	whole = subjects[1].median / 1e3;
	used = (subjects[1].processor - subjects[0].processor) / 1e3;
	good = reached("show ctl as a whole process", whole, WHOLE_MOST);
	good |= reached("show ctl above the empty program", above, ABOVE_MOST);
	/* Waiting while another program has the processor is not the program's doing. */
	good |= reached("the same in processor time, which load changes less", used, ABOVE_MOST);
	puts(good ? "show ctl: good, one of the three is enough" : "show ctl: MISSED");
	return good ? 0 : 1;
}
