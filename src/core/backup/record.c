/* SPDX-License-Identifier: BSD-2-Clause
 * What the state folder remembers of its newest backup, and the keys that came after it. */
#include "core/backup/backup_priv.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/cluster/internal.h"
#include "crypto/token.h"
#include "wire/json.h"

#include <stdio.h>
#include <sys/stat.h>

#define RECORD_FILE "backup.json"
#define RECORD_MAX  65536u
#define WORDS_SIZE  96

/* --- the keys that lie in a state folder --- */

typedef enum err key_each(void *ctx, const char *words, const struct cert *cert, struct fail *why);

static enum err own_keys(struct cluster *c, key_each *each, void *ctx, struct fail *why)
{
	char words[WORDS_SIZE];
	struct cert *cert;
	enum err err = ERR_OK;
	int i, previous;

	for (i = 0; i < 2 * OWN_COUNT && !err; i++) {
		enum own_cert which = (enum own_cert)(i / 2);

		previous = i % 2;
		cert = NULL;
		err = previous ? own_previous(c, which, &cert, why)
			       : own_newest(c, which, &cert, why);
		snprintf(words, sizeof(words), "the %skey %s", previous ? "previous " : "",
			own_name(which));
		if (!err && cert)
			err = each(ctx, words, cert, why);
		cert_free(cert);
	}
	return err;
}

struct token_walk {
	key_each *each;
	void *ctx;
	struct fail *why;
};

static enum err one_token(void *ctx, const struct token_info *info)
{
	struct token_walk *w = ctx;
	char words[WORDS_SIZE];

	snprintf(words, sizeof(words), "the file token %s", info->label);
	return info->cert ? w->each(w->ctx, words, info->cert, w->why) : ERR_OK;
}

static enum err every_key(struct cluster *c, key_each *each, void *ctx, struct fail *why)
{
	struct token_walk w = {.each = each, .ctx = ctx, .why = why};
	char *tokens = cluster_path(c, "tokens", NULL);
	enum err err = tokens ? own_keys(c, each, ctx, why) : ERR_NOMEM;

	if (!err)
		err = token_each(tokens, one_token, &w, why);
	mem_free(tokens);
	return err ? fail_set(why, err, "%s", err_text(err)) : ERR_OK;
}

/* --- the record --- */

static enum err add_digest(void *ctx, const char *words, const struct cert *cert, struct fail *why)
{
	char hex[2 * DIGEST_MAX + 1];

	(void)words;
	(void)why;
	digest_hex(DIGEST_SHA256, cert_der(cert), hex);
	json_append_take(ctx, json_string_new(hex));
	return ERR_OK;
}

enum err backup_remember(struct cluster *c, int64_t time, struct fail *why)
{
	char *path = file_join(cluster_get_folder(c), RECORD_FILE);
	struct json *j = json_object_new(), *keys = json_array_new();
	struct buf text = {0};
	enum err err = every_key(c, add_digest, keys, why);

	json_set_int(j, "time", time);
	json_set_take(j, "keys", keys);
	if (!err)
		err = path ? json_write(&text, j, true) : ERR_NOMEM;
	if (!err)
		err = file_replace(path, buf_span(&text), 0644, FILE_SYNC, why);
	json_free(j);
	buf_fini(&text);
	mem_free(path);
	return err ? fail_set(why, err, "%s", err_text(err)) : ERR_OK;
}

/* ERR_NOTFOUND; a record that cannot be read tells of no backup either. */
static enum err read_record(struct cluster *c, struct json **out, struct fail *why)
{
	char *path = file_join(cluster_get_folder(c), RECORD_FILE);
	struct fail local = {0};
	struct buf text = {0};
	enum err err = path ? file_read(path, RECORD_MAX, &text, &local) : ERR_NOMEM;

	*out = NULL;
	if (!err)
		err = json_parse(out, buf_span(&text), &local);
	if (!err && json_get_int(*out, "time", 0) <= 0)
		err = ERR_FORMAT;
	if (err) {
		json_free(*out);
		*out = NULL;
	}
	buf_fini(&text);
	mem_free(path);
	if (err == ERR_NOTFOUND || err == ERR_FORMAT || err == ERR_SHORT || err == ERR_LIMIT)
		return fail_set(why, ERR_NOTFOUND, "there is no backup of this node");
	return err ? fail_set(why, err, "%s", local.code ? local.text : err_text(err)) : ERR_OK;
}

enum err backup_newest(struct cluster *c, int64_t *time, struct fail *why)
{
	struct json *record;
	enum err err = read_record(c, &record, why);

