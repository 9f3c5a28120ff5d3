/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_DEVICE_LINE_H
#define CORE_DEVICE_LINE_H

#include "core/device/device.h"

#define DEVICE_LINES_MOST 16

/* A phone's lines beside the first, which is a part of its record. NULL leaves a text as it is; a
 * new line's display is its number. ERR_FORMAT; ERR_NOTFOUND for the phone; ERR_EXISTS for a number
 * that another line has. */
struct device_line_values {
	const char *number, *display, *label;
};
enum err device_line_put(struct cluster *c, const char *device, int64_t index,
	const struct device_line_values *values, struct fail *why) MUST_USE;
/* ERR_NOTFOUND; ERR_FORMAT for the first. */
enum err device_line_delete(
	struct cluster *c, const char *device, int64_t index, struct fail *why) MUST_USE;

#endif
