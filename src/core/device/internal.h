/* SPDX-License-Identifier: BSD-2-Clause
 * What the files of this folder share. */
#ifndef CORE_DEVICE_INTERNAL_H
#define CORE_DEVICE_INTERNAL_H

#include "core/device/device.h"

#include "base/str.h"

#define DEVICE_MODEL_DEFAULT   30018 /* 7961 */
#define DEVICE_MODEL_MAX       99999
#define DEVICE_PROFILE_DEFAULT "Non Secure"
#define DEVICE_PROFILE_SIP     "Non Secure SIP"

/* In upper case; ERR_FORMAT says what a name is. */
enum err device_name(char out[DEVICE_NAME_SIZE], const char *name, struct fail *why) MUST_USE;

/* Of a new phone what the values do not name: the one protocol that its model speaks, and the
 * predefined profile for its protocol. After device_apply. */
void device_complete(struct store_device *row, const struct device_value *values, size_t count);

/* A text of a line, by the rules that line 1's "number" and "display" have in the record. NULL
 * leaves `out` as it is. */
enum err device_line_text(struct cluster *c, const char *option, const char *text, char *out,
	size_t size, struct fail *why) MUST_USE;

#endif
