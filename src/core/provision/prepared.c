/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/provision/prepared.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "crypto/digest.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

/* "CADEADO1", fingerprint, SHA-256 of what follows, length of the signed file, both files. */
#define MAGIC      "CADEADO1"
#define MAGIC_LEN  8u
#define SUM_AT     (MAGIC_LEN + PREPARED_PRINT)
#define REST_AT    (SUM_AT + 32u)
#define LENGTH_LEN 4u
#define HEAD_LEN   (REST_AT + LENGTH_LEN)

#define GENERATION 48 /* bytes of the name of a snapshot's folder, with NUL */

/* Key and mode: what a start of TFTP puts in force for all phones. */
static enum err generation(struct cluster *c, char out[GENERATION], struct fail *why)
{
	bool secured;
	enum err err = cluster_secured(c, &secured, why);

	if (!err)
		snprintf(out, GENERATION, "%s-%s", file_key_id(cluster_file_key(c)),
			secured ? "mixed" : "open");
	return err;
}

enum err prepared_init(struct prepared *p, struct cluster *c, const char *device)
{
	char name[GENERATION], *folder, *below = NULL;
	enum err err = generation(c, name, NULL);

	memset(p, 0, sizeof(*p));
	if (err)
		return err;
	folder = cluster_path(c, PREPARED_FOLDER, name);
	if (folder)
		below = file_join(folder, device);
	mem_free(folder);
	p->path = below;
	return below ? ERR_OK : ERR_NOMEM;
}

void prepared_fini(struct prepared *p)
{
	mem_free(p->path);
	memset(p, 0, sizeof(*p));
}

/* Length of the signed file within a whole and undamaged one. */
static enum err check(const struct prepared *p, bool any_print, struct span file, size_t *length)
{
	uint8_t sum[DIGEST_MAX];
	const uint8_t *n = file.ptr + REST_AT;

	if (file.len < HEAD_LEN || memcmp(file.ptr, MAGIC, MAGIC_LEN) != 0 ||
		(!any_print && memcmp(file.ptr + MAGIC_LEN, p->print, PREPARED_PRINT) != 0))
		return ERR_NOTFOUND;
	digest_one(DIGEST_SHA256, span_of(file.ptr + REST_AT, file.len - REST_AT), sum);
	*length = (size_t)n[0] << 24 | (size_t)n[1] << 16 | (size_t)n[2] << 8 | n[3];
	if (memcmp(file.ptr + SUM_AT, sum, 32) != 0 || *length > file.len - HEAD_LEN)
		return ERR_NOTFOUND;
	return ERR_OK;
}

enum err prepared_read(const struct prepared *p, bool encrypted, bool any_print, struct buf *out)
{
	struct buf file = {0};
	struct span rest;
	size_t length;
	enum err err = file_read(p->path, PREPARED_MAX, &file, NULL);

	if (!err)
		err = check(p, any_print, buf_span(&file), &length);
	if (!err) {
		rest = span_of(file.data + HEAD_LEN, file.len - HEAD_LEN);
		if (encrypted)
			rest = span_of(rest.ptr + length, rest.len - length);
		else
			rest.len = length;
		if (!rest.len)
			err = ERR_NOTFOUND;
		else
			buf_put(out, rest);
	}
	if (!err)
		err = buf_check(out);
	buf_fini(&file);
	return err == ERR_NOMEM ? err : err ? ERR_NOTFOUND : ERR_OK;
}

bool prepared_is_there(const struct prepared *p)
{
	struct buf file = {0};
	size_t length;
	bool there = file_read(p->path, PREPARED_MAX, &file, NULL) == ERR_OK &&
		     check(p, false, buf_span(&file), &length) == ERR_OK;

	buf_fini(&file);
	return there;
}

/* A signature is no secret, but who has a phone is nobody's business: 0600. Not synced: what a
 * power cut spoils is noticed and made again. */
static enum err write_file(const struct prepared *p, struct span content, struct fail *why)
{
	struct fail local = {0};
	char *folder, *slash;
	enum err err = file_replace(p->path, content, 0600, FILE_NOSYNC, &local);

