/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/device/auth_string.h"

#include "base/mem.h"
#include "core/device/secret.h"
#include "crypto/password.h"

#define FIELD  "authenticationString"
#define HASHED "$argon2id$"

bool auth_string_good(const char *digits)
{
	size_t len = strlen(digits);

	return len >= AUTH_STRING_LEAST && len <= AUTH_STRING_MOST &&
	       strspn(digits, "0123456789") == len;
}

enum err auth_string_draw(unsigned digits, char out[AUTH_STRING_MOST + 1], struct fail *why)
{
	uint8_t byte;
	unsigned n = 0;

	if (digits < AUTH_STRING_LEAST || digits > AUTH_STRING_MOST)
		return fail_set(why, ERR_ARG, "an authentication string has %u to %u digits",
			AUTH_STRING_LEAST, AUTH_STRING_MOST);
	while (n < digits) {
		if (random_bytes(&byte, 1) != ERR_OK)
			return fail_set(why, ERR_CRYPTO, "no random numbers");
		/* 250 and more would make the low digits likelier. */
		if (byte < 250)
			out[n++] = (char)('0' + byte % 10);
	}
	out[n] = '\0';
	return ERR_OK;
}

enum err auth_string_seal(struct cluster *c, const char *device, const char *digits,
	struct store_sealed *out, struct fail *why)
{
	const struct kdf_cost cost = kdf_cost_digits();
	char hash[PASSWORD_TEXT];
	enum err err;

	memset(out, 0, sizeof(*out));
	if (!*digits)
		return ERR_OK;
	err = password_hash_at(span_str(digits), &cost, hash, why);
	return err ? err : device_seal(c, device, FIELD, hash, out, why);
}

/* Before strings were hashed they were only sealed. */
static bool same_digits(const char *kept, struct span digits)
{
	size_t len = strlen(kept), i;
	unsigned differs = len != digits.len;

	for (i = 0; i < len && i < digits.len; i++)
		differs |= (unsigned)((uint8_t)kept[i] ^ digits.ptr[i]);
	return !differs;
}

enum err auth_string_check(struct cluster *c, const char *device, const struct store_sealed *sealed,
	struct span digits, bool *good, struct fail *why)
{
	const struct kdf_cost cost = kdf_cost_digits();
	struct buf kept = {0};
	char unused[PASSWORD_TEXT];
	enum err err;

	*good = false;
	if (digits.len > AUTH_STRING_MOST)
		return ERR_OK;
	if (!sealed->len)
		return password_hash_at(digits, &cost, unused, why);
	err = device_unseal(c, device, FIELD, sealed, &kept, why);
	if (!err && strncmp((const char *)kept.data, HASHED, sizeof(HASHED) - 1) == 0)
		err = password_verify((const char *)kept.data, digits, good, why);
	else if (!err)
		*good = same_digits((const char *)kept.data, digits);
	buf_wipe(&kept);
	return err;
}
