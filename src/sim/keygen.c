/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/keygen.h"

#include "base/mem.h"

struct sim_keygen {
	struct sim_keygen *next;
	struct sim_keygens *all;
	enum key_type type;
	unsigned bits;
	struct key *key;
	struct fail why;
	sim_keygen_done *done; /* NULL: nobody waits */
	void *ctx;
};

static void unlink_and_free(struct sim_keygen *g)
{
	struct sim_keygen **at = &g->all->first;

	while (*at != g)
		at = &(*at)->next;
	*at = g->next;
	key_free(g->key);
	mem_free(g);
}

static void generate(void *arg)
{
	struct sim_keygen *g = arg;

	if (key_generate(&g->key, g->type, g->bits, &g->why))
		g->key = NULL;
}

static void generated(void *arg)
{
	struct sim_keygen *g = arg;
	sim_keygen_done *done = g->done;
	struct key *key = g->key;

	if (done) {
		g->key = NULL;
		done(g->ctx, key, &g->why);
	}
	unlink_and_free(g);
}

enum err sim_keygen_start(struct sim_keygen **out, struct sim_keygens *all, struct executor *x,
	enum key_type type, unsigned bits, sim_keygen_done *done, void *ctx)
{
	struct sim_keygen *g = mem_new(sizeof(*g));
	enum err err;

	*out = NULL;
	if (!g)
		return ERR_NOMEM;
	*g = (struct sim_keygen){.next = all->first,
		.all = all,
		.type = type,
		.bits = bits,
		.done = done,
		.ctx = ctx};
	all->first = g;
	*out = g;
	err = executor_run(x, generate, generated, g);
	if (err) {
		*out = NULL;
		unlink_and_free(g);
	}
	return err;
}

void sim_keygen_forget(struct sim_keygen *g)
{
	if (g)
		g->done = NULL;
}

void sim_keygen_drop_all(struct sim_keygens *all)
{
	while (all->first)
		unlink_and_free(all->first);
}
