/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/keys.h"

#include "base/file.h"
#include "base/mem.h"
#include "crypto/keystore.h"
#include "core/tokens/tokens.h"
#include "crypto/token.h"

#include <stdio.h>

#define TOKEN_SUFFIX ".token"
#define PROMPT_SIZE  128

static enum err token_cert(
	const char *folder, const char *label, struct cert **out, struct fail *why)
{
	struct token_info info = {0};
	enum err err = token_read(folder, label, &info, why);

	if (!err) {
		*out = info.cert;
		info.cert = NULL;
		token_info_fini(&info);
	}
	return err;
}

enum err command_family(const struct json *args, enum list_family *family, struct fail *why)
{
	const char *word = json_get_str(args, "for");

	if (!word)
		*family = LIST_FOR_UNKNOWN;
	else if (strcmp(word, "79xx") == 0)
		*family = LIST_FOR_79XX;
	else if (strcmp(word, "all") == 0)
		*family = LIST_FOR_ALL;
	else if (strcmp(word, "newer") == 0)
		*family = LIST_FOR_NEWER;
	else
		return fail_set(why, ERR_ARG, "--for is 79xx, newer or all, not \"%s\"", word);
	return ERR_OK;
}

enum err command_cert(const char *path, struct cert **out, struct fail *why)
{
	size_t len = strlen(path), suffix = sizeof(TOKEN_SUFFIX) - 1;
	const char *slash = strrchr(path, '/');
	char *folder, *label;
	enum err err;

	if (len <= suffix || strcmp(path + len - suffix, TOKEN_SUFFIX) != 0)
		return cert_load(out, path, why);
	folder = slash ? mem_strndup(path, (size_t)(slash - path) + 1) : mem_strdup(".");
	label = mem_strdup(slash ? slash + 1 : path);
	if (label)
		label[strlen(label) - suffix] = '\0';
	err = folder && label ? token_cert(folder, label, out, why)
			      : fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	mem_free(folder);
	mem_free(label);
	return err;
}

/* The folder of the file tokens; freed by the caller. */
static char *tokens_folder(const struct command_ctx *ctx, const struct json *args)
{
	const char *given = json_get_str(args, "tokens");

	return given ? mem_strdup(given) : file_join(ctx->state, "tokens");
}

static enum err open_p11(struct command_key *k, const struct json *args, const char *pin,
	struct keystore **ks, struct fail *why)
{
	struct p11_request r = {
		.module = json_get_str(args, "module"),
		.token = k->name,
		.pin = pin,
		.cert = k->cert,
	};
	struct cert *found = NULL;
	enum err err = keystore_p11_open(ks, &r, &found, why);

	if (!err && !k->cert)
		k->cert = found;
	else
		cert_free(found);
	return err;
}

static enum err open_with_pin(struct command_key *k, struct command_ctx *ctx,
	const struct json *args, struct keystore **ks, struct fail *why)
{
	bool hardware = json_get_str(args, "module") != NULL;
	char prompt[PROMPT_SIZE];
	struct buf pin = {0};
	char *folder = tokens_folder(ctx, args);
	enum err err = folder ? ERR_OK : fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));

	snprintf(prompt, sizeof(prompt), "PIN of token %.64s: ", k->name);
	if (!err)
		err = tokens_may_sign(folder, k->name, why);
	if (!err)
		err = command_secret(ctx, args, "pin-file", prompt, &pin, why);
	if (!err && hardware)
		err = open_p11(k, args, (const char *)pin.data, ks, why);
	else if (!err)
		err = token_open(ks, folder, k->name, (const char *)pin.data, NULL, why);
	buf_wipe(&pin);
	mem_free(folder);
	return err;
}

static enum err open_key(
	struct command_key *k, struct command_ctx *ctx, const struct json *args, struct fail *why)
{
	const char *path = json_get_str(args, "key");
	struct keystore *ks = NULL;
	enum err err;

	if (k->signer)
		return ERR_OK;
	err = path ? keystore_pem_new(&ks, path, k->name, why)
		   : open_with_pin(k, ctx, args, &ks, why);
	return err ? err : signer_new(&k->signer, ks, executor_inline());
}

