/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/token.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "crypto/issue.h"
#include "crypto/token_priv.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define LABEL_PREFIX "SAST-"
#define SUFFIX       ".token"
#define DAY          86400
/* The names on the original's tokens are OU=IPCBU, O=Cisco Systems. */
#define SUBJECT_OU "IPCBU"
#define SUBJECT_O  "Cadeado"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

enum err token_check_pin(const char *pin, struct fail *why)
{
	size_t len = strlen(pin);

	if (len < TOKEN_PIN_MIN || len > TOKEN_PIN_MAX)
		return fail_set(why, ERR_ARG, "a PIN has %d to %d characters", TOKEN_PIN_MIN,
			TOKEN_PIN_MAX);
	return ERR_OK;
}

/* The label becomes a file name. */
enum err token_check_label(const char *label, struct fail *why)
{
	size_t prefix = sizeof(LABEL_PREFIX) - 1;
	const char *serial = label + prefix;
	struct token_info *info;

	if (strncmp(label, LABEL_PREFIX, prefix) != 0 || !*serial ||
		strspn(serial, letters) != strlen(serial) || strlen(serial) >= sizeof(info->serial))
		return fail_set(why, ERR_ARG,
			"a token's label is %s and a serial of 1 to %zu letters and digits",
			LABEL_PREFIX, sizeof(info->serial) - 1);
	return ERR_OK;
}

static enum err set_names(struct token_file *t, const char *serial, struct fail *why)
{
	uint8_t random[4];
	enum err err = random_bytes(random, sizeof(random));
	char label[sizeof(t->label) + sizeof(t->serial)];

	if (err)
		return fail_set(why, err, "token: no random numbers");
	if (!serial)
		snprintf(label, sizeof(label), LABEL_PREFIX "ADN%02x%02x%02x%02x", random[0],
			random[1], random[2], random[3]);
	else
		snprintf(label, sizeof(label), LABEL_PREFIX "%s", serial);
	err = token_check_label(label, why);
	if (err)
		return err;
	str_copy(t->label, sizeof(t->label), label);
	str_copy(t->serial, sizeof(t->serial), label + sizeof(LABEL_PREFIX) - 1);
	return ERR_OK;
}

enum err token_issue(struct cert **out, const char *common_name, struct span spki,
	struct signer *signer, const char *key_name, int64_t now, unsigned days, struct fail *why)
{
	struct issue_request r = {
		.kind = ISSUE_SAST,
		.subject = {.cn = common_name, .ou = SUBJECT_OU, .o = SUBJECT_O},
		.spki = spki,
		.digest = DIGEST_SHA256,
		.not_before = now,
		.not_after = now + (int64_t)days * DAY,
		.issuer_is_rsa = true,
	};

	return issue_now(out, &r, signer, key_name, why);
}

/* Makes the key and its certificate; both stay in memory. *sealed_key is its PKCS #8. */
static enum err make_key(struct token_file *t, unsigned bits, int64_t now, unsigned days,
	struct buf *sealed_key, struct cert **cert, struct fail *why)
{
	struct signer *signer = NULL;
	struct key *key = NULL;
	struct buf spki = {0};
	struct keystore *ks;
	enum err err;

	err = key_generate(&key, KEY_RSA, bits, why);
	if (!err)
		err = key_to_der(key, sealed_key);
	if (!err)
		err = key_public_der(key, &spki);
	if (err) {
		buf_fini(&spki);
		key_free(key);
		return err;
	}
	ks = token_keystore(t->label, key);
	err = ks ? signer_new(&signer, ks, executor_inline()) : ERR_NOMEM;
	if (!err)
		err = token_issue(
			cert, t->label, buf_span(&spki), signer, t->label, now, days, why);
	signer_free(signer);
	buf_fini(&spki);
	return err;
}

enum err token_seal_key(struct token_file *t, const char *pin, struct span der)
{
	uint8_t key[TOKEN_KEY_SIZE];
	enum err err = random_bytes(t->salt, sizeof(t->salt));

	if (!err)
		err = random_bytes(t->nonce, sizeof(t->nonce));
	if (!err)
		err = token_file_make_head(t);
	if (!err)
		err = token_derive(t, pin, key);
	if (!err)
		err = token_seal(t, key, der);
	mem_wipe(key, sizeof(key));
	return err;
}

static enum err seal_new(
	struct token_file *t, const char *pin, struct span der, const struct cert *cert)
{
	enum err err = random_bytes(t->id, sizeof(t->id));

	buf_put(&t->cert, cert_der(cert));
	if (!err)
		err = buf_check(&t->cert);
	return err ? err : token_seal_key(t, pin, der);
}

int token_lock(const char *folder, const char *label, struct fail *why)
{
	char *path = token_path(folder, label, ".lock");
	int lock = path ? file_lock(path, why)
			: (int)fail_set(why, ERR_NOMEM, "token %s: %s", label, err_text(ERR_NOMEM));

	mem_free(path);
	return lock;
}

/* ERR_EXISTS before anything of an older token of this name is touched. */
static enum err check_free(const char *folder, const char *label, struct fail *why)
{
	struct token_file other = {0};
	struct fail inner = {0};
	enum err err = token_file_read(&other, folder, label, &inner);

