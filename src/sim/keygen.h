/* SPDX-License-Identifier: BSD-2-Clause
 * Key pairs that a phone makes, off the loop. A generation outlives who asked for it: then nobody
 * hears of it. */
#ifndef SIM_KEYGEN_H
#define SIM_KEYGEN_H

#include "base/executor.h"
#include "crypto/key.h"

struct sim_keygen;

/* Those under way. Zeroed: none. */
struct sim_keygens {
	struct sim_keygen *first;
};

/* The key is the caller's; NULL when *why tells. */
typedef void sim_keygen_done(void *ctx, struct key *key, const struct fail *why);

/* ERR_NOMEM, ERR_NOTNOW; `done` is then not called. */
enum err sim_keygen_start(struct sim_keygen **out, struct sim_keygens *all, struct executor *x,
	enum key_type type, unsigned bits, sim_keygen_done *done, void *ctx) MUST_USE;
/* `done` will not be called; NULL allowed. */
void sim_keygen_forget(struct sim_keygen *g);
/* After the executor and its pool are gone: frees those that they dropped. */
void sim_keygen_drop_all(struct sim_keygens *all);

#endif
