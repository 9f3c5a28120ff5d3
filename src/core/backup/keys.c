/* SPDX-License-Identifier: BSD-2-Clause
 * The keys inside an archive, for people. */
#include "core/backup/backup.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>

struct walk {
	struct span archive;
	enum err (*each)(void *ctx, const struct backup_key *k, struct fail *why);
	void *ctx;
};

static bool ends(const char *name, const char *suffix)
{
	size_t len = strlen(name), end = strlen(suffix);

	return len > end && strcmp(name + len - end, suffix) == 0;
}

struct search {
	const char *name;
	bool found;
};

static enum err compare(void *ctx, const struct backup_file *f, struct fail *why)
{
	struct search *s = ctx;

	(void)why;
	s->found = s->found || strcmp(f->name, s->name) == 0;
	return ERR_OK;
}

static enum err online_key(struct walk *w, const struct backup_file *f, struct fail *why)
{
	struct backup_key k = {.name = f->name};
	struct cert *cert = NULL;
	char *key = mem_strdup(f->name);
	struct search s = {.name = key};
	enum err err = key ? cert_from_pem(&cert, f->content, why) : ERR_NOMEM;

	if (!err) {
		memcpy(key + strlen(key) - 4, ".key", 4);
		err = backup_each(w->archive, compare, &s, why);
	}
	k.cert = cert;
	k.with_key = s.found;
	if (!err)
		err = w->each(w->ctx, &k, why);
	cert_free(cert);
	mem_free(key);
	return err;
}

/* The line "certificate <hex>" of a file token; its form is checked by who opens it. */
static enum err token_key(struct walk *w, const struct backup_file *f, struct fail *why)
{
	static const char word[] = "\ncertificate ";
	const uint8_t *at = memmem(f->content.ptr, f->content.len, word, sizeof(word) - 1), *end;
	struct backup_key k = {.name = f->name, .with_key = true};
	size_t left;
	struct cert *cert = NULL;
	struct buf der = {0};
	char *hex = NULL;
	enum err err = ERR_FORMAT;

	if (at) {
		at += sizeof(word) - 1;
		left = f->content.len - (size_t)(at - f->content.ptr);
		end = memchr(at, '\n', left);
		hex = mem_strndup((const char *)at, end ? (size_t)(end - at) : left);
		err = hex ? str_unhex(&der, hex) : ERR_NOMEM;
	}
	if (!err)
		err = cert_from_der(&cert, buf_span(&der), why);
	k.cert = cert;
	if (!err)
		err = w->each(w->ctx, &k, why);
	cert_free(cert);
	mem_free(hex);
	buf_fini(&der);
	return err ? fail_set(why, err, "%s: no token", f->name) : ERR_OK;
}

static enum err look(void *ctx, const struct backup_file *f, struct fail *why)
{
	if (strncmp(f->name, "keys/", 5) == 0 && ends(f->name, ".pem"))
		return online_key(ctx, f, why);
	if (strncmp(f->name, "tokens/", 7) == 0 && ends(f->name, ".token"))
		return token_key(ctx, f, why);
	return ERR_OK;
}

enum err backup_each_key(struct span archive,
	enum err (*each)(void *ctx, const struct backup_key *k, struct fail *why), void *ctx,
	struct fail *why)
{
	struct walk w = {.archive = archive, .each = each, .ctx = ctx};

	return backup_each(archive, look, &w, why);
}
