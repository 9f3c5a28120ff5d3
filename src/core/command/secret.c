/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/command.h"

#include "base/file.h"
#include "base/mem.h"
#include "crypto/start.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_MAX 256 /* bytes of a line that is a secret */

bool command_secret_fd(const char *option, char *out, size_t size)
{
	static const char suffix[] = "-file";
	size_t len = strlen(option), end = sizeof suffix - 1;

	if (len <= end || strcmp(option + len - end, suffix) != 0)
		return false;
	return (size_t)snprintf(out, size, "%.*s-fd", (int)(len - end), option) < size;
}

/* -1 for none. */
static int descriptor(const struct json *args, const char *option)
{
	char name[64];

	return command_secret_fd(option, name, sizeof name) ? (int)json_get_int(args, name, -1)
							    : -1;
}

bool command_secret_typed(const struct json *args, const char *option)
{
	return !json_get_str(args, option) && descriptor(args, option) < 0;
}

/* Byte by byte: what follows the line is the next secret's. `what` names the descriptor. */
static enum err read_line(int fd, const char *what, struct buf *secret, struct fail *why)
{
	char byte = 0;
	ssize_t got;

	do {
		got = read(fd, &byte, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got == 1 && byte != '\n' && byte != '\r')
			buf_u8(secret, (uint8_t)byte);
	} while ((got < 0 && errno == EINTR) ||
		 (got == 1 && byte != '\n' && secret->len <= SECRET_MAX));
	mem_wipe(&byte, sizeof byte);
	if (got < 0)
		return fail_set(why, ERR_IO, "%s cannot be read", what);
	if (secret->len > SECRET_MAX)
		return fail_set(
			why, ERR_LIMIT, "%s: more than %d bytes in a line", what, SECRET_MAX);
	if (secret->len == 0)
		return fail_set(why, ERR_ARG, "%s: there is no line left in it", what);
	return buf_check(secret);
}

static enum err from_descriptor(int fd, struct buf *secret, struct fail *why)
{
	char what[32];

	snprintf(what, sizeof what, "descriptor %d", fd);
	return read_line(fd, what, secret, why);
}

static enum err from_regular(const char *path, struct buf *secret, struct fail *why)
{
	enum err err = file_read(path, SECRET_MAX, secret, why);

	for (size_t i = 0; err == ERR_OK && i < secret->len; i++)
		if (secret->data[i] == '\n' || secret->data[i] == '\r') {
			mem_wipe(secret->data + i, secret->len - i);
			secret->len = i;
		}
	return err;
}

/* A pipe is how a shell gives what another program prints. */
static enum err from_file(const char *path, struct buf *secret, struct fail *why)
{
	struct stat st;
	enum err err;
	int fd;

	if (stat(path, &st) != 0 || !S_ISFIFO(st.st_mode))
		return from_regular(path, secret, why);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	err = fd < 0 ? fail_set(why, ERR_IO, "%s: cannot open", path)
		     : read_line(fd, path, secret, why);
	if (fd >= 0)
		close(fd);
	return err;
}

enum err command_secret(struct command_ctx *ctx, const struct json *args, const char *option,
	const char *prompt, struct buf *secret, struct fail *why)
{
	const char *path = json_get_str(args, option);
	int fd = descriptor(args, option);
	enum err err;

	crypto_hide();
	if (path && fd >= 0)
		err = fail_set(why, ERR_ARG, "give --%s or a descriptor, not both", option);
	else if (path)
		err = from_file(path, secret, why);
	else if (!ctx->ask)
		err = fail_set(why, ERR_ARG, "no terminal to ask for it: give --%s FILE", option);
	else if (fd >= 0)
		err = from_descriptor(fd, secret, why);
	else
		err = ctx->ask(prompt, secret, why);
	if (err != ERR_OK)
		return err;
	buf_u8(secret, 0);
	return buf_check(secret);
}

enum err command_secret_new(struct command_ctx *ctx, const struct json *args, const char *option,
	const char *prompt, struct buf *secret, struct fail *why)
{
	struct buf again = {0};
	enum err err = command_secret(ctx, args, option, prompt, secret, why);

	if (!err && command_secret_typed(args, option)) {
		err = command_secret(ctx, args, option, "The same again: ", &again, why);
		if (!err && !span_eq(buf_span(secret), buf_span(&again)))
			err = fail_set(why, ERR_ARG, "the two %s differ; nothing has changed",
				strstr(option, "pin-") ? "PINs" : "passphrases");
	}
	buf_wipe(&again);
	return err;
}
