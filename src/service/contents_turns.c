/* SPDX-License-Identifier: BSD-2-Clause
 * Whose turn it is when more names are asked for than can be looked up at once. */
#include "service/contents_priv.h"

#include "base/clock.h"

#include <string.h>

static bool is_current(const struct contents *c)
{
	return c->phones && c->phones_epoch == c->epoch;
}

bool turns_stranger(const struct contents *c, const char *asked, struct provision_absence *out)
{
	return is_current(c) && provision_phones_stranger(c->phones, asked, out);
}

bool turns_wait(const struct contents *c)
{
	return c->later || c->running >= CONTENTS_PRESSED;
}

/* --- which phones there are --- */

static void read_work(void *arg)
{
	struct contents *c = arg;
	struct reading *r = &c->reading;

	r->err = provision_phones_read(
		r->cluster, &c->place, &r->phones, &r->state, r->revision, &r->why);
}

static void read_done(void *arg)
{
	struct contents *c = arg;
	struct reading *r = &c->reading;
	struct job *waiting, *j;

	r->runs = false;
	if (c->stopped) {
		contents_came_back(c);
		return;
	}
	contents_look(c);
	if (!r->err) {
		provision_phones_free(c->phones);
		c->phones = r->phones;
		contents_take_revision(c, r->revision, &r->state);
		/* Of what has changed meanwhile nobody knows on which side of it they are. */
		c->phones_epoch =
			provision_state_same_folder(&r->state, &c->state) ? c->epoch : UINT64_MAX;
	}
	r->phones = NULL;
	waiting = c->later;
	c->later = NULL;
	c->later_last = &c->later;
	c->later_count = 0;
	while ((j = waiting)) {
		waiting = j->unsure;
		turns_add(c, j);
	}
	turns_next(c);
}

/* Now and then: while phones are added one after another, those whose turn comes are looked up one
 * by one. */
static void read_phones(struct contents *c)
{
	int64_t now_us = clock_monotonic_us();

	if (c->reading.runs || is_current(c) ||
		(c->phones_us && now_us - c->phones_us < CONTENTS_PHONES_US))
		return;
	c->phones_us = now_us;
	c->strangers = 0;
	memset(&c->reading, 0, sizeof(c->reading));
	c->reading.cluster = c->env->cluster;
	c->reading.runs = true;
	c->reading.runs = executor_run(c->env->blocking, read_work, read_done, c) == ERR_OK;
}

void turns_stranger_came(struct contents *c)
{
	if (++c->strangers >= CONTENTS_PRESSED)
		read_phones(c);
}

/* --- turns --- */

/* A stranger needs no turn: only to know that he is one still. */
static bool is_stranger(struct contents *c, struct job *j)
{
	if (!turns_stranger(c, j->asked, &j->absence))
		return false;
	if (c->sure)
		contents_refuse_stranger(j, clock_monotonic_us(), true);
	else
		contents_unsure(c, j);
	return true;
}

void turns_add(struct contents *c, struct job *j)
{
	j->unsure = NULL;
	if (is_stranger(c, j))
		return;
	if (c->phones && provision_phones_has(c->phones, j->asked)) {
		contents_run_or_refuse(j);
		return;
	}
	*c->later_last = j;
	c->later_last = &j->unsure;
	c->later_count++;
	read_phones(c);
	turns_next(c);
}

void turns_next(struct contents *c)
{
	struct job *j;

	/* Who is answered may ask for more. */
	if (c->turning)
		return;
	c->turning = true;
	if (c->later)
		read_phones(c);
	while (!c->stopped && c->later_running < CONTENTS_LATER_JOBS && (j = c->later)) {
		c->later = j->unsure;
		if (!c->later)
			c->later_last = &c->later;
		c->later_count--;
		j->unsure = NULL;
		if (is_stranger(c, j))
			continue;
		j->later = true;
		c->later_running++;
		contents_run_or_refuse(j);
	}
	c->turning = false;
}
