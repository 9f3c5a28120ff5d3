/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "crypto/keystore.h"
#include "crypto/ossl.h"

#include <stdio.h>

/* Characters of a key's name; it becomes a file name. */
#define NAME_LEN_MAX 64u

/* Keys are read again for each request: nothing is shared between threads, and a key that was
 * replaced on disk is the one that signs next. */
struct file_keystore {
	struct keystore ks;
	char *folder;
};

static bool name_good(const char *name)
{
	size_t len = strlen(name);

	return len && len <= NAME_LEN_MAX &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") ==
		       len;
}

/* The key's path, freed by the caller; NULL with *err set. */
static char *key_path(const char *folder, const char *name, enum err *err, struct fail *why)
{
	char file[NAME_LEN_MAX + sizeof(".key")], *path;

	if (!name_good(name)) {
		*err = fail_set(why, ERR_ARG,
			"key name: 1 to %u letters, digits, '_' and '-' are allowed", NAME_LEN_MAX);
		return NULL;
	}
	snprintf(file, sizeof(file), "%s.key", name);
	path = file_join(folder, file);
	*err = path ? ERR_OK : fail_set(why, ERR_NOMEM, "key %s: %s", name, err_text(ERR_NOMEM));
	return path;
}

enum err keystore_file_tls_key(
	struct key **out, const char *folder, const char *name, struct fail *why)
{
	enum err err;
	char *path = key_path(folder, name, &err, why);

	if (path)
		err = key_load_pem(out, path, why);
	mem_free(path);
	return err;
}

static enum err load(struct keystore *ks, const char *name, struct key **out, struct fail *why)
{
	return keystore_file_tls_key(out, ((struct file_keystore *)ks)->folder, name, why);
}

static enum err file_sign(struct keystore *ks, const char *name, enum digest_alg alg,
	const struct span *pieces, size_t count, struct buf *signature, struct fail *why)
{
	struct key *key;
	enum err err = load(ks, name, &key, why);

	if (err)
		return err;
	err = key_sign(key, alg, pieces, count, signature);
	key_free(key);
	return err ? fail_set(why, err, "key %s: %s", name, err_text(err)) : ERR_OK;
}

static enum err file_decrypt(struct keystore *ks, const char *name, struct span sealed, size_t want,
	struct buf *plain, struct fail *why)
{
	struct key *key;
	enum err err = load(ks, name, &key, why);

	if (err)
		return err;
	err = key_decrypt(key, sealed, want, plain);
	key_free(key);
	return err ? fail_set(why, err, "key %s: %s", name, err_text(err)) : ERR_OK;
}

static enum err file_generate(struct keystore *ks, const char *name, enum key_type type,
	unsigned bits, struct buf *spki, struct fail *why)
{
	size_t start = spki->len;
	struct key *key = NULL;
	struct buf pem = {0};
	enum err err;
	char *path = key_path(((struct file_keystore *)ks)->folder, name, &err, why);

	if (path)
		err = key_generate(&key, type, bits, why);
	if (!err)
		err = key_public_der(key, spki);
	if (!err)
		err = key_to_pem(key, &pem);
	if (!err)
		err = file_create(path, buf_span(&pem), 0600, why);
	if (err && !buf_check(spki))
		spki->len = start;
	buf_wipe(&pem);
	key_free(key);
	mem_free(path);
	return err ? fail_set(why, err, "key %s: %s", name, err_text(err)) : ERR_OK;
}

static void file_free(struct keystore *ks)
{
	struct file_keystore *f = (struct file_keystore *)ks;

	mem_free(f->folder);
	mem_free(f);
}

enum err keystore_file_new(struct keystore **out, const char *folder, struct fail *why)
{
	struct file_keystore *f;
	enum err err = file_mkdir(folder, 0700, why);

	if (err)
		return err;
	f = mem_new(sizeof(*f));
	if (f)
		f->folder = mem_strdup(folder);
	if (!f || !f->folder) {
		mem_free(f);
		return fail_set(why, ERR_NOMEM, "%s: %s", folder, err_text(ERR_NOMEM));
	}
	f->ks = (struct keystore){
		.kind = "file",
		.sign = file_sign,
		.decrypt = file_decrypt,
		.generate = file_generate,
		.free = file_free,
	};
	*out = &f->ks;
	return ERR_OK;
}
