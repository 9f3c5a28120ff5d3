/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/secret_file.h"

#include "base/file.h"

#include <string.h>
#include <sys/stat.h>

enum err secret_file_read(const char *path, struct buf *out, struct fail *why)
{
	struct stat st;
	struct buf text = {0};
	const uint8_t *end;
	enum err err = file_read(path, SECRET_FILE_MAX, &text, why);

	if (!err && (stat(path, &st) != 0 || (st.st_mode & 077)))
		err = fail_set(why, ERR_DENIED, "%.120s: others can read it; chmod 600 %.120s",
			path, path);
	if (!err) {
		end = text.len ? memchr(text.data, '\n', text.len) : NULL;
		if (end)
			text.len = (size_t)(end - text.data);
		if (text.len && text.data[text.len - 1] == '\r')
			text.len--;
		if (!text.len || memchr(text.data, '\0', text.len))
			err = fail_set(
				why, ERR_FORMAT, "%.120s: no secret in its first line", path);
	}
	if (!err) {
		buf_put(out, buf_span(&text));
		buf_u8(out, 0);
		err = buf_check(out);
	}
	/* What follows the line may be secret, too. */
	buf_wipe(&text);
	return err;
}
