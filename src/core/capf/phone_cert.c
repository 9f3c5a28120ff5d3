/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/capf/phone_cert.h"

#include "base/str.h"

#include <stdio.h>

void cert_fingerprint(const struct cert *c, char out[STORE_FINGERPRINT])
{
	char hex[2 * DIGEST_MAX + 1];

	digest_hex(DIGEST_SHA256, cert_der(c), hex);
	str_copy(out, STORE_FINGERPRINT, hex);
}

void cert_serial_text(const struct cert *c, char out[STORE_SERIAL])
{
	static const char digits[] = "0123456789abcdef";
	struct span serial = cert_serial(c);
	size_t i, n = 0;

	/* RFC 5280 4.1.2.2 allows 20 bytes; of a longer one the end tells more. */
	if (serial.len > (STORE_SERIAL - 1) / 2)
		serial = span_of(
			serial.ptr + serial.len - (STORE_SERIAL - 1) / 2, (STORE_SERIAL - 1) / 2);
	for (i = 0; i < serial.len; i++) {
		out[n++] = digits[serial.ptr[i] >> 4];
		out[n++] = digits[serial.ptr[i] & 15];
	}
	out[n] = '\0';
}

void phone_cert_fill(struct store_phone_cert *row, const char *device, int kind,
	const struct cert *c, const struct cert *issuer, int64_t now)
{
	memset(row, 0, sizeof(*row));
	str_copy(row->device, sizeof(row->device), device);
	row->kind = kind;
	cert_fingerprint(c, row->fingerprint);
	cert_serial_text(c, row->serial);
	row->not_before = cert_not_before(c);
	row->not_after = cert_not_after(c);
	/* A name that is longer than the column says at least how it begins. */
	snprintf(row->issuer, sizeof(row->issuer), "%.*s", (int)sizeof(row->issuer) - 1,
		cert_issuer(c));
	if (issuer) {
		cert_fingerprint(issuer, row->issuer_fingerprint);
		row->issuer_not_after = cert_not_after(issuer);
	}
	row->recorded = now;
	row->seen = now;
}

enum err phone_cert_record(
	struct store *s, const struct store_phone_cert *row, struct span der, struct fail *why)
{
	struct store_phone_cert before, now = *row;
	struct fail local = {0};
	enum err err = store_phone_cert_get(s, row->device, row->kind, &before, NULL, &local);

	if (err && err != ERR_NOTFOUND)
		return fail_set(why, err, "%s", local.text);
	if (!err && strcmp(before.fingerprint, row->fingerprint) == 0) {
		now.recorded = before.recorded;
		if (before.how < now.how)
			now.how = before.how;
		if (!now.issuer_fingerprint[0]) {
			memcpy(now.issuer_fingerprint, before.issuer_fingerprint,
				sizeof(now.issuer_fingerprint));
			now.issuer_not_after = before.issuer_not_after;
		}
	} else if (!err && row->how != STORE_CERT_INSTALLED &&
		   before.not_before > row->not_before) {
		return ERR_OK;
	}
	return store_phone_cert_put(s, &now, der, why);
}
