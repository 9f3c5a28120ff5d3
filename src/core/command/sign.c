/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/handlers.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/command/keys.h"
#include "core/list/signed.h"
#include "wire/cnfxml/cnfxml.h"

#include <stdio.h>
#include <sys/stat.h>

#define CONTENT_MAX (64u * 1024 * 1024) /* a ring tone or locale package at most */
#define NAME_MAX_   256u                /* of the header's file name */
#define CONFIG_TAIL ".cnf.xml"

/* What signing a file needs, read before anything is written. */
struct signing {
	struct command_key key;
	enum digest_alg digest;
	uint32_t date;
	bool compat;
	struct buf content; /* may hold secrets */
};

static struct signed_as signing_as(const struct signing *s, const char *name)
{
	return (struct signed_as){name, s->key.cert, s->digest, s->date, s->compat};
}

static enum err signing_read(struct signing *s, struct command_ctx *ctx, const struct json *args,
	const char *path, size_t limit, struct fail *why)
{
	enum err err = command_digest(args, &s->digest, why);

	s->compat = json_get_bool(args, "compat");
	if (!err)
		err = command_date(ctx, args, &s->date, why);
	if (!err)
		err = file_read(path, limit, &s->content, why);
	if (!err && signed_already(buf_span(&s->content)))
		return fail_set(why, ERR_EXISTS,
			"%s: is signed already; phones take off one signature only", path);
	return err ? err : command_key_find(&s->key, ctx, args, "cert", why);
}

static void signing_fini(struct signing *s)
{
	command_key_fini(&s->key);
	buf_wipe(&s->content);
}

static enum err finish(struct signing *s, struct command_ctx *ctx, const struct json *args,
	struct buf *file, const struct span pieces[2], struct fail *why)
{
	struct buf signature = {0};
	enum err err = command_key_sign(&s->key, ctx, args, s->digest, pieces, &signature, why);

	if (!err)
		err = signed_finish(file, s->key.cert, buf_span(&signature), why);
	buf_fini(&signature);
	return err;
}

static void report_signer(const struct signing *s, struct command_reply *reply)
{
	struct fail why = {0};

	json_set_str(reply->data, "signer", cert_subject(s->key.cert));
	json_set_str(reply->data, "digest", command_digest_name(s->digest));
	json_set_int(reply->data, "timestamp", s->date);
	buf_printf(&reply->text, "Signed by %s with %s\n", cert_subject(s->key.cert),
		command_digest_name(s->digest));
	if (!cert_valid_at(s->key.cert, s->date))
		command_note(reply, "the signer's certificate is not valid at this time");
	if (list_check_family(LIST_FOR_79XX, s->digest, s->key.cert, &why))
		command_note(reply, why.text);
}

static void report_file(struct command_reply *reply, const char *key, const char *path, size_t len)
{
	json_set_str(reply->data, key, path);
	buf_printf(&reply->text, "%s: %zu bytes\n", path, len);
}