enum err command_key_find(struct command_key *k, struct command_ctx *ctx, const struct json *args,
	const char *cert_option, struct fail *why)
{
	const char *key = json_get_str(args, "key"), *token = json_get_str(args, "token");
	const char *cert = json_get_str(args, cert_option);
	bool hardware = json_get_str(args, "module") != NULL;
	char *folder;
	enum err err;

	*k = (struct command_key){.name = key ? key : token};
	if (!key == !token || (hardware && !token))
		return fail_set(why, ERR_ARG,
			"say with whose key to sign: --key FILE, --token LABEL, or --module PATH "
			"--token LABEL");
	if (cert)
		return command_cert(cert, &k->cert, why);
	/* Some tools keep key and certificate in one file. */
	if (key && cert_load(&k->cert, key, NULL) == ERR_OK)
		return ERR_OK;
	if (key)
		return fail_set(why, ERR_ARG,
			"--key needs the key's certificate: --%s CERT, or both in one PEM file",
			cert_option);
	if (hardware)
		return open_key(k, ctx, args, why);
	folder = tokens_folder(ctx, args);
	err = folder ? token_cert(folder, token, &k->cert, why)
		     : fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	mem_free(folder);
	return err;
}

enum err command_key_sign(struct command_key *k, struct command_ctx *ctx, const struct json *args,
	enum digest_alg digest, const struct span pieces[2], struct buf *signature,
	struct fail *why)
{
	enum err err = open_key(k, ctx, args, why);

	if (!err)
		err = signer_sign_now(k->signer, k->name, digest, pieces, 2, signature, why);
	if (!err && cert_check_signature(k->cert, digest, pieces, 2, buf_span(signature)))
		err = fail_set(why, ERR_VERIFY, "%s: the key is not that of the certificate %s",
			k->name, cert_subject(k->cert));
	return err;
}

void command_key_fini(struct command_key *k)
{
	signer_free(k->signer);
	cert_free(k->cert);
	*k = (struct command_key){0};
}

static const struct {
	const char *word, *name;
	enum digest_alg digest;
} digests[] = {
	{"sha1", "SHA-1", DIGEST_SHA1},
	{"sha256", "SHA-256", DIGEST_SHA256},
	{"sha512", "SHA-512", DIGEST_SHA512},
};
#define DIGESTS (sizeof(digests) / sizeof(digests[0]))

enum err command_digest(const struct json *args, enum digest_alg *digest, struct fail *why)
{
	const char *word = json_get_str(args, "digest");
	size_t i;

	for (i = 0; i < DIGESTS; i++)
		if (strcmp(word ? word : "sha1", digests[i].word) == 0) {
			*digest = digests[i].digest;
			return ERR_OK;
		}
	return fail_set(why, ERR_ARG, "--digest is sha1, sha256 or sha512, not \"%s\"", word);
}

const char *command_digest_name(enum digest_alg digest)
{
	size_t i;

	for (i = 0; i < DIGESTS; i++)
		if (digests[i].digest == digest)
			return digests[i].name;
	return "?";
}

enum err command_date(
	struct command_ctx *ctx, const struct json *args, uint32_t *date, struct fail *why)
{
	const char *text = json_get_str(args, "date");
	int64_t seconds = clock_seconds(ctx->clock);

	if ((text && clock_parse(text, &seconds)) || seconds < 0 || seconds > UINT32_MAX)
		return fail_set(why, ERR_ARG,
			"--date is a number of seconds since 1970, 2026-11-23 or "
			"2026-11-23T18:42:58Z, up to 2106; not \"%s\"",
			text ? text : "today");
	*date = (uint32_t)seconds;
	return ERR_OK;
}

void command_refuse_input(struct command_reply *reply, const struct fail *why)
{
	command_refuse(reply, why);
	switch (why->code) {
	case ERR_ARG:
	case ERR_IO:
	case ERR_SHORT:
	case ERR_FORMAT:
	case ERR_LIMIT:
	case ERR_NOTFOUND: reply->exit = COMMAND_USAGE; break;
	default: break;
	}
}

void command_note(struct command_reply *reply, const char *text)
{
	if (!json_get(reply->data, "notes"))
		json_set_take(reply->data, "notes", json_array_new());
	json_append_take(json_get(reply->data, "notes"), json_string_new(text));
	buf_printf(&reply->text, "Note: %s\n", text);
}
