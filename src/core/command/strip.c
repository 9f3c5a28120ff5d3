/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/handlers.h"

#include "base/file.h"
#include "base/mem.h"
#include "core/command/keys.h"
#include "core/list/signed.h"
#include "crypto/key.h"

#include <stdio.h>
#include <strings.h>

/* Vendors' packages that are signed with SHA-512 have a suffix of their own. */
static const char *strip_tail(const char *path)
{
	static const char package[] = ".sha512";
	size_t len = strlen(path), cut = sizeof(package) - 1;

	return len > cut && strcasecmp(path + len - cut, package) == 0 ? package : ".sgn";
}

/* --out, else the file's own name without `tail`; the caller frees. */
static char *out_path(const struct json *args, const char *path, const char *tail, struct fail *why)
{
	const char *given = json_get_str(args, "out");
	const char *slash = strrchr(path, '/');
	size_t name_len = strlen(slash ? slash + 1 : path), len = strlen(path), cut = strlen(tail);
	char *out;

	if (!given && (name_len <= cut || strcasecmp(path + len - cut, tail) != 0)) {
		fail_set(why, ERR_ARG,
			"%s: the name does not end in %s; say with --out where to write", path,
			tail);
		return NULL;
	}
	out = mem_strdup(given ? given : path);
	if (!out)
		fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	else if (!given)
		out[len - cut] = 0;
	return out;
}

static enum err write_out(const struct json *args, const char *out, struct span content,
	mode_t mode, struct fail *why)
{
	if (json_get_bool(args, "force"))
		return file_replace(out, content, mode, FILE_SYNC, why);
	if (file_create(out, content, mode, why) != ERR_EXISTS)
		return why->code;
	fail_clear(why);
	return fail_set(why, ERR_EXISTS, "%s: is there already; --force overwrites it", out);
}

static void report(struct command_reply *reply, const char *out, size_t len)
{
	json_set_str(reply->data, "file", out);
	json_set_int(reply->data, "bytes", (int64_t)len);
	buf_printf(&reply->text, "%s: %zu bytes\n", out, len);
	command_note(reply, "the signature was not checked; to check it: cadeado verify --with");
}

/* Before the parser judges: the wrong kind of file has a better answer than a version number. */
static enum err check_kind(struct span file, bool encrypted, struct fail *why)
{
	struct tlv_header h;

	if (!signed_already(file))
		return fail_at(why, ERR_FORMAT, 0, "not a signed file: it begins with no header");
	if (tlv_parse_header(&h, file, NULL) != ERR_OK || h.major != (encrypted ? 1 : 2))
		return ERR_OK;
	return fail_at(why, ERR_FORMAT, 0,
		encrypted ? "is not encrypted; cadeado strip takes its header off"
			  : "is encrypted; cadeado decrypt takes its header off and deciphers it");
}

void handle_strip(struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *path = json_get_str(args, "file");
	struct fail why = {0};
	char *out = out_path(args, path, strip_tail(path), &why);
	struct buf file = {0};
	bool broken = false;
	struct sgn_file f;
	enum err err = out ? file_read(path, COMMAND_SIGNED_MAX, &file, &why) : why.code;

	(void)ctx;
	if (!err) {
		err = check_kind(buf_span(&file), false, &why);
		if (!err && sgn_parse(&f, buf_span(&file), &why)) {
			err = why.code;
			command_remedy(&why, buf_span(&file), false);
		}
		broken = err != ERR_OK;
		if (err)
			fail_prefix(&why, "%s", path);
	}
	if (!err)
		err = write_out(args, out, f.content, 0644, &why);
	if (err)
		command_refuse_input(reply, &why);
	if (broken)
		reply->exit = COMMAND_USAGE;
	if (!err)
		report(reply, out, f.content.len);
	buf_fini(&file);
	mem_free(out);
}

/* One answer for a wrong key, a wrong padding and a damaged file: telling them apart would let a
 * stranger's file ask questions of the key. */
static enum err decipher(
	const struct enc_file *f, const struct key *key, struct buf *plain, struct fail *why)
{
	struct buf aes = {0};
	enum err err = ERR_VERIFY;

	if (key_get_type(key) != KEY_RSA)
		return fail_set(why, ERR_UNSUPPORTED,
			"--key is not an RSA key: configurations are encrypted for those only");
	if (key_decrypt(key, f->wrapped_key, SIGNED_AES_KEY, &aes) == ERR_OK)
		err = signed_decrypt(f, aes.data, plain, why);
	buf_wipe(&aes);
	if (!err || err == ERR_NOMEM)
		return err;
	fail_clear(why);
	return fail_set(why, ERR_VERIFY,
		"cannot be deciphered to what its header says: the key is another phone's, or the "
		"file is damaged");
}

void handle_decrypt(struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *path = json_get_str(args, "file");
	struct fail why = {0};
	char *out = out_path(args, path, ".enc.sgn", &why);
	struct buf file = {0}, plain = {0};
	struct key *key = NULL;
	bool broken = false;
	struct enc_file f;
	enum err err = out ? file_read(path, COMMAND_SIGNED_MAX, &file, &why) : why.code;

	(void)ctx;
	if (!err)
		err = key_load_pem(&key, json_get_str(args, "key"), &why);
	if (!err) {
		err = check_kind(buf_span(&file), true, &why);
		if (!err && enc_parse(&f, buf_span(&file), &why)) {
			err = why.code;
			command_remedy(&why, buf_span(&file), false);
		}
		broken = err != ERR_OK;
		if (!err)
			err = decipher(&f, key, &plain, &why);
		if (err)
			fail_prefix(&why, "%s", path);
	}
	if (!err)
		err = write_out(args, out, buf_span(&plain), 0600, &why);
	if (err) {
		fail_set(&why, err, "%s", err_text(err));
		command_refuse_input(reply, &why);
		if (broken)
			reply->exit = COMMAND_USAGE;
	} else {
		report(reply, out, plain.len);
	}
	key_free(key);
	buf_wipe(&plain);
	buf_fini(&file);
	mem_free(out);
}
