/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/dialogue.h"

#include "base/str.h"
#include "cli/cli.h"

#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#define WIDTH 78u
#define TICK  5 /* tenths of a second between two looks */

enum { KEY_CANCEL = 3, KEY_END = 4, KEY_RUBOUT = 8, KEY_KILL = 21, KEY_DELETE = 127 };

void dialogue_init(struct dialogue *d, bool json, bool yes)
{
	d->mute = json;
	d->yes = yes;
	d->asks = !json && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

void say(const struct dialogue *d, const char *fmt, ...)
{
	struct buf text = {0}, shown = {0};
	va_list args;

	if (d->mute)
		return;
	va_start(args, fmt);
	buf_vprintf(&text, fmt, args);
	va_end(args);
	for (size_t at = 0, len; at < text.len; at += len + 1) {
		const uint8_t *end = memchr(text.data + at, '\n', text.len - at);

		len = end ? (size_t)(end - text.data) - at : text.len - at;
		str_printable(&shown, span_of(text.data + at, len));
		if (end)
			buf_u8(&shown, '\n');
	}
	if (shown.len && buf_check(&text) == ERR_OK && buf_check(&shown) == ERR_OK)
		fwrite(shown.data, 1, shown.len, stdout);
	fflush(stdout);
	buf_fini(&text);
	buf_fini(&shown);
}

void say_heading(const struct dialogue *d, const char *fmt, ...)
{
	char text[128];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	say(d, "\n%s\n", text);
	while (len-- > 0)
		say(d, "-");
	say(d, "\n");
}

void say_wrapped(const struct dialogue *d, unsigned indent, const char *first, const char *text)
{
	unsigned column = (unsigned)strlen(first);
	bool begun = false;

	say(d, "%s", first);
	while (*text) {
		size_t len = strcspn(text, " \n");

		if (begun && column + 1 + len > WIDTH) {
			say(d, "\n%*s", (int)indent, "");
			column = indent;
			begun = false;
		}
		say(d, "%s%.*s", begun ? " " : "", (int)len, text);
		column += (unsigned)len + begun;
		begun = true;
		text += len + strspn(text + len, " \n");
	}
	say(d, "\n");
}

/* One key at a time, so that there is time to look at other things; also Ctrl-C, so that the
 * terminal is put back. */
static bool keys_alone(struct termios *was)
{
	struct termios now;

	if (tcgetattr(STDIN_FILENO, was) != 0)
		return false;
	now = *was;
	now.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
	now.c_cc[VMIN] = 0;
	now.c_cc[VTIME] = TICK;
	return tcsetattr(STDIN_FILENO, TCSADRAIN, &now) == 0;
}

/* False when the key ends nothing yet. */
static bool take_key(unsigned char key, char line[DIALOGUE_LINE], size_t *len)
{
	if (key == '\n' || key == '\r')
		return true;
	if (key == KEY_RUBOUT || key == KEY_DELETE) {
		if (*len) {
			--*len;
			fputs("\b \b", stdout);
		}
	} else if (key == KEY_KILL) {
		for (; *len; --*len)
			fputs("\b \b", stdout);
	} else if (key >= ' ' && *len + 1 < DIALOGUE_LINE) {
		line[(*len)++] = (char)key;
		putchar(key);
	}
	fflush(stdout);
	return false;
}

/* `line` has *typed characters already. */
static enum dialogue_answer read_keys(
	bool (*waiting)(void *ctx), void *ctx, char line[DIALOGUE_LINE], size_t *typed)
{
	for (;;) {
		unsigned char key;
		ssize_t got = read(STDIN_FILENO, &key, 1);

		/* A terminal that was hung up gives nothing, at once and for ever. */
		if (got < 0 || (got == 0 && !isatty(STDIN_FILENO)) ||
			(got == 1 && (key == KEY_CANCEL || (key == KEY_END && !*typed))))
			return DIALOGUE_LEFT;
		if (got == 0 && waiting && waiting(ctx))
			return DIALOGUE_AGAIN;
		if (got == 1 && take_key(key, line, typed)) {
			line[*typed] = 0;
			return DIALOGUE_LINE_READ;
		}
	}
}

enum dialogue_answer dialogue_ask(const struct dialogue *d, const char *question,
	const char *otherwise, bool (*waiting)(void *ctx), void *ctx, char line[DIALOGUE_LINE])
{
	enum dialogue_answer answer;
	struct termios was;
	size_t typed = 0;

	line[0] = 0;
	if (!d->asks)
		return DIALOGUE_LEFT;
	if (!keys_alone(&was))
		return DIALOGUE_LEFT;
	do {
		if (otherwise)
			say(d, "%s [%s]: ", question, otherwise);
		else
			say(d, "%s: ", question);
		fwrite(line, 1, typed, stdout);
		fflush(stdout);
		answer = waiting ? read_keys(waiting, ctx, line, &typed)
				 : read_keys(d->meanwhile, d->meanwhile_ctx, line, &typed);
	} while (!waiting && answer == DIALOGUE_AGAIN);
	(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &was);
	say(d, "\n");
	if (answer == DIALOGUE_LINE_READ && !line[0] && otherwise)
		snprintf(line, DIALOGUE_LINE, "%s", otherwise);
	return answer;
}

bool dialogue_agrees(const struct dialogue *d, const char *question)
{
	char line[DIALOGUE_LINE], text[DIALOGUE_LINE];

	if (d->yes)
		return true;
	snprintf(text, sizeof(text), "%s (yes/no)", question);
	while (dialogue_ask(d, text, NULL, NULL, NULL, line) == DIALOGUE_LINE_READ) {
		if (strcasecmp(line, "yes") == 0 || strcasecmp(line, "y") == 0)
			return true;
		if (strcasecmp(line, "no") == 0 || strcasecmp(line, "n") == 0)
			return false;
	}
	return false;
}

enum err dialogue_secret(const struct dialogue *d, const struct json *args, const char *option,
	const char *prompt, struct buf *secret, struct fail *why)
{
	struct command_ctx ctx = {.ask = terminal_ask_secret};

	if (!d->asks && command_secret_typed(args, option))
		return fail_set(
			why, ERR_ARG, "there is nobody to ask for it: give --%s FILE", option);
	return command_secret(&ctx, args, option, prompt, secret, why);
}
