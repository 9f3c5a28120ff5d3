/* SPDX-License-Identifier: BSD-2-Clause */
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double of_usage(int who)
{
	struct rusage u;

	getrusage(who, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static double used_us(void)
{
	return of_usage(RUSAGE_SELF) + of_usage(RUSAGE_CHILDREN);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

void measure(struct subject *subjects, size_t count, size_t rounds)
{
	double *times = calloc(2 * count * rounds, sizeof(*times)), *used, start, before;
	size_t i, k;

	if (!times) {
		fputs("out of memory\n", stderr);
		exit(2);
	}
	used = times + count * rounds;
	for (k = 0; k < rounds; k++)
		for (i = 0; i < count; i++) {
			before = used_us();
			start = now_us();
			subjects[i].run(subjects[i].ctx);
			times[i * rounds + k] = (now_us() - start) / (double)subjects[i].times;
			used[i * rounds + k] = (used_us() - before) / (double)subjects[i].times;
		}
	for (i = 0; i < count; i++) {
		qsort(times + i * rounds, rounds, sizeof(*times), by_value);
		qsort(used + i * rounds, rounds, sizeof(*used), by_value);
		subjects[i].least = times[i * rounds];
		subjects[i].median = times[i * rounds + rounds / 2];
		subjects[i].processor = used[i * rounds + rounds / 2];
	}
	free(times);
}

void measure_print(const struct subject *s)
{
	printf("  %-44s %10.2f us (least %.2f, processor %.2f)\n", s->name, s->median, s->least,
		s->processor);
}

int measure_judge(const char *what, double value, double most, const char *unit)
{
	printf("%s: %.2f%s, at most %.2f%s: %s\n", what, value, unit, most, unit,
		value <= most ? "good" : "MISSED");
	return value <= most;
}
