/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/settings.h"
#include "base/file.h"
#include "base/str.h"

#include <ini.h>
#include <stdlib.h>

#define FILE_MAX 65536 /* bytes of a settings file */
#define PORT_MAX 65535

enum type { IS_TEXT, IS_NUMBER, IS_PORT, IS_PROFILE, IS_SWITCH };

static const struct row {
	const char *name, *def, *help;
	size_t offset;
	enum type type;
	long low, high;
} rows[] = {
#define SETTING(name, type, def, low, high, help)                                                  \
	{#name, def, help, offsetof(struct settings, name), IS_##type, low, high},
#include "base/settings.def"
#undef SETTING
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const char all_names[] =
#define SETTING(name, type, def, low, high, help) " " #name
#include "base/settings.def"
#undef SETTING
	;

struct reader {
	struct span left;
	unsigned line, first_line[ROWS];
	struct settings *s;
	struct fail *why;
	enum err err;
};

static bool is_text(const struct row *row)
{
	return row->type == IS_TEXT || row->type == IS_PROFILE;
}

static char *text_of(struct settings *s, const struct row *row)
{
	return (char *)s + row->offset;
}

static long *number_of(struct settings *s, const struct row *row)
{
	return (long *)(void *)((char *)s + row->offset);
}

static const struct row *find(const char *name)
{
	size_t i;

	for (i = 0; i < ROWS; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

/* Checks `value` by the row and stores it. */
static enum err set(struct settings *s, const struct row *row, const char *value, struct fail *why)
{
	if (row->type == IS_SWITCH) {
		if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
			return fail_set(why, ERR_FORMAT,
				"%s: \"%.40s\" is neither yes nor no; default is %s", row->name,
				value, row->def);
		*number_of(s, row) = strcmp(value, "yes") == 0;
		return ERR_OK;
	}
	if (!is_text(row)) {
		if (str_number(value, row->low, row->high, number_of(s, row)))
			return fail_set(why, ERR_FORMAT,
				"%s: \"%.40s\" is no number from %ld to %ld; default is %s",
				row->name, value, row->low, row->high, row->def);
		return ERR_OK;
	}
	if (row->type == IS_PROFILE && strcmp(value, "modern") != 0 && strcmp(value, "legacy") != 0)
		return fail_set(why, ERR_FORMAT,
			"%s: \"%.40s\" is no profile; use modern or legacy", row->name, value);
	if (!*value)
		return fail_set(why, ERR_FORMAT,
			"%s: has no value; give one or remove the line (default is %s)", row->name,
			row->def);
	if (!str_copy(text_of(s, row), SETTINGS_TEXT_SIZE, value))
		return fail_set(why, ERR_FORMAT, "%s: too long; use at most %d characters",
			row->name, SETTINGS_TEXT_SIZE - 1);
	return ERR_OK;
}

void settings_defaults(struct settings *s)
{
	size_t i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < ROWS; i++) {
		if (is_text(&rows[i]))
			str_copy(text_of(s, &rows[i]), SETTINGS_TEXT_SIZE, rows[i].def);
		else if (rows[i].type == IS_SWITCH)
			*number_of(s, &rows[i]) = strcmp(rows[i].def, "yes") == 0;
		else
			*number_of(s, &rows[i]) = strtol(rows[i].def, NULL, 10);
	}
}

static void fail_line(struct reader *r, const char *text)
{
	if (!r->err)
		r->err = fail_set(r->why, ERR_FORMAT, "%s", text);
}

/* inih's source of lines. Counting here tells the handler which line it is at. */
static char *next_line(char *out, int size, void *user)
{
	struct reader *r = user;
	const uint8_t *end;
	size_t len, i;

	if (r->err || !r->left.len)
		return NULL;
	r->line++;
	end = memchr(r->left.ptr, '\n', r->left.len);
	len = end ? (size_t)(end - r->left.ptr) : r->left.len;
	if (len >= (size_t)size) {
		fail_line(r, "line is too long; shorten it");
		return NULL;
	}
	for (i = 0; i < len; i++) {
		if (r->left.ptr[i] < 0x20 && r->left.ptr[i] != '\t' && r->left.ptr[i] != '\r') {
			fail_line(r, "line has a control character; remove it");
			return NULL;
		}
	}
	memcpy(out, r->left.ptr, len);
	out[len] = '\0';
	/* inih would take it as the continuation of the setting before. */
	if (strchr(" \t", *out) && !strchr("\r;#", out[strspn(out, " \t")])) {
		fail_line(r, "line begins with a blank; remove the blank");
		return NULL;
	}
	len += end ? 1 : 0;
	r->left = span_of(r->left.ptr + len, r->left.len - len);
	return out;
}

static int on_setting(void *user, const char *section, const char *name, const char *value)
{
	struct reader *r = user;
	const struct row *row = find(name);
	unsigned *first = row ? &r->first_line[row - rows] : NULL;

	if (r->err)
		return 0;
	if (*section)
		r->err = fail_set(r->why, ERR_FORMAT,
			"%.40s: stands under [%.40s]; remove that line, there are no sections",
			name, section);
	else if (!row)
		r->err = fail_set(r->why, ERR_FORMAT,
			"%.40s: no such setting; correct or remove it. Settings are:%s", name,
			all_names);
	else if (*first)
		r->err = fail_set(r->why, ERR_FORMAT,
			"%s: set before in line %u; remove one of them", name, *first);
	else
		r->err = set(r->s, row, value, r->why);
	if (first)
		*first = r->line;
	return r->err == ERR_OK;
}

enum err settings_check_ports(const struct settings *s, struct fail *why)
{
	struct settings copy = *s;
	size_t i;

	for (i = 0; i < ROWS; i++) {
		long port = *number_of(&copy, &rows[i]);

		if (rows[i].type == IS_PORT && settings_port(s, port) > PORT_MAX)
			return fail_set(why, ERR_FORMAT,
				"%s: %ld with port_base %ld added is above %d; lower one of them",
				rows[i].name, port, s->port_base, PORT_MAX);
	}
	return ERR_OK;
}

enum err settings_read(struct settings *s, const char *path, struct fail *why)
{
	struct settings read;
	struct buf text = {0};
	struct reader r = {.s = &read, .why = why};
	int bad_line;
	enum err err;

	settings_defaults(s);
	settings_defaults(&read);
	err = file_read(path, FILE_MAX, &text, why);
	if (err)
		goto out;
	r.left = buf_span(&text);
	bad_line = ini_parse_stream(next_line, &r, on_setting, &r);
	if (r.err || bad_line) {
		if (!r.err)
			fail_line(&r, "line is not of the form: name = value");
		else
			bad_line = (int)r.line;
		fail_prefix(why, "%s line %d", path, bad_line);
		err = r.err;
		goto out;
	}
	err = settings_check_ports(&read, why);
	if (err)
		fail_prefix(why, "%s", path);
	else
		*s = read;
out:
	buf_fini(&text);
	return err;
}

/* Whether the file's syntax gives this text back when read. */
static bool survives(const char *text)
{
	const char *p;

	if (!*text || *text == ' ' || *text == ';')
		return false;
	for (p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || (*p == ' ' && (p[1] == ';' || !p[1])))
			return false;
	return true;
}

void settings_write(const struct settings *s, struct buf *out)
{
	struct settings copy = *s;
	const struct row *row;
	size_t i;

	for (i = 0; i < ROWS; i++) {
		row = &rows[i];
		buf_printf(out, "# %s", row->help);
		if (row->type == IS_SWITCH)
			buf_str(out, " (yes or no)");
		else if (!is_text(row))
			buf_printf(out, " (%ld to %ld)", row->low, row->high);
		buf_printf(out, "\n%s = ", row->name);
		if (is_text(row) && !survives(text_of(&copy, row)) && !out->err)
			out->err = ERR_FORMAT;
		if (is_text(row))
			buf_str(out, text_of(&copy, row));
		else if (row->type == IS_SWITCH)
			buf_str(out, *number_of(&copy, row) ? "yes" : "no");
		else
			buf_printf(out, "%ld", *number_of(&copy, row));
		buf_u8(out, '\n');
	}
}
