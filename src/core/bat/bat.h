/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_BAT_H
#define CORE_BAT_H

#include "core/bat/query.h"
#include "core/device/device.h"

/* Changes of many phones: prepared (which counts what would happen and changes nothing), applied in
 * batches, each of them whole or not at all, gone on with after whatever interrupted it, and taken
 * back. There is one at a time; what the last one found is kept until the next begins. */
#define BAT_SETS_MOST 8

struct bat_order {
	char query[BAT_QUERY_MOST];
	struct bat_query parsed;
	char texts[BAT_SETS_MOST][STORE_TEXT];
	struct device_value values[BAT_SETS_MOST];
	size_t count;
};

/* `sets` are "Security Profile=Encrypted". ERR_FORMAT; ERR_DENIED for a field that is each phone's
 * own, or a secret. *o must not move. */
enum err bat_order_parse(struct bat_order *o, const char *query, const char *const *sets,
	size_t count, struct fail *why) MUST_USE;

struct bat_counts {
	int64_t found, same, refused;
	struct fail first; /* why the first one was refused */
};

typedef void bat_progress(size_t done, size_t total);

/* Phones that the query finds; `each` gets the first `most` of them. */
enum err bat_find(struct cluster *c, const struct bat_query *q, size_t most,
	enum err (*each)(void *ctx, const struct store_device *d), void *ctx, int64_t *found,
	struct fail *why) MUST_USE;

/* The dry run: what would change, and for which phones the rules forbid it; `each` gets the first
 * `most` that would change, as they would be. When none is refused the order waits for bat_apply.
 * ERR_NOTNOW while another one is half done. */
enum err bat_prepare(struct cluster *c, const struct bat_order *o, size_t most,
	enum err (*each)(void *ctx, const struct store_device *d), void *ctx,
	struct bat_counts *counts, struct fail *why) MUST_USE;

/* Applies the prepared order, or goes on with the one that was interrupted. ERR_NOTFOUND: none. */
enum err bat_apply(struct cluster *c, bat_progress *progress, struct store_change *out,
	struct fail *why) MUST_USE;

/* Gives the fields that the last change set the values that it found; phones that were deleted
 * since are passed over. All or none. */
enum err bat_undo(
	struct cluster *c, struct store_change *out, size_t *restored, struct fail *why) MUST_USE;

/* The last one. ERR_NOTFOUND. */
enum err bat_last(struct cluster *c, struct store_change *out, struct fail *why) MUST_USE;

#endif
