/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_CAPF_BULK_PRIV_H
#define CORE_CAPF_BULK_PRIV_H

#include "core/capf/bulk.h"
#include "core/device/device.h"

/* Phones of a bulk operation, a page at a time: zeros first, then again and again until `count` is
 * 0. `most` stays the same. */
struct bulk_page {
	struct store_bulk_phone *of;
	size_t count;
	char after[16];
};
enum err bulk_page_read(struct bulk_page *page, struct store *s, int64_t number, int64_t state,
	size_t most, struct fail *why) MUST_USE;
void bulk_page_fini(struct bulk_page *page);

/* Sets in a phone's record what the bulk operation orders. */
enum err bulk_apply(struct cluster *c, const struct store_bulk *b, struct store_device *row,
	struct fail *why) MUST_USE;

/* Whether the phone could do it, with the record that bulk_apply made. */
struct device_rules;
enum err bulk_possible(struct device_rules *rules, const struct store_bulk *b,
	struct store_device *row, struct fail *why) MUST_USE;

#endif
