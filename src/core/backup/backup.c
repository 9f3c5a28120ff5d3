/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/backup/backup_priv.h"

#include "base/file.h"
#include "base/str.h"
#include "core/backup/envelope.h"

#include <stdio.h>

/* What seals the largest archive. */
#define FILE_LIMIT (BACKUP_SIZE_MAX + BACKUP_SIZE_MAX / 1024)

/* --- making --- */

static enum err check_passphrase(struct span passphrase, struct fail *why)
{
	if (passphrase.len < BACKUP_PASSPHRASE_MIN || passphrase.len > PASSWORD_MAX)
		return fail_set(why, ERR_ARG,
			"a passphrase has %u to %u characters: it is all that protects the keys",
			BACKUP_PASSPHRASE_MIN, PASSWORD_MAX);
	return ERR_OK;
}

enum err backup_check_store(const struct settings *s, struct fail *why)
{
	if (strcmp(s->store, "sqlite:" BACKUP_STORE) == 0)
		return ERR_OK;
	return fail_set(why, ERR_UNSUPPORTED,
		"setting store: only a store that is " BACKUP_STORE
		" in the state folder is saved and restored; save the database by its own means, "
		"and the state folder with them");
}

/* What was written is what will be read one day. */
static enum err read_back(
	const char *path, struct span passphrase, struct span archive, struct fail *why)
{
	struct backup_head head;
	struct buf again = {0};
	enum err err = backup_read(path, passphrase, &head, &again, why);

	if (!err && !span_eq(buf_span(&again), archive))
		err = fail_set(why, ERR_IO, "%s: what was written cannot be read back", path);
	buf_wipe(&again);
	return err;
}

enum err backup_create(struct cluster *c, const char *path, struct span passphrase,
	struct backup_made *out, struct fail *why)
{
	const struct settings *s = cluster_get_settings(c);
	struct backup_head head = {.time = clock_seconds(cluster_get_clock(c))};
	struct buf archive = {0}, file = {0};
	enum err err = backup_check_store(s, why);

	if (!err)
		err = check_passphrase(passphrase, why);
	memset(out, 0, sizeof(*out));
	if (!err && (!str_copy(head.node, sizeof(head.node), s->node) ||
			    !str_copy(head.address, sizeof(head.address), s->address)))
		err = fail_set(why, ERR_LIMIT, "node name or address is too long");
	if (!err)
		err = backup_collect(c, &archive, &out->files, why);
	if (!err)
		err = envelope_seal(&file, &head, buf_span(&archive), passphrase, why);
	if (!err)
		err = file_create(path, buf_span(&file), 0600, why);
	if (!err)
		err = read_back(path, passphrase, buf_span(&archive), why);
	if (!err)
		err = backup_remember(c, head.time, why);
	out->time = head.time;
	out->bytes = file.len;
	buf_wipe(&archive);
	buf_fini(&file);
	return err;
}

/* --- reading --- */

enum err backup_read_head(const char *path, struct backup_head *out, struct fail *why)
{
	struct buf file = {0};
	size_t size;
	enum err err = file_read(path, FILE_LIMIT, &file, why);

	if (!err) {
		err = envelope_head(buf_span(&file), out, &size, why);
		if (err)
			fail_prefix(why, "%s", path);
	}
	buf_fini(&file);
	return err;
}

enum err backup_read(const char *path, struct span passphrase, struct backup_head *head,
	struct buf *archive, struct fail *why)
{
	struct buf file = {0};
	enum err err = file_read(path, FILE_LIMIT, &file, why);

	if (!err) {
		err = envelope_open(buf_span(&file), head, passphrase, archive, why);
		if (err)
			fail_prefix(why, "%s", path);
	}
	buf_fini(&file);
	return err;
}

enum err backup_each(struct span archive,
	enum err (*each)(void *ctx, const struct backup_file *f, struct fail *why), void *ctx,
	struct fail *why)
{
	struct tar_reader r;
	struct tar_entry e;
	enum err err = ERR_OK;

	tar_reader_init(&r, archive);
	while (!err && tar_next(&r, &e, &err, why)) {
		struct backup_file f = {.name = e.name, .time = e.time, .content = e.content};

		if (!backup_holds(e.name, e.folder))
			err = fail_set(why, ERR_FORMAT,
				"archive: %s does not belong into a state folder", e.name);
		else if (!e.folder)
			err = each(ctx, &f, why);
	}
	return err;
}
