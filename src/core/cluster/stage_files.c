/* SPDX-License-Identifier: BSD-2-Clause
 * ctl/: staged.tlv, staged.json, last.json, ever. */
#include "core/cluster/stage_int.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/list/list.h"
#include "wire/json.h"

#include <stdio.h>
#include <unistd.h>

#define FOLDER   "ctl"
#define JSON_MAX 65536u /* bytes of staged.json or last.json */

static enum err no_memory(struct fail *why)
{
	return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
}

enum err stage_sum(struct span bytes, uint8_t out[SHA256_SIZE], struct fail *why)
{
	uint8_t sum[DIGEST_MAX];

	if (digest_one(DIGEST_SHA256, bytes, sum) != SHA256_SIZE)
		return fail_set(why, ERR_CRYPTO, "SHA-256: %s", err_text(ERR_CRYPTO));
	memcpy(out, sum, SHA256_SIZE);
	return ERR_OK;
}

/* --- reading --- */

static enum err read_names(struct publication *p, const struct json *names)
{
	size_t i, count = json_count(names);

	if (count > STAGE_SASTS)
		return ERR_FORMAT;
	for (i = 0; i < count; i++) {
		const char *name = json_str(json_at(names, i));

		if (!name || !str_copy(p->trust[i], TRUST_NAME, name))
			return ERR_FORMAT;
	}
	p->trust_count = count;
	return ERR_OK;
}

static enum err read_publication(struct publication *p, const struct json *j)
{
	const char *id = json_get_str(j, "id"), *by = json_get_str(j, "by"),
		   *sum = json_get_str(j, "list");
	struct buf bytes = {0};
	enum err err = ERR_OK;

	if (!id || !by || !sum || !str_copy(p->id, sizeof(p->id), id) ||
		!str_copy(p->by, sizeof(p->by), by))
		return ERR_FORMAT;
	p->at = json_get_int(j, "at", 0);
	p->here = json_get_bool(j, "here");
	p->same = json_get_bool(j, "same");
	if (str_unhex(&bytes, sum) || bytes.len != SHA256_SIZE)
		err = ERR_FORMAT;
	else
		memcpy(p->list, bytes.data, SHA256_SIZE);
	buf_fini(&bytes);
	return err ? err : read_names(p, json_get(j, "trust"));
}

/* A file that cannot be understood is as good as none: both are written whole or not at all. */
static enum err load_publication(
	struct cluster *c, const char *name, struct publication *p, bool *there, struct fail *why)
{
	char *path = cluster_path(c, FOLDER, name);
	struct fail local = {0};
	struct buf text = {0};
	struct json *j = NULL;
	enum err err = path ? file_read(path, JSON_MAX, &text, &local) : ERR_NOMEM;

	*there = false;
	if (err == ERR_NOTFOUND) {
		err = ERR_OK;
	} else if (!err) {
		*there = json_parse(&j, buf_span(&text), NULL) == ERR_OK &&
			 read_publication(p, j) == ERR_OK;
	} else {
		fail_set(why, err, "%s", local.code ? local.text : err_text(err));
	}
	json_free(j);
	buf_fini(&text);
	mem_free(path);
	return err;
}

static bool there(const struct cluster *c, const char *name)
{
	char *path = cluster_path(c, FOLDER, name);
	bool yes = path && access(path, F_OK) == 0;

	mem_free(path);
	return yes;
}

static enum err load_present(struct cluster *c, struct stage_state *s, struct fail *why)
{
	struct fail local = {0};
	enum err err = cluster_ctl(c, &s->present.file, &local);

	if (err == ERR_NOTFOUND)
		return ERR_OK;
	if (err)
		return fail_set(why, err, "%s", local.text);
	s->present.there = true;
	err = stage_sum(buf_span(&s->present.file), s->present_sum, why);
	if (!err && tlv_parse(&s->present.list, buf_span(&s->present.file), &s->damaged))
		memset(&s->present.list, 0, sizeof(s->present.list));
	return err;
}