	if (!err)
		return err;
	folder = mem_strdup(p->path);
	slash = folder ? strrchr(folder, '/') : NULL;
	if (slash) {
		*slash = '\0';
		if (file_mkdir(folder, 0700, NULL) == ERR_OK) {
			fail_clear(&local);
			err = file_replace(p->path, content, 0600, FILE_NOSYNC, &local);
		}
	}
	mem_free(folder);
	return err ? fail_set(why, err, "%s", local.text) : ERR_OK;
}

enum err prepared_write(const struct prepared *p, struct span signed_file,
	struct span encrypted_file, struct fail *why)
{
	uint8_t sum[DIGEST_MAX];
	struct buf file = {0};
	enum err err;

	buf_put(&file, span_str(MAGIC));
	buf_put(&file, span_of(p->print, PREPARED_PRINT));
	buf_fill(&file, 0, REST_AT - SUM_AT);
	buf_be32(&file, (uint32_t)signed_file.len);
	buf_put(&file, signed_file);
	buf_put(&file, encrypted_file);
	err = buf_check(&file);
	if (!err) {
		digest_one(DIGEST_SHA256, span_of(file.data + REST_AT, file.len - REST_AT), sum);
		memcpy(file.data + SUM_AT, sum, REST_AT - SUM_AT);
		err = write_file(p, buf_span(&file), why);
	} else {
		fail_set(why, err, "%s", err_text(err));
	}
	buf_fini(&file);
	return err;
}

/* --- what is not needed any more --- */

static enum err purge_devices(const char *folder, bool (*known)(void *ctx, const char *device),
	void *ctx, size_t *gone, struct fail *why)
{
	struct dirent *entry;
	enum err err = ERR_OK;
	DIR *dir = opendir(folder);
	char *path;

	while (dir && !err && (entry = readdir(dir))) {
		/* What begins with a dot is being written. */
		if (entry->d_name[0] == '.' || known(ctx, entry->d_name))
			continue;
		path = file_join(folder, entry->d_name);
		err = path ? file_remove(path, why) : ERR_NOMEM;
		mem_free(path);
		*gone += !err;
	}
	if (dir)
		closedir(dir);
	return err;
}

struct other {
	char name[GENERATION];
	struct timespec changed;
};

static bool newer(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

/* All but the present snapshot's folder and the newest of the others, which a running daemon may
 * work with until its next start of TFTP. */
static enum err purge_snapshots(const char *folder, const char *present, struct fail *why)
{
	struct other kept = {0};
	struct dirent *entry;
	enum err err = ERR_OK;
	struct stat st;
	int round;

	for (round = 0; round < 2 && !err; round++) {
		DIR *dir = opendir(folder);

		while (dir && !err && (entry = readdir(dir))) {
			char *path;

			if (entry->d_name[0] == '.' || strcmp(entry->d_name, present) == 0 ||
				strlen(entry->d_name) >= GENERATION)
				continue;
			path = file_join(folder, entry->d_name);
			if (!path)
				err = ERR_NOMEM;
			else if (round == 1 && strcmp(entry->d_name, kept.name) != 0)
				err = file_remove_tree(path, why);
			else if (round == 0 && stat(path, &st) == 0 &&
				 (!kept.name[0] || newer(&st.st_mtim, &kept.changed))) {
				str_copy(kept.name, sizeof(kept.name), entry->d_name);
				kept.changed = st.st_mtim;
			}
			mem_free(path);
		}
		if (dir)
			closedir(dir);
	}
	return err;
}

enum err prepared_purge(struct cluster *c, bool (*known)(void *ctx, const char *device), void *ctx,
	size_t *gone, struct fail *why)
{
	char name[GENERATION];
	char *folder = cluster_path(c, PREPARED_FOLDER, NULL), *present = NULL;
	enum err err = generation(c, name, why);

	*gone = 0;
	if (!err && folder)
		present = file_join(folder, name);
	if (!err && !present)
		err = fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	if (!err)
		err = purge_devices(present, known, ctx, gone, why);
	if (!err)
		err = purge_snapshots(folder, name, why);
	mem_free(present);
	mem_free(folder);
	return err;
}
