/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_DEVICE_TABLE_H
#define CORE_DEVICE_TABLE_H

#include "core/cluster/cluster.h"

/* Phones as a CSV file. spec: docs/formats/device-csv.md */
#define DEVICE_TABLE_MOST  100000u             /* phones of a file */
#define DEVICE_TABLE_BYTES (64u * 1024 * 1024) /* of a file */

struct device_table_result {
	size_t added, changed, same;
	size_t ordered; /* phones for which a certificate operation is ordered that was not before
			 */
};

/* Adds and changes the phones of `csv`, all or none: every error names the line. `progress` may be
 * NULL. Warnings are appended in lines, the first few of them. */
enum err device_table_read(struct cluster *c, struct span csv,
	void (*progress)(size_t done, size_t total), struct device_table_result *out,
	struct buf *warnings, struct fail *why) MUST_USE;
/* Appends all phones. */
enum err device_table_write(struct cluster *c, struct buf *csv, struct fail *why) MUST_USE;

#endif