static enum err load_staged(struct cluster *c, struct stage_state *s, struct publication *half,
	bool *has_half, struct fail *why)
{
	char *path = cluster_path(c, FOLDER, STAGED_LIST);
	struct fail local = {0};
	uint8_t sum[SHA256_SIZE];
	bool has = false;
	enum err err =
		path ? load_publication(c, STAGED_FILE, &s->staged, &has, why) : no_memory(why);

	if (!err && has) {
		err = file_read(path, LIST_SIZE_MAX, &s->staged_list, &local);
		if (!err)
			err = stage_sum(buf_span(&s->staged_list), sum, why);
		else if (err == ERR_NOTFOUND || err == ERR_LIMIT)
			err = ERR_OK;
		else
			fail_set(why, err, "%s", local.text);
		s->has_staged =
			!err && s->staged_list.len && memcmp(sum, s->staged.list, SHA256_SIZE) == 0;
	}
	*has_half = has && !s->has_staged;
	if (*has_half)
		*half = s->staged;
	mem_free(path);
	return err;
}

enum err stage_load(struct cluster *c, struct stage_state *s, struct publication *half,
	bool *has_half, struct fail *why)
{
	enum err err;

	memset(s, 0, sizeof(*s));
	*has_half = false;
	err = load_present(c, s, why);
	if (!err)
		err = load_publication(c, LAST_FILE, &s->last, &s->has_last, why);
	if (!err)
		err = load_staged(c, s, half, has_half, why);
	s->ever = s->present.there || there(c, EVER_FILE);
	return err;
}

void stage_fini(struct stage_state *s)
{
	published_fini(&s->present);
	buf_fini(&s->staged_list);
}

/* --- writing --- */

static enum err write_file(
	struct cluster *c, const char *name, struct span content, struct fail *why)
{
	char *folder = cluster_path(c, FOLDER, NULL), *path = cluster_path(c, FOLDER, name);
	enum err err = folder && path ? file_mkdir(folder, 0755, why) : no_memory(why);

	if (!err)
		err = file_replace(path, content, 0644, FILE_SYNC, why);
	mem_free(folder);
	mem_free(path);
	return err;
}

static enum err write_publication(
	struct cluster *c, const char *name, const struct publication *p, struct fail *why)
{
	struct json *j = json_object_new(), *names = json_array_new();
	struct buf text = {0}, sum = {0};
	enum err err;
	size_t i;

	str_hex(&sum, span_of(p->list, SHA256_SIZE), STR_LOWER);
	buf_u8(&sum, 0);
	json_set_str(j, "id", p->id);
	json_set_str(j, "by", p->by);
	json_set_int(j, "at", p->at);
	json_set_bool(j, "here", p->here);
	json_set_bool(j, "same", p->same);
	json_set_str(j, "list", buf_check(&sum) ? "" : (const char *)sum.data);
	for (i = 0; i < p->trust_count; i++)
		json_append_take(names, json_string_new(p->trust[i]));
	json_set_take(j, "trust", names);
	err = buf_check(&sum) ? buf_check(&sum) : json_write(&text, j, true);
	if (err)
		fail_set(why, err, "%s", err_text(err));
	else
		err = write_file(c, name, buf_span(&text), why);
	json_free(j);
	buf_fini(&text);
	buf_fini(&sum);
	return err;
}

enum err stage_write_staged(
	struct cluster *c, const struct publication *p, struct span list, struct fail *why)
{
	/* First whose it is and what it will bring into the trust unit, so that it can be undone.
	 */
	enum err err = write_publication(c, STAGED_FILE, p, why);

	return err ? err : write_file(c, STAGED_LIST, list, why);
}

enum err stage_write_last(struct cluster *c, const struct publication *p, struct fail *why)
{
	return write_publication(c, LAST_FILE, p, why);
}

enum err stage_write_ever(struct cluster *c, struct fail *why)
{
	return there(c, EVER_FILE) ? ERR_OK : write_file(c, EVER_FILE, span_str("1\n"), why);
}

enum err stage_remove(struct cluster *c, const char *name, struct fail *why)
{
	char *path = cluster_path(c, FOLDER, name);
	enum err err = path ? file_remove(path, why) : no_memory(why);

	mem_free(path);
	return err;
}
