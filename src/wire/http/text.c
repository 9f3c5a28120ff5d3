/* SPDX-License-Identifier: BSD-2-Clause
 * What stands inside a head: paths, names and passwords, tags. */
#include "base/str.h"
#include "wire/http/priv.h"

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum err bad_path(struct fail *why, size_t where, const char *text)
{
	return fail_at(why, ERR_FORMAT, where, "path: %s", text);
}

static bool component_good(const uint8_t *at, size_t len)
{
	return len && !(len == 1 && at[0] == '.') && !(len == 2 && at[0] == '.' && at[1] == '.');
}

/* Of the decoded path; one slash may stand at the end. */
static bool components_good(struct span path)
{
	size_t i, start = 1;

	for (i = 1; i < path.len; i++) {
		if (path.ptr[i] != '/')
			continue;
		if (!component_good(path.ptr + start, i - start))
			return false;
		start = i + 1;
	}
	return start == path.len || component_good(path.ptr + start, path.len - start);
}

/* str_printable leaves valid UTF-8 without control characters as it is; a backslash too. */
static enum err check_text(struct span path, struct fail *why)
{
	struct buf shown = {0};
	bool good;

	str_printable(&shown, path);
	if (buf_check(&shown)) {
		buf_fini(&shown);
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	}
	good = span_eq(buf_span(&shown), path);
	buf_fini(&shown);
	return good ? ERR_OK : bad_path(why, 0, "holds what is not UTF-8");
}

enum err http_path(struct buf *out, struct span path, struct fail *why)
{
	size_t start = out->len, i;
	enum err err = ERR_OK;

	if (!path.len || path.ptr[0] != '/')
		return bad_path(why, 0, "does not begin with a slash");
	for (i = 0; i < path.len && !err; i++) {
		int c = path.ptr[i], high, low;

		if (c == '%') {
			high = i + 2 < path.len ? hex_digit(path.ptr[i + 1]) : -1;
			low = i + 2 < path.len ? hex_digit(path.ptr[i + 2]) : -1;
			if (high >= 0 && low >= 0)
				c = high << 4 | low;
			else
				err = bad_path(why, i, "a '%' without two hex digits");
			if (!err && c == '/')
				err = bad_path(why, i, "a slash that is percent-encoded");
			i += 2;
		}
		if (!err && (c < 0x20 || c == 0x7F || c == '\\'))
			err = bad_path(why, i, "a control character or backslash");
		buf_u8(out, (uint8_t)c);
	}
	if (!err)
		err = buf_check(out);
	if (!err && !components_good(span_of(out->data + start, out->len - start)))
		err = bad_path(why, 0, "an empty, \".\" or \"..\" component");
	if (!err)
		err = check_text(span_of(out->data + start, out->len - start), why);
	if (err)
		out->len = start < out->len ? start : out->len;
	return err;
}

static int base64_digit(uint8_t c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* RFC 4648, 4: whole groups of four, padded, with nothing in the bits that do not count. */
static bool unbase64(struct buf *out, struct span text)
{
	size_t i, k, pad;

	if (text.len % 4)
		return false;
	for (i = 0; i < text.len; i += 4) {
		uint32_t group = 0;

		for (pad = 0; i + 4 == text.len && pad < 2 && text.ptr[i + 3 - pad] == '='; pad++)
			;
		for (k = 0; k < 4; k++) {
			int digit = k >= 4 - pad ? 0 : base64_digit(text.ptr[i + k]);

			if (digit < 0)
				return false;
			group = group << 6 | (uint32_t)digit;
		}
		if (group & ((1u << 8 * pad) - 1))
			return false;
		for (k = 0; k < 3 - pad; k++)
			buf_u8(out, (uint8_t)(group >> (16 - 8 * k)));
	}
	return true;
}

enum err http_basic(struct span value, struct buf *name, struct buf *password, struct fail *why)
{
	const uint8_t *blank = value.len ? memchr(value.ptr, ' ', value.len) : NULL;
	struct buf both = {0};
	const uint8_t *colon;
	struct span scheme;
	enum err err = ERR_OK;
	size_t i;

	scheme = span_of(value.ptr, blank ? (size_t)(blank - value.ptr) : value.len);
	if (!http_same_word(scheme, "Basic"))
		return fail_set(why, ERR_UNSUPPORTED, "Authorization: only Basic is taken");
	value = span_of(value.ptr + scheme.len, value.len - scheme.len);
	while (value.len && value.ptr[0] == ' ')
		value = span_of(value.ptr + 1, value.len - 1);
	if (value.len > HTTP_NAME_PASSWORD_MAX * 4 / 3 + 4)
		return fail_set(why, ERR_LIMIT, "Authorization: longer than %u bytes",
			HTTP_NAME_PASSWORD_MAX);
	if (!unbase64(&both, value))
		err = fail_set(why, ERR_FORMAT, "Authorization: not base 64");
	colon = !err && both.len ? memchr(both.data, ':', both.len) : NULL;
	if (!err && buf_check(&both))
		err = fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	if (!err && !colon)
		err = fail_set(why, ERR_FORMAT, "Authorization: no colon behind the name");
	for (i = 0; i < both.len && !err; i++)
		if (both.data[i] < 0x20 || both.data[i] == 0x7F)
			err = fail_set(why, ERR_FORMAT, "Authorization: a control character");
	if (!err) {
		size_t len = (size_t)(colon - both.data);

		buf_put(name, span_of(both.data, len));
		buf_put(password, span_of(colon + 1, both.len - len - 1));
		err = buf_check(name) ? buf_check(name) : buf_check(password);
	}
	buf_wipe(&both);
	return err;
}

enum err http_tag(struct span value, struct span *tag, struct fail *why)
{
	size_t i;

	*tag = (struct span){0};
	if (value.len < 2 || value.ptr[0] != '"' || value.ptr[value.len - 1] != '"')
		return fail_set(why, ERR_FORMAT, "an entity tag stands in quotation marks");
	for (i = 1; i < value.len - 1; i++)
		if (value.ptr[i] <= 0x20 || value.ptr[i] == '"' || value.ptr[i] == 0x7F)
			return fail_set(why, ERR_FORMAT, "one entity tag, and no list of them");
	*tag = span_of(value.ptr + 1, value.len - 2);
	return ERR_OK;
}
