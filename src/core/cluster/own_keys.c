/* SPDX-License-Identifier: BSD-2-Clause
 * The node's online keys as one keystore: "CallManager" in keys/, "previous/CallManager" and
 * "next/CallManager" in the folders of these names. */
#include "core/cluster/internal.h"

#include "base/file.h"
#include "base/mem.h"
#include "crypto/keystore.h"

static const char *const folders[] = {"", OWN_PREVIOUS, OWN_NEXT};
#define FOLDERS (sizeof(folders) / sizeof(folders[0]))

struct own_keystore {
	struct keystore ks;
	struct keystore *each[FOLDERS];
};

/* The store that holds this key; *name loses the folder. */
static struct keystore *holder(struct keystore *ks, const char **name)
{
	struct own_keystore *o = (struct own_keystore *)ks;
	size_t i, len;

	for (i = 1; i < FOLDERS; i++) {
		len = strlen(folders[i]);
		if (strncmp(*name, folders[i], len) != 0 || (*name)[len] != '/')
			continue;
		*name += len + 1;
		return o->each[i];
	}
	return o->each[0];
}

static enum err own_sign(struct keystore *ks, const char *name, enum digest_alg alg,
	const struct span *pieces, size_t count, struct buf *signature, struct fail *why)
{
	struct keystore *k = holder(ks, &name);

	return k->sign(k, name, alg, pieces, count, signature, why);
}

static enum err own_decrypt(struct keystore *ks, const char *name, struct span sealed, size_t want,
	struct buf *plain, struct fail *why)
{
	struct keystore *k = holder(ks, &name);

	return k->decrypt(k, name, sealed, want, plain, why);
}

static enum err own_generate(struct keystore *ks, const char *name, enum key_type type,
	unsigned bits, struct buf *spki, struct fail *why)
{
	struct keystore *k = holder(ks, &name);

	return k->generate(k, name, type, bits, spki, why);
}

static void own_free(struct keystore *ks)
{
	struct own_keystore *o = (struct own_keystore *)ks;
	size_t i;

	for (i = 0; i < FOLDERS; i++)
		if (o->each[i])
			o->each[i]->free(o->each[i]);
	mem_free(o);
}

enum err own_keystore_new(struct keystore **out, const char *keys, struct fail *why)
{
	struct own_keystore *o = mem_new(sizeof(*o));
	enum err err = o ? ERR_OK : fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	char *path;
	size_t i;

	if (err)
		return err;
	o->ks = (struct keystore){
		.kind = "file",
		.sign = own_sign,
		.decrypt = own_decrypt,
		.generate = own_generate,
		.free = own_free,
	};
	for (i = 0; i < FOLDERS && !err; i++) {
		path = *folders[i] ? file_join(keys, folders[i]) : mem_strdup(keys);
		err = path ? keystore_file_new(&o->each[i], path, why)
			   : fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
		mem_free(path);
	}
	if (err)
		own_free(&o->ks);
	else
		*out = &o->ks;
	return err;
}
