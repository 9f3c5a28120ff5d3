/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "crypto/token_priv.h"

/* An unlocked token. */
struct token_keystore {
	struct keystore ks;
	struct key *key;
	char label[64];
};

static enum err token_sign(struct keystore *ks, const char *name, enum digest_alg alg,
	const struct span *pieces, size_t count, struct buf *signature, struct fail *why)
{
	struct token_keystore *t = (struct token_keystore *)ks;
	enum err err;

	if (strcmp(name, t->label) != 0)
		return fail_set(
			why, ERR_NOTFOUND, "key %.80s: the token holds %s alone", name, t->label);
	err = key_sign(t->key, alg, pieces, count, signature);
	return err ? fail_set(why, err, "token %s: %s", t->label, err_text(err)) : ERR_OK;
}

static enum err token_decrypt(struct keystore *ks, const char *name, struct span sealed,
	size_t want, struct buf *plain, struct fail *why)
{
	return fail_set(why, ERR_UNSUPPORTED, "token %s: its key only signs",
		((struct token_keystore *)ks)->label);
}

static enum err token_generate(struct keystore *ks, const char *name, enum key_type type,
	unsigned bits, struct buf *spki, struct fail *why)
{
	return fail_set(why, ERR_UNSUPPORTED, "token %s: it holds one key for its whole life",
		((struct token_keystore *)ks)->label);
}

static void token_free(struct keystore *ks)
{
	struct token_keystore *t = (struct token_keystore *)ks;

	key_free(t->key);
	mem_free(t);
}

struct keystore *token_keystore(const char *label, struct key *key)
{
	struct token_keystore *t = mem_new(sizeof(*t));

	if (!t) {
		key_free(key);
		return NULL;
	}
	t->ks = (struct keystore){
		.kind = "token",
		.sign = token_sign,
		.decrypt = token_decrypt,
		.generate = token_generate,
		.free = token_free,
	};
	t->key = key;
	str_copy(t->label, sizeof(t->label), label);
	return &t->ks;
}

/* One try that is already counted; *der becomes the key's PKCS #8. */
static enum err try_pin(const struct token_file *t, const char *pin, struct buf *der, bool *tried)
{
	uint8_t wrapping[TOKEN_KEY_SIZE];
	enum err err = token_derive(t, pin, wrapping);

	*tried = !err;
	if (!err)
		err = token_unseal(t, wrapping, der);
	mem_wipe(wrapping, sizeof(wrapping));
	return err;
}

static enum err wrong_pin(const char *label, unsigned left, struct fail *why)
{
	if (!left)
		return fail_set(why, ERR_PIN,
			"token %s: wrong PIN, 0 attempts left: the token is locked for good",
			label);
	return fail_set(why, ERR_PIN, "token %s: wrong PIN, %u %s left", label, left,
		left == 1 ? "attempt" : "attempts");
}

/* Under the lock, which is held while the PIN is tried: so a success cannot clear the count of a
 * failure that came later. */
static enum err open_locked(struct token_file *t, const char *folder, const char *pin,
	struct buf *der, int *left, struct fail *why)
{
	bool tried = false;
	unsigned used = 0;
	enum err err;

	err = token_tries_read(t, folder, &used, why);
	if (err)
		return err;
	*left = TOKEN_TRIES - (int)used;
	if (!*left)
		return fail_set(why, ERR_LOCKED,
			"token %s is locked for good after %d wrong PINs; use another token and "
			"replace this one",
			t->label, TOKEN_TRIES);
	err = token_check_pin(pin, why);
	if (err)
		return err;
	err = token_files_write(t, folder, used + 1, why);
	if (err)
		return err;
	--*left;
	err = try_pin(t, pin, der, &tried);
	if (err == ERR_PIN)
		return wrong_pin(t->label, (unsigned)*left, why);
	if (err && tried)
		return fail_set(why, err, "token %s: %s", t->label, err_text(err));
	if (err) {
		/* Short of memory, say: nothing was learnt about the PIN. */
		fail_set(why, err, "token %s: %s", t->label, err_text(err));
		if (token_files_write(t, folder, used, NULL) == ERR_OK)
			++*left;
		return err;
	}
	err = token_files_write(t, folder, 0, why);
	if (!err)
		*left = TOKEN_TRIES;
	return err;
}

static enum err take_key(
	struct keystore **out, const char *label, struct span der, struct fail *why)
{
	struct key *key = NULL;
	enum err err = key_from_der(&key, der, why);

	if (err)
		return err;
	*out = token_keystore(label, key);
	return *out ? ERR_OK : fail_set(why, ERR_NOMEM, "token %s: %s", label, err_text(ERR_NOMEM));
}

static enum err reseal(struct token_file *t, const char *folder, const char *pin, struct span der,
	struct fail *why)
{
	enum err err = token_seal_key(t, pin, der);

	if (err)
		return fail_set(why, err, "token %s: %s", t->label, err_text(err));
	return token_files_write(t, folder, 0, why);
}

/* Unlocks; then gives the keystore away, or seals anew under another PIN. */
static enum err unlock(struct keystore **out, const char *folder, const char *label,
	const char *pin, const char *new_pin, int *attempts_left, struct fail *why)
{
	struct token_file t = {0};
	struct buf der = {0};
	int left = 0, lock = -1;
	enum err err;

	err = token_check_label(label, why);
	/* Once before the lock, whose file is not to be left behind for a token that is not there.
	 */
	if (!err)
		err = token_file_read(&t, folder, label, why);
	if (err)
		goto out;
	lock = token_lock(folder, label, why);
	if (lock < 0) {
		err = (enum err)lock;
		goto out;
	}
	token_file_fini(&t);
	err = token_file_read(&t, folder, label, why);
	if (!err)
		err = open_locked(&t, folder, pin, &der, &left, why);
	if (!err)
		err = new_pin ? reseal(&t, folder, new_pin, buf_span(&der), why)
			      : take_key(out, label, buf_span(&der), why);
out:
	file_unlock(lock);
	buf_wipe(&der);
	token_file_fini(&t);
	if (attempts_left)
		*attempts_left = left;
	return err;
}

enum err token_open(struct keystore **out, const char *folder, const char *label, const char *pin,
	int *attempts_left, struct fail *why)
{
	return unlock(out, folder, label, pin, NULL, attempts_left, why);
}

enum err token_set_pin(const char *folder, const char *label, const char *pin, const char *new_pin,
	int *attempts_left, struct fail *why)
{
	enum err err = token_check_pin(new_pin, why);

	if (err && attempts_left)
		*attempts_left = 0;
	return err ? err : unlock(NULL, folder, label, pin, new_pin, attempts_left, why);
}
