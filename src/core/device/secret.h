/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_DEVICE_SECRET_H
#define CORE_DEVICE_SECRET_H

#include "core/cluster/cluster.h"

/* Secrets of phones lie in the store sealed under keys/phone-secrets, 32 random bytes (0600) that
 * are made with the first one and are in every backup. Nodes that share a database share this file.
 */

/* `text` "" gives none. `device` and `field` are bound to it: moved elsewhere it does not open. */
enum err device_seal(struct cluster *c, const char *device, const char *field, const char *text,
	struct store_sealed *out, struct fail *why) MUST_USE;
/* Appends the text and NUL; the caller wipes it. ERR_VERIFY when the key is another one. */
enum err device_unseal(struct cluster *c, const char *device, const char *field,
	const struct store_sealed *sealed, struct buf *text, struct fail *why) MUST_USE;

#endif
