/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/audit/line.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>

#define PARAM_END "AuditEnd" /* "<number> <digest>" of the last line */

/* Above this a torn line is not mended by writing the file anew. */
#define REWRITE_MAX (256u * 1024 * 1024)

static enum err no_memory(struct fail *why)
{
	return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
}

enum err audit_lock(const struct cluster *c, int *lock, struct fail *why)
{
	char *folder = cluster_path(c, "audit", NULL);
	char *path = cluster_path(c, "audit", "audit.lock");
	enum err err = folder && path ? file_mkdir(folder, 0700, why) : no_memory(why);

	*lock = -1;
	if (!err)
		*lock = file_lock(path, why);
	if (!err && *lock < 0)
		err = (enum err) * lock;
	mem_free(folder);
	mem_free(path);
	return err;
}

void audit_unlock(int lock)
{
	file_unlock(lock);
}

enum err audit_end_get(struct cluster *c, struct audit_end *out, struct fail *why)
{
	char text[STORE_TEXT];
	struct fail what = {0};
	enum err err = store_param_get(cluster_get_store(c), PARAM_END, text, &what);
	long long number;
	int used = 0;

	*out = audit_begin();
	if (err == ERR_NOTFOUND)
		return ERR_OK;
	if (err)
		return fail_set(why, err, "%s", what.text);
	if (sscanf(text, "%18lld %64[0-9a-f]%n", &number, out->digest, &used) != 2 ||
		text[used] != '\0' || number < 1 || strlen(out->digest) != AUDIT_DIGEST_HEX - 1)
		return fail_set(why, ERR_VERIFY, "store, %s: not readable", PARAM_END);
	out->number = number;
	return ERR_OK;
}

static enum err set_end(struct cluster *c, const struct audit_end *end, struct fail *why)
{
	char text[STORE_TEXT];

	snprintf(text, sizeof(text), "%lld %s", (long long)end->number, end->digest);
	return store_param_set(cluster_get_store(c), PARAM_END, text, why);
}

/* A power cut left half a line, which nobody was told was written: it goes. */
static enum err drop_torn(const char *path, struct fail *why)
{
	struct buf all = {0};
	enum err err = file_read(path, REWRITE_MAX, &all, why);

	while (all.len && all.data[all.len - 1] != '\n')
		all.len--;
	if (!err)
		err = file_replace(path, buf_span(&all), 0600, FILE_SYNC, why);
	buf_fini(&all);
	return err;
}

/* Where the next line belongs. One line that fits but that the store does not know was written by
 * somebody who was killed before he could tell: it counts. Anything else that the file holds is
 * left to audit_verify: the chain goes on from what the store knows. */
static enum err find_end(
	struct cluster *c, const char *path, struct audit_end *end, struct fail *why)
{
	struct audit_line line = {0};
	struct fail what = {0};
	struct buf text = {0};
	bool torn = false, fits = false;
	enum err err = audit_end_get(c, end, why);

	if (!err)
		err = audit_last_line(c, &text, &torn, why);
	if (!err && torn)
		err = drop_torn(path, why);
	if (!err && text.len) {
		err = audit_line_read(&line, buf_span(&text), &what);
		fits = !err && audit_line_follows(&line, end);
		if (fits)
			*end = line.end;
		audit_line_fini(&line);
		err = err == ERR_FORMAT ? ERR_OK : err ? fail_set(why, err, "%s", what.text) : err;
	}
	if (fits)
		err = set_end(c, end, why);
	buf_fini(&text);
	return err;
}

static enum err append(
	struct cluster *c, const char *path, const struct audit_entry *e, struct fail *why)
{
	struct audit_line line = {0};
	struct buf text = {0};
	struct audit_end end;
	enum err err = find_end(c, path, &end, why);

	if (!err)
		err = audit_line_write(&text, &end, clock_seconds(cluster_get_clock(c)), e, why);
	if (!err)
		err = audit_line_read(&line, buf_span(&text), why);
	if (!err)
		err = file_append_sync(path, buf_span(&text), 0600, why);
	if (!err)
		err = set_end(c, &line.end, why);
	audit_line_fini(&line);
	buf_fini(&text);
	return err;
}

enum err audit_append(struct cluster *c, const struct audit_entry *e, struct fail *why)
{
	char *path = cluster_path(c, "audit", "audit.log");
	int lock = -1;
	enum err err = path ? audit_lock(c, &lock, why) : no_memory(why);

	if (!err)
		err = append(c, path, e, why);
	audit_unlock(lock);
	mem_free(path);
	return err;
}
