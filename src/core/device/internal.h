/* SPDX-License-Identifier: BSD-2-Clause
 * What the files of this folder share. */
#ifndef CORE_DEVICE_INTERNAL_H
#define CORE_DEVICE_INTERNAL_H

#include "core/device/device.h"

#include "base/str.h"

#define DEVICE_MODEL_DEFAULT   30018 /* 7961 */
#define DEVICE_MODEL_MAX       99999
#define DEVICE_PROFILE_DEFAULT "Non Secure"

/* In upper case; ERR_FORMAT says what a name is. */
enum err device_name(char out[DEVICE_NAME_SIZE], const char *name, struct fail *why) MUST_USE;

#endif