	*time = err ? 0 : json_get_int(record, "time", 0);
	json_free(record);
	return err;
}

/* --- what is in no backup --- */

struct warning {
	struct published lists[2]; /* CTL, ITL */
	const struct json *record; /* NULL: there is none */
	struct buf *out;
	size_t missing;
};

static bool saved(const struct json *record, const char *hex)
{
	const struct json *keys = json_get(record, "keys");
	size_t i;

	for (i = 0; i < json_count(keys); i++) {
		const char *one = json_str(json_at(keys, i));

		if (one && strcmp(one, hex) == 0)
			return true;
	}
	return false;
}

static enum err look_at_key(void *ctx, const char *words, const struct cert *cert, struct fail *why)
{
	struct warning *w = ctx;
	char hex[2 * DIGEST_MAX + 1], date[CLOCK_DATE_MAX];
	bool named = false;
	int i;

	(void)why;
	digest_hex(DIGEST_SHA256, cert_der(cert), hex);
	for (i = 0; i < 2 && !named; i++)
		named = w->lists[i].there && list_names(&w->lists[i].list, cert, UINT32_MAX);
	if (!named || saved(w->record, hex))
		return ERR_OK;
	w->missing++;
	if (!w->record)
		return ERR_OK;
	clock_print_iso(date, json_get_int(w->record, "time", 0));
	buf_printf(w->out,
		"Warning: the newest backup (%s) is older than %s, which a published "
		"trust list names.\n",
		date, words);
	return ERR_OK;
}

struct unsaved {
	const struct json *record; /* NULL: there is none */
	size_t count;
};

static enum err count_unsaved(
	void *ctx, const char *words, const struct cert *cert, struct fail *why)
{
	struct unsaved *u = ctx;
	char hex[2 * DIGEST_MAX + 1];

	(void)words;
	(void)why;
	digest_hex(DIGEST_SHA256, cert_der(cert), hex);
	u->count += !saved(u->record, hex);
	return ERR_OK;
}

/* CTL Provider's key is in no list: clients pin it. */
static enum err each_listed(struct cluster *c, struct unsaved *u, struct fail *why)
{
	struct token_walk w = {.each = count_unsaved, .ctx = u, .why = why};
	char *tokens = cluster_path(c, "tokens", NULL);
	enum err err = tokens ? ERR_OK : ERR_NOMEM;
	int i;

	for (i = 0; i < OWN_COUNT && !err; i++) {
		struct cert *cert = NULL;

		if (!own_roles((enum own_cert)i))
			continue;
		err = own_newest(c, (enum own_cert)i, &cert, why);
		if (!err)
			err = count_unsaved(u, "", cert, why);
		cert_free(cert);
	}
	if (!err)
		err = token_each(tokens, one_token, &w, why);
	mem_free(tokens);
	return err ? fail_set(why, err, "%s", err_text(err)) : ERR_OK;
}

enum err backup_unsaved(struct cluster *c, size_t *count, struct fail *why)
{
	struct json *record;
	struct fail local = {0};
	struct unsaved u = {0};
	enum err err = read_record(c, &record, &local);

	*count = 0;
	if (err && err != ERR_NOTFOUND)
		return fail_set(why, err, "%s", local.text);
	u.record = record;
	err = each_listed(c, &u, why);
	*count = u.count;
	json_free(record);
	return err;
}

#define REMEDY                                                                                     \
	"Make one, and keep it elsewhere: cadeado utils backup create. Phones that trust a lost "  \
	"key must be erased by hand.\n"

enum err backup_warn(struct cluster *c, struct buf *out, size_t *missing, struct fail *why)
{
	struct warning w = {.out = out};
	struct json *record;
	struct fail local = {0};
	enum err err = read_record(c, &record, &local);
	int i;

	if (missing)
		*missing = 0;
	if (err && err != ERR_NOTFOUND)
		return fail_set(why, err, "%s", local.text);
	w.record = record;
	err = ERR_OK;
	for (i = 0; i < 2; i++)
		/* One that cannot be read names no key that anybody could miss. */
		if (published_read(c, i == 1, &w.lists[i], NULL) != ERR_OK)
			w.lists[i].there = false;
	err = every_key(c, look_at_key, &w, why);
	if (!err && w.missing && !record)
		buf_printf(out,
			"Warning: there is no backup of this node, and %zu of its keys are named "
			"in published trust lists.\n",
			w.missing);
	if (!err && w.missing)
		buf_str(out, REMEDY);
	if (missing)
		*missing = w.missing;
	for (i = 0; i < 2; i++)
		published_fini(&w.lists[i]);
	json_free(record);
	return err;
}
