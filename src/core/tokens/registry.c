/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/tokens/tokens_priv.h"
#include "wire/json.h"

#define REGISTRY_FILE    "tokens.json"
#define REGISTRY_LOCK    "tokens.lock"
#define REGISTRY_MAX     (4u * 1024 * 1024) /* bytes of the file: TOKENS_MAX large certificates */
#define REGISTRY_VERSION 1

static const char *const kinds[] = {"file", "pkcs11", "foreign"};

const char *token_kind_word(enum token_kind kind)
{
	return kinds[kind];
}

enum err cert_copy(struct cert **out, const struct cert *cert, struct fail *why)
{
	return cert_from_der(out, cert_der(cert), why);
}

bool cert_same(const struct cert *a, const struct cert *b)
{
	return a && b && span_eq(cert_der(a), cert_der(b));
}

void registry_fini(struct registry *r)
{
	size_t i;

	for (i = 0; i < r->count; i++)
		cert_free(r->rows[i].cert);
	r->count = 0;
}

struct known *registry_find(struct registry *r, const char *label)
{
	size_t i;

	for (i = 0; i < r->count; i++)
		if (strcmp(r->rows[i].label, label) == 0)
			return &r->rows[i];
	return NULL;
}

enum err registry_add(struct registry *r, const char *label, struct known **out, struct fail *why)
{
	if (r->count == TOKENS_MAX)
		return fail_set(why, ERR_LIMIT, "no more than %u tokens can be known", TOKENS_MAX);
	*out = &r->rows[r->count++];
	**out = (struct known){0};
	str_copy((*out)->label, sizeof((*out)->label), label);
	return ERR_OK;
}

static bool take_text(const struct json *j, const char *key, char *out, size_t size)
{
	const char *text = json_get_str(j, key);

	return str_copy(out, size, text ? text : "");
}

static bool take_kind(const struct json *j, enum token_kind *out)
{
	const char *word = json_get_str(j, "kind");
	size_t i;

	for (i = 0; word && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i], word) == 0) {
			*out = (enum token_kind)i;
			return true;
		}
	return false;
}

/* ERR_FORMAT without a reason: the caller names the file. */
static enum err parse_row(const struct json *j, struct registry *r)
{
	const char *label = json_get_str(j, "label"), *pem = json_get_str(j, "certificate");
	struct known *k;
	enum err err;

	if (!label || !*label || strlen(label) >= TOKENS_LABEL_SIZE || registry_find(r, label) ||
		registry_add(r, label, &k, NULL))
		return ERR_FORMAT;
	if (!take_kind(j, &k->kind) || !take_text(j, "serial", k->serial, sizeof(k->serial)) ||
		!take_text(j, "holder", k->holder, sizeof(k->holder)) ||
		!take_text(j, "place", k->place, sizeof(k->place)))
		return ERR_FORMAT;
	k->last_seen = json_get_int(j, "lastSeen", 0);
	k->last_drill = json_get_int(j, "lastDrill", 0);
	k->retired = json_get_int(j, "retired", 0);
	err = pem ? cert_from_pem(&k->cert, span_str(pem), NULL) : ERR_OK;
	return err == ERR_OK || err == ERR_NOMEM ? err : ERR_FORMAT;
}

static enum err parse(struct registry *r, const struct json *j)
{
	const struct json *rows = json_get(j, "tokens");
	enum err err = ERR_OK;
	size_t i;

	if (json_get_int(j, "version", 0) != REGISTRY_VERSION || !rows)
		return ERR_FORMAT;
	for (i = 0; i < json_count(rows) && !err; i++)
		err = parse_row(json_at(rows, i), r);
	return err;
}

enum err registry_read(struct registry *r, const char *folder, struct fail *why)
{
	char *path = file_join(folder, REGISTRY_FILE);
	struct buf content = {0};
	struct json *j = NULL;
	enum err err;

	*r = (struct registry){0};
	err = path ? file_read(path, REGISTRY_MAX, &content, NULL) : ERR_NOMEM;
	if (err == ERR_NOTFOUND) {
		err = ERR_OK;
		goto out;
	}
	if (!err)
		err = json_parse(&j, buf_span(&content), NULL);
	if (!err)
		err = parse(r, j);
	if (err == ERR_FORMAT || err == ERR_LIMIT)
		err = fail_set(why, ERR_FORMAT,
			"%s is damaged: bring it back from a copy; without it nobody knows which "
			"tokens are retired, and who has them",
			path);
	else if (err)
		fail_set(why, err, "%s: %s", path ? path : folder, err_text(err));
	if (err)
		registry_fini(r);
out:
	json_free(j);
	buf_fini(&content);
	mem_free(path);
	return err;
}

static void set_time(struct json *row, const char *key, int64_t seconds)
{
	if (seconds)
		json_set_int(row, key, seconds);
}

static struct json *row_json(const struct known *k)
{
	struct json *row = json_object_new();
	struct buf pem = {0};

	json_set_str(row, "label", k->label);
	json_set_str(row, "serial", k->serial);
	json_set_str(row, "kind", kinds[k->kind]);
	json_set_str(row, "holder", k->holder);
	json_set_str(row, "place", k->place);
	set_time(row, "lastSeen", k->last_seen);
	set_time(row, "lastDrill", k->last_drill);
	set_time(row, "retired", k->retired);
	if (k->cert && cert_to_pem(k->cert, &pem) == ERR_OK)
		json_set_take(row, "certificate", json_span_new(buf_span(&pem)));
	else if (k->cert)
		json_set_take(row, "certificate", NULL);
	buf_fini(&pem);
	return row;
}

static enum err registry_write(const struct registry *r, const char *folder, struct fail *why)
{
	struct json *j = json_object_new(), *rows = json_array_new();
	char *path = file_join(folder, REGISTRY_FILE);
	struct buf text = {0};
	enum err err;
	size_t i;

	json_set_int(j, "version", REGISTRY_VERSION);
	for (i = 0; i < r->count; i++)
		json_append_take(rows, row_json(&r->rows[i]));
	json_set_take(j, "tokens", rows);
	err = path ? json_write(&text, j, true) : ERR_NOMEM;
	if (!err)
		err = file_replace(path, buf_span(&text), 0600, FILE_SYNC, why);
	json_free(j);
	buf_fini(&text);
	mem_free(path);
	return err ? fail_set(why, err, "%s: %s", folder, err_text(err)) : ERR_OK;
}

enum err registry_change(const char *folder,
	enum err (*change)(void *ctx, struct registry *r, struct fail *why), void *ctx,
	struct fail *why)
{
	struct registry *r = mem_new(sizeof(*r));
	char *path = file_join(folder, REGISTRY_LOCK);
	int lock = -1;
	enum err err = r && path ? ERR_OK : fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));

	if (!err)
		err = file_mkdir(folder, 0700, why);
	if (!err) {
		lock = file_lock(path, why);
		err = lock < 0 ? (enum err)lock : ERR_OK;
	}
	if (!err)
		err = registry_read(r, folder, why);
	if (!err)
		err = change(ctx, r, why);
	if (!err)
		err = registry_write(r, folder, why);
	file_unlock(lock);
	if (r)
		registry_fini(r);
	mem_free(r);
	mem_free(path);
	return err;
}
