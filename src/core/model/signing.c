/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/model/signing.h"

#include "base/str.h"

struct signing {
	unsigned bits;
	enum digest_alg digest;
	int64_t unable;
	char first[DEVICE_NAME_SIZE];
	const struct model *model; /* of the first */
};

static bool checks_digest(const struct model *m, enum digest_alg digest)
{
	return digest == DIGEST_SHA1 || (digest == DIGEST_SHA512 && m->sha512);
}

bool model_checks_signing(const struct model *m, unsigned bits, enum digest_alg digest)
{
	return m->signer_max >= bits && checks_digest(m, digest);
}

static enum err look(void *ctx, const struct store_device *d)
{
	struct signing *x = ctx;
	const struct model *m = model_of((int)d->model);

	if (model_checks_signing(m, x->bits, x->digest) || x->unable++)
		return ERR_OK;
	str_copy(x->first, sizeof(x->first), d->name);
	x->model = m;
	return ERR_OK;
}

enum err model_check_signing(
	struct store *s, unsigned bits, enum digest_alg digest, struct fail *why)
{
	struct signing x = {.bits = bits, .digest = digest};
	const char *word = digest_word(digest);
	enum err err = store_device_each(s, look, &x, why);

	if (err || !x.unable)
		return err;
	if (!checks_digest(x.model, digest))
		return fail_set(why, ERR_TRUST,
			"a signature with %s would lock %lld phones out, for they cannot check "
			"it: the first is %s (%s); sign with SHA-1",
			word ? word : "an unknown digest", (long long)x.unable, x.first,
			x.model->name);
	return fail_set(why, ERR_TRUST,
		"a key of %u bits would lock %lld phones out, for they check signatures of at most "
		"%u: the first is %s (%s); take a key of that size",
		bits, (long long)x.unable, x.model->signer_max, x.first, x.model->name);
}