/* path + tail; freed by the caller. */
static char *with_tail(const char *path, const char *tail)
{
	size_t size = strlen(path) + strlen(tail) + 1;
	char *out = mem_new(size);

	if (out)
		snprintf(out, size, "%s%s", path, tail);
	return out;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool ends_in(const char *text, const char *tail)
{
	size_t len = strlen(text), tail_len = strlen(tail);

	return len > tail_len && strcmp(text + len - tail_len, tail) == 0;
}

static enum err check_name(const char *name, struct fail *why)
{
	if (!ends_in(name, ".sgn"))
		return fail_set(why, ERR_ARG,
			"--name is the name that phones ask for and ends in .sgn; not \"%s\"",
			name);
	if (strlen(name) > NAME_MAX_)
		return fail_set(why, ERR_ARG, "a name of more than %u bytes", NAME_MAX_);
	return ERR_OK;
}

void handle_sign(struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *path = json_get_str(args, "file"), *given = json_get_str(args, "name");
	char *out = with_tail(path, ".sgn");
	const char *name = given ? given : out ? base_name(out) : "";
	struct signing s = {.date = 0};
	struct signed_as as;
	struct span pieces[2];
	struct buf file = {0};
	struct fail why = {0};
	enum err err =
		out ? check_name(name, &why) : fail_set(&why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));

	if (!err)
		err = signing_read(&s, ctx, args, path, CONTENT_MAX, &why);
	if (err) {
		command_refuse_input(reply, &why);
		goto out;
	}
	as = signing_as(&s, name);
	err = signed_prepare(&file, buf_span(&s.content), &as, pieces, &why);
	if (!err)
		err = finish(&s, ctx, args, &file, pieces, &why);
	if (err) {
		command_refuse_input(reply, &why);
		goto out;
	}
	err = file_replace(out, buf_span(&file), 0644, FILE_SYNC, &why);
	if (err) {
		command_refuse(reply, &why);
		goto out;
	}
	json_set_str(reply->data, "name", name);
	json_set_int(reply->data, "bytes", (int64_t)file.len);
	report_file(reply, "file", out, file.len);
	report_signer(&s, reply);
out:
	signing_fini(&s);
	buf_fini(&file);
	mem_free(out);
}

/* SEP<MAC>.cnf.xml: phones ask for these names and no other. */
static enum err check_config_name(const char *path, struct fail *why)
{
	const char *name = base_name(path);
	char device[DEVICE_NAME_SIZE];
	bool good = strlen(name) == DEVICE_NAME_SIZE - 1 + sizeof(CONFIG_TAIL) - 1 &&
		    ends_in(name, CONFIG_TAIL);

	snprintf(device, sizeof(device), "%.*s", DEVICE_NAME_SIZE - 1, name);
	if (good && str_device_name(device, device) == ERR_OK &&
		strncmp(device, name, DEVICE_NAME_SIZE - 1) == 0)
		return ERR_OK;
	return fail_set(why, ERR_ARG,
		"%s: a phone's configuration is called SEP<MAC>" CONFIG_TAIL
		", with twelve upper-case hex digits",
		path);
}

/* To remove a link, or one of several names, would leave the secrets where they are. */
static enum err check_only_name(const char *path, struct fail *why)
{
	struct stat st;

	if (lstat(path, &st) == 0 &&
		(S_ISLNK(st.st_mode) || (S_ISREG(st.st_mode) && st.st_nlink > 1)))
		return fail_set(why, ERR_ARG,
			"%s: the clear file has another name, under which it would stay", path);
	return ERR_OK; /* what else can be wrong is told by who reads it */
}

struct encrypting {
	struct signing s;
	struct cert *phone;
	char *full_path, *reduced_path;
	struct buf full, reduced;
};

static enum err encrypting_read(struct encrypting *e, struct command_ctx *ctx,
	const struct json *args, const char *path, struct fail *why)
{
	enum err err = check_config_name(path, why);

	if (!err)
		err = check_only_name(path, why);
	e->full_path = with_tail(path, ".enc.sgn");
	e->reduced_path = with_tail(path, ".sgn");
	if (!err && (!e->full_path || !e->reduced_path))
		err = fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	if (!err)
		err = command_cert(json_get_str(args, "for"), &e->phone, why);
	if (!err)
		err = signing_read(&e->s, ctx, args, path, CNFXML_SIZE_MAX, why);
	return err;
}

static enum err make_reduced(struct encrypting *e, struct command_ctx *ctx, const struct json *args,
	const char *path, struct fail *why)
{
	const struct signed_as as = signing_as(&e->s, base_name(e->reduced_path));
	struct span pieces[2];
	struct cnfxml reduced;
	struct buf xml = {0};
	char hash[33];
	enum err err;

	cert_md5_hex(e->phone, hash);
	err = cnfxml_reduce(&xml, buf_span(&e->s.content), hash, why);
	/* A phone must be able to read what was copied. */
	if (!err)
		err = cnfxml_parse(&reduced, buf_span(&xml), why);
	if (err)
		fail_prefix(why, "%s", path);
	if (!err)
		err = signed_prepare(&e->reduced, buf_span(&xml), &as, pieces, why);
	if (!err)
		err = finish(&e->s, ctx, args, &e->reduced, pieces, why);
	buf_fini(&xml);
	return err;
}

