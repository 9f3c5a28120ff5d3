/* SPDX-License-Identifier: BSD-2-Clause
 * The fields of a phone's record: one row each yields the option of `device add`, the column of the
 * CSV file, what a bulk change may set, JSON and printing. spec: docs/formats/device-csv.md */
#ifndef CORE_DEVICE_FIELDS_H
#define CORE_DEVICE_FIELDS_H

#include "core/cluster/cluster.h"

enum device_field_use {
	DEVICE_FIELD_BULK = 1,   /* a bulk change may set it for many phones alike */
	DEVICE_FIELD_SECRET = 2, /* sealed; never printed */
	DEVICE_FIELD_CLOCK = 4,  /* a time, UTC */
};

struct device_field {
	const char *key;    /* of JSON: "webAccess" */
	const char *option; /* of commands: "web-access"; NULL: none */
	const char *label;  /* "Web Access" */
	unsigned use;
};
const struct device_field *device_field_at(size_t index); /* NULL after the last */
/* By label or option, without regard to case; NULL. */
const struct device_field *device_field_find(const char *name);

/* What an unknown phone's record begins with. */
void device_row_init(struct store_device *row, const char *name);

/* From the words of the original; "" is the default. Ordering Install/Upgrade or taking an order
 * back also sets its status and, where the row has none, its end (seven days from now). ERR_FORMAT
 * names the field and what it may be. `c` has the clock and seals secrets. */
enum err device_field_set(struct cluster *c, struct store_device *row, const struct device_field *f,
	const char *text, struct fail *why) MUST_USE;
/* Appends it in the same words; of a secret nothing. */
void device_field_text(
	const struct store_device *row, const struct device_field *f, struct buf *out);
/* Of a secret: whether there is one. */
bool device_field_given(const struct store_device *row, const struct device_field *f);
/* Takes the field, and what belongs to it, over from another record of the same phone. */
void device_field_copy(
	struct store_device *to, const struct store_device *from, const struct device_field *f);

#endif