	token_file_fini(&other);
	if (err == ERR_NOTFOUND)
		return ERR_OK;
	if (err == ERR_OK || err == ERR_FORMAT)
		return fail_set(why, ERR_EXISTS, "token %s exists already in %s", label, folder);
	return fail_set(why, err, "%s", inner.text);
}

static enum err write_new(struct token_file *t, const char *folder, struct fail *why)
{
	int lock = token_lock(folder, t->label, why);
	enum err err;

	if (lock < 0)
		return (enum err)lock;
	err = check_free(folder, t->label, why);
	if (!err)
		err = token_files_create(t, folder, why);
	file_unlock(lock);
	return err;
}

static enum err check_size(
	unsigned bits, unsigned days, const struct kdf_cost *kdf, struct fail *why)
{
	if (bits != 1024 && bits != 2048 && bits != 4096)
		return fail_set(why, ERR_ARG,
			"a token's key has 1024, 2048 or 4096 bits: a list's header knows no "
			"other");
	if (!days)
		return fail_set(why, ERR_ARG, "a token's certificate is valid for a day at least");
	if (!kdf_cost_good(kdf))
		return fail_set(why, ERR_ARG, "a token's KDF cost is outside its limits");
	return ERR_OK;
}

enum err token_create_with(const char *folder, const char *serial, const char *pin, unsigned bits,
	int64_t now, unsigned days, const struct kdf_cost *kdf, struct token_info *out,
	struct fail *why)
{
	struct token_file t = {.kdf = *kdf};
	struct cert *cert = NULL;
	struct buf der = {0};
	enum err err = token_check_pin(pin, why);

	if (!err)
		err = check_size(bits, days, kdf, why);
	if (!err)
		err = set_names(&t, serial, why);
	if (!err)
		err = check_free(folder, t.label, why);
	if (!err)
		err = file_mkdir(folder, 0700, why);
	if (!err)
		err = make_key(&t, bits, now, days, &der, &cert, why);
	if (!err)
		err = seal_new(&t, pin, buf_span(&der), cert);
	if (!err)
		err = write_new(&t, folder, why);
	if (!err && out) {
		*out = (struct token_info){.attempts_left = TOKEN_TRIES, .cert = cert};
		memcpy(out->label, t.label, sizeof(out->label));
		memcpy(out->serial, t.serial, sizeof(out->serial));
		cert = NULL;
	}
	cert_free(cert);
	buf_wipe(&der);
	token_file_fini(&t);
	return err ? fail_set(why, err, "token: %s", err_text(err)) : ERR_OK;
}

enum err token_create(const char *folder, const char *serial, const char *pin, unsigned bits,
	int64_t now, unsigned days, struct token_info *out, struct fail *why)
{
	struct kdf_cost kdf = kdf_cost_default();

	return token_create_with(folder, serial, pin, bits, now, days, &kdf, out, why);
}

enum err token_read(const char *folder, const char *label, struct token_info *out, struct fail *why)
{
	struct token_file t = {0};
	unsigned used = 0;
	enum err err;

	*out = (struct token_info){0};
	err = token_check_label(label, why);
	if (!err)
		err = token_file_read(&t, folder, label, why);
	if (err)
		return err;
	err = token_tries_read(&t, folder, &used, NULL);
	if (!err)
		out->attempts_left = TOKEN_TRIES - (int)used;
	out->set_back = t.back;
	if (err == ERR_LOCKED)
		err = ERR_OK;
	if (!err)
		err = cert_from_der(&out->cert, buf_span(&t.cert), why);
	memcpy(out->label, t.label, sizeof(out->label));
	memcpy(out->serial, t.serial, sizeof(out->serial));
	token_file_fini(&t);
	return err ? fail_set(why, err, "token %s: %s", label, err_text(err)) : ERR_OK;
}

void token_info_fini(struct token_info *info)
{
	cert_free(info->cert);
	*info = (struct token_info){0};
}

static int is_token(const struct dirent *entry)
{
	char label[sizeof(((struct token_info *)0)->label)];
	const char *end = strrchr(entry->d_name, '.');

	if (!end || strcmp(end, SUFFIX) != 0 || (size_t)(end - entry->d_name) >= sizeof(label))
		return 0;
	memcpy(label, entry->d_name, (size_t)(end - entry->d_name));
	label[end - entry->d_name] = '\0';
	return token_check_label(label, NULL) == ERR_OK;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

enum err token_each(const char *folder, enum err (*each)(void *ctx, const struct token_info *info),
	void *ctx, struct fail *why)
{
	struct dirent **entries = NULL;
	int i, count = scandir(folder, &entries, is_token, by_name);
	struct token_info info;
	enum err err = ERR_OK;

	/* A folder that was never made holds no tokens. */
	if (count < 0 && errno != ENOENT)
		return fail_set(why, ERR_IO, "%s: cannot be listed", folder);
	for (i = 0; i < count && !err; i++) {
		struct fail inner = {0};

		*strrchr(entries[i]->d_name, '.') = '\0';
		err = token_read(folder, entries[i]->d_name, &info, &inner);
		if (err == ERR_FORMAT) {
			token_info_fini(&info);
			str_copy(info.label, sizeof(info.label), entries[i]->d_name);
			err = ERR_OK;
		}
		err = err ? fail_set(why, err, "%s", inner.text) : each(ctx, &info);
		token_info_fini(&info);
	}
	for (i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	return err;
}
