/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "crypto/keystore.h"

struct pem_keystore {
	struct keystore ks;
	struct key *key;
	char *name;
};

static enum err pem_sign(struct keystore *ks, const char *name, enum digest_alg alg,
	const struct span *pieces, size_t count, struct buf *signature, struct fail *why)
{
	struct pem_keystore *p = (struct pem_keystore *)ks;
	enum err err;

	if (strcmp(name, p->name) != 0)
		return fail_set(why, ERR_NOTFOUND, "key %.80s: there is only %s", name, p->name);
	err = key_sign(p->key, alg, pieces, count, signature);
	return err ? fail_set(why, err, "%s: %s", name, err_text(err)) : ERR_OK;
}

static enum err pem_decrypt(struct keystore *ks, const char *name, struct span sealed, size_t want,
	struct buf *plain, struct fail *why)
{
	struct pem_keystore *p = (struct pem_keystore *)ks;
	enum err err;

	if (strcmp(name, p->name) != 0)
		return fail_set(why, ERR_NOTFOUND, "key %.80s: there is only %s", name, p->name);
	err = key_decrypt(p->key, sealed, want, plain);
	return err ? fail_set(why, err, "%s: %s", name, err_text(err)) : ERR_OK;
}

static enum err pem_generate(struct keystore *ks, const char *name, enum key_type type,
	unsigned bits, struct buf *spki, struct fail *why)
{
	return fail_set(why, ERR_UNSUPPORTED, "%s: the file holds its key already",
		((struct pem_keystore *)ks)->name);
}

static void pem_free(struct keystore *ks)
{
	struct pem_keystore *p = (struct pem_keystore *)ks;

	key_free(p->key);
	mem_free(p->name);
	mem_free(p);
}

enum err keystore_pem_new(
	struct keystore **out, const char *path, const char *name, struct fail *why)
{
	struct pem_keystore *p = mem_new(sizeof(*p));
	enum err err = p ? ERR_OK : fail_set(why, ERR_NOMEM, "%s: %s", path, err_text(ERR_NOMEM));

	if (err)
		return err;
	p->ks = (struct keystore){
		.kind = "pem",
		.sign = pem_sign,
		.decrypt = pem_decrypt,
		.generate = pem_generate,
		.free = pem_free,
	};
	p->name = mem_strdup(name);
	err = p->name ? key_load_pem(&p->key, path, why)
		      : fail_set(why, ERR_NOMEM, "%s: %s", path, err_text(ERR_NOMEM));
	if (err) {
		pem_free(&p->ks);
		return err;
	}
	*out = &p->ks;
	return ERR_OK;
}
