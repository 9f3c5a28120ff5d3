/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/slots.h"

#include "base/mem.h"

#define NO_SLOT UINT32_MAX

struct place {
	void *session;
	uint32_t generation; /* odd while the place is taken */
	uint32_t next_free;
};

struct slots {
	struct place *places;
	uint32_t max, used, first_free;
	uint32_t touched; /* places below have been taken at least once */
};

enum err slots_new(struct slots **out, uint32_t max)
{
	struct slots *s = mem_new(sizeof(*s));

	*out = NULL;
	if (!s)
		return ERR_NOMEM;
	s->places = mem_new(max * sizeof(*s->places));
	if (!s->places) {
		mem_free(s);
		return ERR_NOMEM;
	}
	s->max = max;
	s->first_free = NO_SLOT;
	*out = s;
	return ERR_OK;
}

void slots_free(struct slots *s)
{
	if (!s)
		return;
	mem_free(s->places);
	mem_free(s);
}

enum err slots_take(struct slots *s, void *session, struct slot_ref *out)
{
	uint32_t slot = s->first_free;

	if (slot != NO_SLOT)
		s->first_free = s->places[slot].next_free;
	else if (s->touched < s->max)
		slot = s->touched++;
	else
		return ERR_LIMIT;
	s->places[slot].session = session;
	s->places[slot].generation++;
	s->used++;
	*out = (struct slot_ref){.slot = slot, .generation = s->places[slot].generation};
	return ERR_OK;
}

void *slots_get(const struct slots *s, struct slot_ref ref)
{
	if (ref.slot >= s->touched || s->places[ref.slot].generation != ref.generation)
		return NULL;
	return s->places[ref.slot].session;
}

void slots_drop(struct slots *s, struct slot_ref ref)
{
	struct place *p;

	if (!slots_get(s, ref))
		return;
	p = &s->places[ref.slot];
	p->session = NULL;
	p->generation++;
	p->next_free = s->first_free;
	s->first_free = ref.slot;
	s->used--;
}

uint32_t slots_used(const struct slots *s)
{
	return s->used;
}

void *slots_next(const struct slots *s, uint32_t *at)
{
	while (*at < s->touched) {
		void *session = s->places[(*at)++].session;

		if (session)
			return session;
	}
	return NULL;
}
