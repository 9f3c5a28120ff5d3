/* SPDX-License-Identifier: BSD-2-Clause
 * Times of several things measured in turn, so that what else the machine does falls on all. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stddef.h>

struct subject {
	const char *name;
	void (*run)(void *ctx); /* one round: `times` repetitions */
	void *ctx;
	size_t times;
	double median, least; /* out: microseconds for one repetition */
	double processor;     /* out: median of processor time, children included */
};

/* Each subject once per round. Ends the program when memory runs out. */
void measure(struct subject *subjects, size_t count, size_t rounds);

/* "  name   12.3 us" */
void measure_print(const struct subject *s);
/* "what: 1.08, at most 1.25: good"; returns whether it is. */
int measure_judge(const char *what, double value, double most, const char *unit);

#endif
