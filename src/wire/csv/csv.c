/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/csv/csv.h"

#include <string.h>

void csv_init(struct csv *c, struct span text)
{
	static const uint8_t mark[] = {0xEF, 0xBB, 0xBF};

	memset(c, 0, sizeof(*c));
	if (text.len >= sizeof(mark) && memcmp(text.ptr, mark, sizeof(mark)) == 0)
		text = span_of(text.ptr + sizeof(mark), text.len - sizeof(mark));
	c->left = text;
}

void csv_fini(struct csv *c)
{
	buf_wipe(&c->text);
	memset(c, 0, sizeof(*c));
}

static int peek(const struct csv *c)
{
	return c->left.len ? c->left.ptr[0] : -1;
}

static void step(struct csv *c)
{
	c->left = span_of(c->left.ptr + 1, c->left.len - 1);
}

/* LF, or CR and LF: passed over, and true. */
static bool line_ends(struct csv *c)
{
	if (peek(c) == '\r' && c->left.len > 1 && c->left.ptr[1] == '\n')
		step(c);
	if (peek(c) != '\n')
		return false;
	step(c);
	c->lines++;
	return true;
}

static enum err take(struct csv *c, struct fail *why)
{
	int byte = peek(c);

	if ((byte < 0x20 && byte != '\t') || byte == 0x7F)
		return fail_set(why, ERR_FORMAT, "line %u: control characters are not allowed",
			c->lines + 1);
	if (c->text.len >= CSV_RECORD_MAX)
		return fail_set(
			why, ERR_LIMIT, "line %u: more than %u bytes", c->line, CSV_RECORD_MAX);
	buf_u8(&c->text, (uint8_t)byte);
	step(c);
	return ERR_OK;
}

static enum err take_quoted(struct csv *c, struct fail *why)
{
	enum err err = ERR_OK;

	step(c);
	while (!err) {
		if (peek(c) < 0)
			return fail_set(why, ERR_FORMAT, "line %u: a quote is not closed", c->line);
		if (peek(c) == '"') {
			step(c);
			if (peek(c) != '"')
				break;
		} else if (line_ends(c)) {
			/* None of the fields has lines; a blank keeps the words apart. */
			buf_u8(&c->text, ' ');
			continue;
		}
		err = take(c, why);
	}
	if (!err && peek(c) >= 0 && peek(c) != ',' && peek(c) != '\r' && peek(c) != '\n')
		err = fail_set(
			why, ERR_FORMAT, "line %u: text behind a closing quote", c->lines + 1);
	return err;
}

static enum err take_bare(struct csv *c, struct fail *why)
{
	enum err err = ERR_OK;

	while (!err && peek(c) >= 0 && peek(c) != ',' && peek(c) != '\r' && peek(c) != '\n') {
		if (peek(c) == '"')
			return fail_set(why, ERR_FORMAT,
				"line %u: a quote inside a field that does not begin with one",
				c->lines + 1);
		err = take(c, why);
	}
	return err;
}

enum err csv_next(struct csv *c, struct fail *why)
{
	enum err err = ERR_OK;

	buf_clear(&c->text);
	c->count = 0;
	while (line_ends(c))
		continue;
	c->line = c->lines + 1;
	if (peek(c) < 0)
		return ERR_NOTFOUND;
	for (;;) {
		if (c->count == CSV_FIELDS_MAX)
			return fail_set(why, ERR_LIMIT, "line %u: more than %u fields", c->line,
				CSV_FIELDS_MAX);
		c->at[c->count++] = c->text.len;
		err = peek(c) == '"' ? take_quoted(c, why) : take_bare(c, why);
		if (err)
			return err;
		buf_u8(&c->text, 0);
		if (peek(c) == ',') {
			step(c);
			continue;
		}
		if (peek(c) < 0 || line_ends(c))
			break;
		/* A CR alone. */
		return fail_set(why, ERR_FORMAT, "line %u: control characters are not allowed",
			c->lines + 1);
	}
	return buf_check(&c->text) ? fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM)) : ERR_OK;
}

const char *csv_field(const struct csv *c, size_t i)
{
	return i < c->count ? (const char *)c->text.data + c->at[i] : "";
}

void csv_put(struct buf *out, const char *text, bool first)
{
	bool quoted = strpbrk(text, ",\"\r\n") || *text == ' ';

	if (!first)
		buf_u8(out, ',');
	if (quoted)
		buf_u8(out, '"');
	for (; *text; text++) {
		if (*text == '"')
			buf_u8(out, '"');
		buf_u8(out, (uint8_t)*text);
	}
	if (quoted)
		buf_u8(out, '"');
}

void csv_end(struct buf *out)
{
	buf_str(out, "\r\n");
}
