/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_CAPF_BULK_H
#define CORE_CAPF_BULK_H

#include "core/bat/choose.h"
#include "store/bulk.h"

/* A certificate operation for many phones, batch by batch: order, reset those that are registered,
 * wait, look whether the phones come back, go on. It lies in the store, and the daemon of the node
 * where it was begun does it: it goes on when whoever began it is gone, and after a restart of the
 * daemon where it was. There is one at a time. spec: docs/how-to/enrol-a-building.md */
#define BULK_BATCH_MOST    1000
#define BULK_BATCH_DEFAULT 20
#define BULK_PAUSE_MOST    86400 /* seconds */
#define BULK_PAUSE_DEFAULT 120
#define BULK_LEAST_DEFAULT 80 /* percent */

struct bulk_order {
	const char *what;      /* how the phones were chosen, for people */
	const char *operation; /* "Install/Upgrade", "Delete", "Troubleshoot" */
	const char *by;        /* Operation Completes By; NULL: in seven days */
	const char *auth;      /* Authentication Mode that is set too; NULL: as it is */
	int64_t batch, pause, least;
	bool reset;
};

/* What would happen. */
struct bulk_plan {
	size_t total, refused;
	struct fail first; /* why the first one was refused */
	int64_t batches, seconds, by;
};
/* Looks at every phone. ERR_FORMAT, ERR_ARG for an order that cannot be, or not in time. */
enum err bulk_plan(struct cluster *c, const struct bulk_order *o, const struct bat_choice *phones,
	struct bulk_plan *out, struct fail *why) MUST_USE;

/* Begins it: the daemon does the rest. ERR_NOTNOW while another one is under way or stopped. As
 * bulk_plan. */
enum err bulk_begin(struct cluster *c, const struct bulk_order *o, const struct bat_choice *phones,
	struct store_bulk *out, struct fail *why) MUST_USE;

/* Stops it between two batches, lets it go on (phones that are registered then are those that must
 * be there), or takes back what was ordered and not done. ERR_NOTFOUND without one; ERR_NOTNOW when
 * it is not in a state for that. */
enum err bulk_stop(struct cluster *c, struct store_bulk *out, struct fail *why) MUST_USE;
enum err bulk_resume(struct cluster *c, struct store_bulk *out, struct fail *why) MUST_USE;
enum err bulk_undo(
	struct cluster *c, struct store_bulk *out, size_t *taken_back, struct fail *why) MUST_USE;

/* "under way", "stopped", ... */
const char *bulk_state_text(int64_t state);

/* What became of its phones. */
struct bulk_counts {
	int64_t waits, pending, good, failed, passed, back;
};
/* The last one; `each` (or NULL) gets every phone with the text of its state. ERR_NOTFOUND. */
enum err bulk_look(struct cluster *c, struct store_bulk *out, struct bulk_counts *counts,
	enum err (*each)(void *ctx, const struct store_bulk_phone *p, const char *state), void *ctx,
	struct fail *why) MUST_USE;

/* For the daemon, in a pool job: does what is due. `stations` as in struct command_runtime. */
struct bulk_io {
	void *ctx;
	enum err (*stations)(void *ctx, const char (*devices)[16], size_t count, bool reset,
		bool *registered, struct fail *why);
};
/* *told: what whoever reads logs should know, "" for nothing. */
enum err bulk_step(
	struct cluster *c, const struct bulk_io *io, char told[256], struct fail *why) MUST_USE;

#endif
