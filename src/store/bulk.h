/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef STORE_BULK_H
#define STORE_BULK_H

#include "store/store.h"

/* A certificate operation for many phones, batch by batch. Times are seconds since 1970. */
enum store_bulk_state {
	STORE_BULK_RUNNING = 1,
	STORE_BULK_STOPPED,  /* goes on when it is told to */
	STORE_BULK_FINISHED, /* every phone has its order */
	STORE_BULK_UNDONE,
};
struct store_bulk {
	int64_t number;
	char node[STORE_NAME];   /* whose daemon does it */
	char what[STORE_TEXT];   /* query or file that chose the phones */
	int64_t operation;       /* as store_device.operation */
	int64_t complete_by;     /* Operation Completes By, and the end of all of it; 0 none */
	char auth[STORE_NAME];   /* Authentication Mode that is set too; "" as it is */
	int64_t batch, pause;    /* phones at once, seconds between two batches */
	int64_t least;           /* percent of `present` that must be there, 0 to 100 */
	int64_t reset;           /* 1: phones that are registered are reset */
	int64_t state;           /* enum store_bulk_state */
	char reason[STORE_TEXT]; /* why it was stopped */
	int64_t begun, ended, next_at;
	int64_t total, done; /* phones; that have their order or were passed over */
	int64_t present;     /* of them, that were registered when it began; -1 not counted yet */
};

enum store_bulk_phone_state {
	STORE_BULK_WAITS,
	STORE_BULK_ORDERED, /* but not told yet */
	STORE_BULK_TOLD,    /* or not to be told */
	STORE_BULK_PASSED,  /* the note says why */
	STORE_BULK_BACK,    /* the order was taken back, or never given */
};
struct store_bulk_phone {
	char device[16];
	int64_t state;   /* enum store_bulk_phone_state */
	int64_t present; /* it was registered when the bulk began */
	char note[STORE_TEXT];
};

enum err store_bulk_put(struct store *s, const struct store_bulk *b, struct fail *why) MUST_USE;
/* The one with the greatest number. ERR_NOTFOUND. */
enum err store_bulk_last(struct store *s, struct store_bulk *out, struct fail *why) MUST_USE;
/* Forgets those with smaller numbers, and their phones. */
enum err store_bulk_forget_before(struct store *s, int64_t number, struct fail *why) MUST_USE;
/* All or none. Phones of a bulk are rows of their own: they outlive the device's. */
enum err store_bulk_phone_put_many(struct store *s, int64_t number,
	const struct store_bulk_phone *p, size_t count, struct fail *why) MUST_USE;
/* In order of names, those behind `after` ("" for all), at most `most`, of one state or of every
 * (-1). `each` must not use the store. */
enum err store_bulk_phone_each(struct store *s, int64_t number, int64_t state, const char *after,
	int64_t most, enum err (*each)(void *ctx, const struct store_bulk_phone *p), void *ctx,
	struct fail *why) MUST_USE;

#endif
