/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_MODEL_LOAD_H
#define CORE_MODEL_LOAD_H

#include "store/store.h"

/* The firmware that phones of a model have when their record names none: the original's Device
 * Defaults. One for each protocol (STORE_SCCP, STORE_SIP). */

/* "" when there is none. */
enum err model_load_get(
	struct store *s, int model, int protocol, char out[STORE_NAME], struct fail *why) MUST_USE;
/* "" takes it away. A ".loads" at the end is left out. ERR_FORMAT. */
enum err model_load_set(
	struct store *s, int model, int protocol, const char *load, struct fail *why) MUST_USE;

/* The name of a firmware without ".loads", as phones are told it: ERR_FORMAT for what cannot be
 * one. "" is "". */
enum err model_load_name(const char *text, char out[STORE_NAME], struct fail *why) MUST_USE;

#endif
