/* SPDX-License-Identifier: BSD-2-Clause */
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

void measure(struct subject *subjects, size_t count, size_t rounds)
{
	double *times = calloc(count * rounds, sizeof(*times)), start;
	size_t i, k;

	if (!times) {
		fputs("out of memory\n", stderr);
		exit(2);
	}
	for (k = 0; k < rounds; k++)
		for (i = 0; i < count; i++) {
			start = now_us();
			subjects[i].run(subjects[i].ctx);
			times[i * rounds + k] = (now_us() - start) / (double)subjects[i].times;
		}
	for (i = 0; i < count; i++) {
		qsort(times + i * rounds, rounds, sizeof(*times), by_value);
		subjects[i].least = times[i * rounds];
		subjects[i].median = times[i * rounds + rounds / 2];
	}
	free(times);
}

void measure_print(const struct subject *s)
{
	printf("  %-52s %10.2f us   (least %.2f)\n", s->name, s->median, s->least);
}

int measure_judge(const char *what, double value, double most, const char *unit)
{
	printf("%s: %.2f%s, at most %.2f%s: %s\n", what, value, unit, most, unit,
		value <= most ? "good" : "MISSED");
	return value <= most;
}
