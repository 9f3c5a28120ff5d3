/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/keystore.h"

static enum err no_key(const char *name, struct fail *why)
{
	return fail_set(why, ERR_NOTFOUND, "key %s: there is no keystore", name);
}

static enum err null_sign(struct keystore *ks, const char *name, enum digest_alg alg,
	const struct span *pieces, size_t count, struct buf *signature, struct fail *why)
{
	return no_key(name, why);
}

static enum err null_decrypt(struct keystore *ks, const char *name, struct span sealed, size_t want,
	struct buf *plain, struct fail *why)
{
	return no_key(name, why);
}

static enum err null_generate(struct keystore *ks, const char *name, enum key_type type,
	unsigned bits, struct buf *spki, struct fail *why)
{
	return no_key(name, why);
}

static void null_free(struct keystore *ks)
{
}

struct keystore *keystore_null(void)
{
	static struct keystore none = {
		.kind = "null",
		.sign = null_sign,
		.decrypt = null_decrypt,
		.generate = null_generate,
		.free = null_free,
	};

	return &none;
}
