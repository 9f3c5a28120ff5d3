/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/known.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>

static enum err read_line(const char *text, const char *host, int port,
	uint8_t fingerprint[CLIENT_CTL_FINGERPRINT], bool *same)
{
	char name[CLIENT_CTL_HOST], hex[CLIENT_CTL_FINGERPRINT_TEXT];
	long number = 0;
	char digits[8];

	*same = false;
	if (text[strspn(text, " \t")] == '#' || text[strspn(text, " \t\r")] == 0)
		return ERR_OK;
	if (sscanf(text, "%255s %7s %95s", name, digits, hex) != 3 ||
		str_number(digits, 1, 65535, &number) ||
		client_ctl_fingerprint_parse(hex, fingerprint))
		return ERR_FORMAT;
	*same = str_ieq(name, host) && number == port;
	return ERR_OK;
}

enum err client_known_find(const char *path, const char *host, int port,
	uint8_t fingerprint[CLIENT_CTL_FINGERPRINT], size_t *line, struct fail *why)
{
	struct buf file = {0};
	struct fail local = {0};
	char *text, *next;
	bool same = false;
	enum err err = file_read(path, CLIENT_KNOWN_MAX, &file, &local);

	if (err && err != ERR_NOTFOUND)
		fail_set(why, err, "%s", local.text);
	buf_u8(&file, 0);
	if (!err && buf_check(&file))
		err = fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	text = err ? NULL : (char *)file.data;
	for (*line = 1; text && !same && !err; ++*line, text = next) {
		next = strchr(text, '\n');
		if (next)
			*next++ = 0;
		err = read_line(text, host, port, fingerprint, &same);
		if (err)
			fail_set(why, err,
				"%s: line %zu is not \"host port fingerprint\"; mend or remove it",
				path, *line);
		if (same)
			break;
	}
	buf_fini(&file);
	return err ? err : same ? ERR_OK : ERR_NOTFOUND;
}

static enum err add(const char *path, const char *host, int port,
	const uint8_t fingerprint[CLIENT_CTL_FINGERPRINT], struct fail *why)
{
	char text[CLIENT_CTL_FINGERPRINT_TEXT];
	struct buf file = {0};
	struct fail local = {0};
	enum err err = file_read(path, CLIENT_KNOWN_MAX, &file, &local);

	if (err && err != ERR_NOTFOUND) {
		fail_set(why, err, "%s", local.text);
	} else {
		client_ctl_fingerprint_print(fingerprint, text);
		if (file.len && file.data[file.len - 1] != '\n')
			buf_str(&file, "\n");
		buf_printf(&file, "%s %d %s\n", host, port, text);
		err = buf_check(&file);
		if (err)
			fail_set(why, err, "%s", err_text(err));
		else
			err = file_replace(path, buf_span(&file), 0600, FILE_SYNC, why);
	}
	buf_fini(&file);
	return err;
}

enum err client_known_add(const char *path, const char *host, int port,
	const uint8_t fingerprint[CLIENT_CTL_FINGERPRINT], struct fail *why)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash && slash > path ? mem_strndup(path, (size_t)(slash - path)) : NULL;
	char *lock_path = mem_new(strlen(path) + sizeof(".lock"));
	int lock = -1;
	enum err err = lock_path && (folder || !slash || slash == path)
			       ? ERR_OK
			       : fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));

	if (!err && folder)
		err = file_mkdir(folder, 0700, why);
	if (!err) {
		snprintf(lock_path, strlen(path) + sizeof(".lock"), "%s.lock", path);
		lock = file_lock(lock_path, why);
		err = lock < 0 ? (enum err)lock : ERR_OK;
	}
	if (!err)
		err = add(path, host, port, fingerprint, why);
	file_unlock(lock);
	mem_free(lock_path);
	mem_free(folder);
	return err;
}
