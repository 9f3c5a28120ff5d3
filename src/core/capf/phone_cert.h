/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_CAPF_PHONE_CERT_H
#define CORE_CAPF_PHONE_CERT_H

#include "core/cluster/cluster.h"
#include "store/capf.h"

/* Certificates of phones as rows of the store. */

/* Lower-case hex SHA-256 of the DER: how the store names certificates. */
void cert_fingerprint(const struct cert *c, char out[STORE_FINGERPRINT]);

/* The serial number as the store keeps it. */
void cert_serial_text(const struct cert *c, char out[STORE_SERIAL]);

/* A row for this certificate. `issuer` NULL: not known, its name alone is kept. */
void phone_cert_fill(struct store_phone_cert *row, const char *device, int kind,
	const struct cert *c, const struct cert *issuer, int64_t now);

/* Records it, in place of an earlier one of its kind; the same one keeps the time it was first
 * recorded, and how the phone came to it when that was stronger (enum store_cert_how). One that
 * was made before the recorded one changes nothing, unless the phone was just given it: whoever
 * holds an old key must not become the one that configurations are encrypted for. */
enum err phone_cert_record(struct store *s, const struct store_phone_cert *row, struct span der,
	struct fail *why) MUST_USE;

#endif
