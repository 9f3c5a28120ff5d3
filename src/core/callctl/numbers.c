/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/callctl/call.h"

#include "base/mem.h"

#define NUMBERS_FIRST 16u /* places allocated at first */

/* Where `text` stands or would stand. */
static size_t lower_bound(const struct callctl *c, const char *text)
{
	size_t low = 0, high = c->numbers_count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (strcmp(c->numbers[middle].text, text) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static enum err make_room(struct callctl *c, size_t more)
{
	size_t cap = c->numbers_cap ? c->numbers_cap : NUMBERS_FIRST;
	struct number *bigger;

	while (cap < c->numbers_count + more)
		cap *= 2;
	if (cap == c->numbers_cap)
		return ERR_OK;
	bigger = mem_resize(c->numbers, cap * sizeof *bigger);
	if (!bigger)
		return ERR_NOMEM;
	c->numbers = bigger;
	c->numbers_cap = cap;
	return ERR_OK;
}

enum err numbers_add(struct callctl *c, struct callctl_station *s)
{
	size_t i, at;
	enum err err = make_room(c, s->lines_count);

	if (err)
		return err;
	for (i = 0; i < s->lines_count; i++) {
		if (!s->lines[i].number[0])
			continue;
		at = lower_bound(c, s->lines[i].number);
		/* A number that is there already keeps its place before this one: a line on two
		 * stations rings the one that came first. */
		while (at < c->numbers_count &&
			strcmp(c->numbers[at].text, s->lines[i].number) == 0)
			at++;
		memmove(c->numbers + at + 1, c->numbers + at,
			(c->numbers_count - at) * sizeof *c->numbers);
		c->numbers[at] = (struct number){
			.text = s->lines[i].number, .station = s, .line = (unsigned)i + 1};
		c->numbers_count++;
	}
	return ERR_OK;
}

void numbers_remove(struct callctl *c, const struct callctl_station *s)
{
	size_t from, to = 0;

	for (from = 0; from < c->numbers_count; from++)
		if (c->numbers[from].station != s)
			c->numbers[to++] = c->numbers[from];
	c->numbers_count = to;
}

const struct number *numbers_find(const struct callctl *c, const char *text)
{
	size_t at = lower_bound(c, text);

	if (at == c->numbers_count || strcmp(c->numbers[at].text, text) != 0)
		return NULL;
	return &c->numbers[at];
}

bool numbers_complete(const struct callctl *c, const char *text)
{
	size_t at = lower_bound(c, text), len = strlen(text);

	while (at < c->numbers_count && strcmp(c->numbers[at].text, text) == 0)
		at++;
	return at == c->numbers_count || strncmp(c->numbers[at].text, text, len) != 0;
}