static enum err make_encrypted(
	struct encrypting *e, struct command_ctx *ctx, const struct json *args, struct fail *why)
{
	const struct signed_as as = signing_as(&e->s, base_name(e->full_path));
	struct span pieces[2];
	enum err err = signed_encrypt(&e->full, &e->s.content, e->phone, &as, pieces, why);

	return err ? err : finish(&e->s, ctx, args, &e->full, pieces, why);
}

/* The clear file goes when both others are there. */
static enum err exchange(const struct encrypting *e, const char *path, struct fail *why)
{
	const struct file_new files[] = {
		{e->full_path, buf_span(&e->full), 0644},
		{e->reduced_path, buf_span(&e->reduced), 0644},
	};

	return file_exchange(files, 2, path, why);
}

void handle_encrypt(struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *path = json_get_str(args, "file");
	struct encrypting e = {.phone = NULL};
	struct fail why = {0};
	enum err err = encrypting_read(&e, ctx, args, path, &why);

	if (err) {
		command_refuse_input(reply, &why);
		goto out;
	}
	if (!cert_key_is_rsa(e.phone))
		err = fail_set(&why, ERR_UNSUPPORTED,
			"%s has an EC key: configurations can be encrypted for RSA keys only",
			cert_subject(e.phone));
	if (!err)
		err = make_reduced(&e, ctx, args, path, &why);
	if (!err)
		err = make_encrypted(&e, ctx, args, &why);
	if (err) {
		command_refuse_input(reply, &why);
		goto out;
	}
	err = exchange(&e, path, &why);
	if (err) {
		command_refuse(reply, &why);
		goto out;
	}
	report_file(reply, "file", e.full_path, e.full.len);
	report_file(reply, "companion", e.reduced_path, e.reduced.len);
	json_set_str(reply->data, "removed", path);
	json_set_str(reply->data, "for", cert_subject(e.phone));
	buf_printf(&reply->text, "%s: removed\nEncrypted for %s\n", path, cert_subject(e.phone));
	report_signer(&e.s, reply);
	if (!cert_valid_at(e.phone, e.s.date))
		command_note(reply, "the phone's certificate is not valid at this time");
out:
	signing_fini(&e.s);
	cert_free(e.phone);
	mem_free(e.full_path);
	mem_free(e.reduced_path);
	buf_fini(&e.full);
	buf_fini(&e.reduced);
}

static void put_hash(struct command_reply *reply, const char *key, const char *what,
	enum digest_alg alg, struct span der)
{
	uint8_t hash[DIGEST_MAX];
	struct buf text = {0};

	str_base64(&text, span_of(hash, digest_one(alg, der, hash)));
	buf_u8(&text, 0);
	if (buf_check(&text) == ERR_OK) {
		json_set_str(reply->data, key, (const char *)text.data);
		buf_printf(&reply->text, "%s\n  %s\n", what, (const char *)text.data);
	}
	buf_fini(&text);
}

void handle_certhash(struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct cert *cert = NULL;
	struct fail why = {0};
	char md5[33];

	(void)ctx;
	if (command_cert(json_get_str(args, "cert"), &cert, &why)) {
		command_refuse_input(reply, &why);
		return;
	}
	cert_md5_hex(cert, md5);
	json_set_str(reply->data, "subject", cert_subject(cert));
	buf_printf(&reply->text, "%s\n", cert_subject(cert));
	put_hash(reply, "sha1", "certHash of a VPN group, SHA-1 in base 64:", DIGEST_SHA1,
		cert_der(cert));
	put_hash(reply, "sha512", "certHash of a VPN group, SHA-512 in base 64:", DIGEST_SHA512,
		cert_der(cert));
	json_set_str(reply->data, "md5", md5);
	buf_printf(&reply->text,
		"certHash of a phone's reduced configuration, MD5 in hexadecimal:\n  %s\n", md5);
	cert_free(cert);
}
