/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/steps.h"

#include "base/mem.h"

#define FIRST_ROOM 64u

/* A ring, once it has grown to STEPS_MOST: step number n is at (n - 1) modulo `room`, and those
 * after `last - count` are there. */
struct steps {
	struct enrol_step *of;
	size_t room, count;
	uint64_t last;
};

enum err steps_new(struct steps **out)
{
	*out = mem_new(sizeof(**out));
	return *out ? ERR_OK : ERR_NOMEM;
}

void steps_free(struct steps *s)
{
	if (!s)
		return;
	mem_free(s->of);
	mem_free(s);
}

static struct enrol_step *at(const struct steps *s, uint64_t number)
{
	return &s->of[(number - 1) % s->room];
}

/* Each keeps its number, and so gets another place. */
static void grow(struct steps *s)
{
	struct steps bigger = *s;
	uint64_t n;

	bigger.room = s->room ? s->room * 2 : FIRST_ROOM;
	bigger.of = mem_new(bigger.room * sizeof(*bigger.of));
	if (!bigger.of)
		return;
	for (n = s->last - s->count + 1; n <= s->last; n++)
		*at(&bigger, n) = *at(s, n);
	mem_free(s->of);
	*s = bigger;
}

void steps_put(struct steps *s, const struct enrol_step *step)
{
	if (!s)
		return;
	if (s->count == s->room && s->room < STEPS_MOST)
		grow(s);
	s->last++;
	if (!s->room)
		return;
	*at(s, s->last) = *step;
	if (s->count < s->room)
		s->count++;
}

enum err steps_after(const struct steps *s, uint64_t after, struct steps_copy *out)
{
	uint64_t n;

	*out = (struct steps_copy){.last = s->last};
	if (after >= s->last)
		return ERR_OK;
	out->count = (size_t)(s->last - after < s->count ? s->last - after : s->count);
	out->lost = s->last - after - out->count;
	if (!out->count)
		return ERR_OK;
	out->of = mem_new(out->count * sizeof(*out->of));
	if (!out->of)
		return ERR_NOMEM;
	for (n = 0; n < out->count; n++)
		out->of[n] = *at(s, s->last - out->count + 1 + n);
	return ERR_OK;
}
