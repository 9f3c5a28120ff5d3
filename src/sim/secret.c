/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/secret.h"

#include "base/file.h"
#include "base/mem.h"
#include "sim/capf.h"

#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#define LINE_MAX_BYTES 256

enum err sim_string_check(struct span digits, struct fail *why)
{
	bool good = digits.len > 0 && digits.len <= SIM_STRING_MAX;

	for (size_t i = 0; i < digits.len; i++)
		good = good && digits.ptr[i] >= '0' && digits.ptr[i] <= '9';
	return good ? ERR_OK
		    : fail_set(why, ERR_FORMAT, "an authentication string has 1 to %d digits",
			      SIM_STRING_MAX);
}

/* Drops everything from the end of the first line on. */
static void first_line(struct buf *b)
{
	size_t len = 0;

	while (len < b->len && b->data[len] != '\n' && b->data[len] != '\r')
		len++;
	mem_wipe(b->data + len, b->len - len);
	b->len = len;
}

static enum err read_input(struct buf *out, struct fail *why)
{
	char line[LINE_MAX_BYTES];
	enum err err = ERR_OK;

	if (fgets(line, sizeof(line), stdin))
		buf_str(out, line);
	else
		err = fail_set(why, ERR_SHORT, "standard input holds no authentication string");
	mem_wipe(line, sizeof(line));
	return err;
}

static enum err ask(struct buf *out, struct fail *why)
{
	struct termios before, quiet;
	enum err err;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &before))
		return fail_set(why, ERR_NOTNOW,
			"the authentication string is needed: --string-file FILE, or - for "
			"standard input");
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	/* Before the question: what is typed as an answer must not be flushed away. */
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	(void)fprintf(stderr, "Authentication String: ");
	err = read_input(out, why);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	(void)fputc('\n', stderr);
	return err;
}

enum err sim_string_read(struct buf *out, const char *path, struct fail *why)
{
	enum err err;

	if (!path)
		err = ask(out, why);
	else if (strcmp(path, "-") == 0)
		err = read_input(out, why);
	else
		err = file_read(path, LINE_MAX_BYTES, out, why);
	if (err == ERR_OK)
		err = buf_check(out);
	if (err == ERR_OK) {
		first_line(out);
		err = sim_string_check(buf_span(out), why);
	}
	if (err)
		buf_wipe(out);
	return err ? fail_set(why, err, "%s", err_text(err)) : ERR_OK;
}
