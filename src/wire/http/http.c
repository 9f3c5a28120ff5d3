/* SPDX-License-Identifier: BSD-2-Clause
 *   head:  method SP target SP "HTTP/1." digit CRLF *(name ":" OWS value OWS CRLF) CRLF */
#include "wire/cursor.h"
#include "wire/http/priv.h"

#define METHOD_MAX 16u /* bytes looked at for a method's name */

static const char *const methods[HTTP_METHODS] = {
	[HTTP_GET] = "GET",
	[HTTP_HEAD] = "HEAD",
	[HTTP_PUT] = "PUT",
	[HTTP_POST] = "POST",
	[HTTP_DELETE] = "DELETE",
};

const char *http_method_name(enum http_method m)
{
	return methods[m];
}

bool http_is_token(struct span text)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];
		bool alnum =
			(c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

		if (!alnum && (c == 0 || !strchr("!#$%&'*+-.^_`|~", c)))
			return false;
	}
	return text.len > 0;
}

bool http_is_value(struct span text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if ((text.ptr[i] < 0x20 && text.ptr[i] != '\t') || text.ptr[i] == 0x7F)
			return false;
	return true;
}

bool http_same_word(struct span a, const char *b)
{
	size_t i;

	if (a.len != strlen(b))
		return false;
	for (i = 0; i < a.len; i++) {
		uint8_t x = a.ptr[i], y = (uint8_t)b[i];

		x = x >= 'A' && x <= 'Z' ? (uint8_t)(x + 'a' - 'A') : x;
		y = y >= 'A' && y <= 'Z' ? (uint8_t)(y + 'a' - 'A') : y;
		if (x != y)
			return false;
	}
	return true;
}

size_t http_frame(struct span in, enum err *err, struct fail *why)
{
	size_t i, len = in.len < HTTP_HEAD_MAX ? in.len : HTTP_HEAD_MAX;

	*err = ERR_OK;
	for (i = 0; i < len; i++) {
		if (in.ptr[i] != '\n')
			continue;
		if (i == 0 || in.ptr[i - 1] != '\r') {
			*err = fail_at(why, ERR_FORMAT, i, "head: LF alone");
			return 0;
		}
		if (i >= 3 && memcmp(in.ptr + i - 3, "\r\n", 2) == 0)
			return i + 1;
	}
	if (in.len >= HTTP_HEAD_MAX)
		*err = fail_set(why, ERR_LIMIT, "head: longer than %u bytes", HTTP_HEAD_MAX);
	return 0;
}

/* What is being read, and the status that answers its first mistake. */
struct reader {
	struct cursor c;
	struct http_request *r;
	bool has_host, has_length;
};

static void refuse(struct reader *in, enum err code, unsigned status, size_t where,
	const char *field, const char *text)
{
	if (!cur_check(&in->c))
		in->r->refusal = status;
	cur_fail_at(&in->c, code, where, field, "%s", text);
}

/* Up to the next CRLF, which is stepped over. A bare CR or LF is no end of a line. */
static struct span read_line(struct reader *in, const char *field)
{
	struct cursor *c = &in->c;
	size_t left = cur_left(c), where = cur_where(c), i;
	const uint8_t *start;
	struct span line;

	if (!left) {
		refuse(in, ERR_SHORT, 400, where, field, "is missing");
		return (struct span){0};
	}
	start = c->ptr + c->pos;
	for (i = 0; i < left && start[i] != '\r' && start[i] != '\n'; i++)
		;
	if (i == left || (start[i] == '\r' && i + 1 == left)) {
		refuse(in, ERR_SHORT, 400, where, field, "does not end");
		return (struct span){0};
	}
	if (start[i] == '\n' || start[i + 1] != '\n') {
		refuse(in, ERR_FORMAT, 400, where + i, field, "CR or LF alone");
		return (struct span){0};
	}
	line = cur_take(c, i, field);
	cur_skip(c, 2, field);
	return line;
}

/* The part of *line up to a blank, which is stepped over; all of it without one. */
static struct span take_word(struct span *line)
{
	const uint8_t *blank = line->len ? memchr(line->ptr, ' ', line->len) : NULL;
	size_t len = blank ? (size_t)(blank - line->ptr) : line->len;
	struct span word = span_of(line->ptr, len);

	*line = span_of(line->ptr + len + (blank != NULL), line->len - len - (blank != NULL));
	return word;
}

static void read_method(struct reader *in, struct span word)
{
	size_t i;

	if (!http_is_token(word)) {
		refuse(in, ERR_FORMAT, 400, 0, "method", "is not a word");
		return;
	}
	for (i = 0; i < HTTP_METHODS && word.len <= METHOD_MAX; i++)
		if (word.len == strlen(methods[i]) && memcmp(word.ptr, methods[i], word.len) == 0) {
			in->r->method = (enum http_method)i;
			return;
		}
	refuse(in, ERR_UNSUPPORTED, 501, 0, "method", "is none of GET, HEAD, PUT, POST and DELETE");
}

/* RFC 9112, 3.2.1: a path, and perhaps a query. Other forms are for proxies. */
static void read_target(struct reader *in, struct span word, size_t where)
{
	const uint8_t *mark;
	size_t i;

	if (word.len > HTTP_TARGET_MAX) {
		refuse(in, ERR_LIMIT, 414, where, "target", "is longer than 1024 bytes");
		return;
	}
	if (!word.len || word.ptr[0] != '/') {
		refuse(in, ERR_FORMAT, 400, where, "target", "does not begin with a slash");
		return;
	}
	for (i = 0; i < word.len; i++)
		if (word.ptr[i] <= 0x20 || word.ptr[i] >= 0x7F ||
			strchr("#\"<>\\^`{|}", word.ptr[i])) {
			refuse(in, ERR_FORMAT, 400, where + i, "target",
				"holds a character that must be percent-encoded");
			return;
		}
	mark = memchr(word.ptr, '?', word.len);
	in->r->path = span_of(word.ptr, mark ? (size_t)(mark - word.ptr) : word.len);
	if (mark)
		in->r->query = span_of(mark + 1, word.len - in->r->path.len - 1);
}

static void read_version(struct reader *in, struct span word, size_t where)
{
	static const char version[] = "HTTP/1.1";

	if (word.len != sizeof(version) - 1 || memcmp(word.ptr, version, 5) != 0 ||
		word.ptr[6] != '.' || word.ptr[5] < '0' || word.ptr[5] > '9' || word.ptr[7] < '0' ||
		word.ptr[7] > '9')
		refuse(in, ERR_FORMAT, 400, where, "version", "is not HTTP/1.1");
	else if (word.ptr[5] != '1' || word.ptr[7] > '1')
		refuse(in, ERR_UNSUPPORTED, 505, where, "version",
			"is neither HTTP/1.1 nor HTTP/1.0");
	else
		in->r->minor = word.ptr[7] - '0';
}

static void read_request_line(struct reader *in)
{
	struct span line = read_line(in, "request line"), method, target;

	if (cur_check(&in->c))
		return;
	method = take_word(&line);
	read_method(in, method);
	target = take_word(&line);
	read_target(in, target, method.len + 1);
	read_version(in, line, method.len + target.len + 2);
}

static struct span trim(struct span s)
{
	while (s.len && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
		s = span_of(s.ptr + 1, s.len - 1);
	while (s.len && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

static void read_length(struct reader *in, struct span value, size_t where)
{
	int64_t n = 0;
	size_t i;

	in->has_length = true;
	for (i = 0; i < value.len; i++) {
		if (value.ptr[i] < '0' || value.ptr[i] > '9') {
			refuse(in, ERR_FORMAT, 400, where, "Content-Length", "is not a number");
			return;
		}
		n = n * 10 + (value.ptr[i] - '0');
		if (n > HTTP_LENGTH_MAX) {
			refuse(in, ERR_LIMIT, 413, where, "Content-Length", "is too large");
			return;
		}
	}
	if (!value.len)
		refuse(in, ERR_FORMAT, 400, where, "Content-Length", "is empty");
	in->r->length = n;
}

/* RFC 9110, 7.2: a name or address, and perhaps a port; nothing that could be taken for a path. */
static void check_host(struct reader *in, struct span value, size_t where)
{
	size_t i;

	in->has_host = true;
	for (i = 0; i < value.len; i++)
		if (value.ptr[i] <= 0x20 || value.ptr[i] >= 0x7F ||
			strchr("/?#@\\\"<>^`{|},", value.ptr[i])) {
			refuse(in, ERR_FORMAT, 400, where, "Host", "is not a host and port");
			return;
		}
}

static void read_connection(struct reader *in, struct span value)
{
	while (value.len) {
		const uint8_t *comma = memchr(value.ptr, ',', value.len);
		size_t len = comma ? (size_t)(comma - value.ptr) : value.len;
		struct span word = trim(span_of(value.ptr, len));

		if (http_same_word(word, "close"))
			in->r->close = true;
		len += comma != NULL;
		value = span_of(value.ptr + len, value.len - len);
	}
}

/* Fields that decide where a message ends or who asks for what: a second one could be read by
 * somebody else as the one that counts. */
static const char *const single[] = {"Host", "Content-Length", "Authorization", "Expect",
	"If-Match", "If-None-Match", "If-Range", "Range"};

static void check_single(struct reader *in, const struct http_field *f, size_t where)
{
	struct span first;
	size_t i;

	for (i = 0; i < sizeof(single) / sizeof(single[0]); i++)
		if (http_same_word(f->name, single[i]) && http_field(in->r, single[i], &first))
			refuse(in, ERR_FORMAT, 400, where, single[i], "appears twice");
}

static void take_field(struct reader *in, const struct http_field *f, size_t where)
{
	check_single(in, f, where);
	if (http_same_word(f->name, "Transfer-Encoding"))
		refuse(in, ERR_UNSUPPORTED, 501, where, "Transfer-Encoding",
			"is not taken: send a Content-Length");
	else if (http_same_word(f->name, "Content-Length"))
		read_length(in, f->value, where);
	else if (http_same_word(f->name, "Host"))
		check_host(in, f->value, where);
	else if (http_same_word(f->name, "Connection"))
		read_connection(in, f->value);
	else if (http_same_word(f->name, "Expect") && !http_same_word(f->value, "100-continue"))
		refuse(in, ERR_UNSUPPORTED, 417, where, "Expect", "is not 100-continue");
	else if (http_same_word(f->name, "Expect"))
		in->r->expect_continue = in->r->minor > 0;
	if (!cur_check(&in->c))
		in->r->fields[in->r->fields_count++] = *f;
}

/* False behind the last one. */
static bool read_field(struct reader *in)
{
	size_t where = cur_where(&in->c);
	struct span line = read_line(in, "field");
	const uint8_t *colon = line.len ? memchr(line.ptr, ':', line.len) : NULL;
	struct http_field f;

	if (cur_check(&in->c) || !line.len)
		return false;
	if (line.ptr[0] == ' ' || line.ptr[0] == '\t') {
		refuse(in, ERR_FORMAT, 400, where, "field", "goes on from the line before");
		return false;
	}
	f.name = span_of(line.ptr, colon ? (size_t)(colon - line.ptr) : line.len);
	if (!colon || !http_is_token(f.name)) {
		refuse(in, ERR_FORMAT, 400, where, "field",
			"does not begin with a name and a colon");
		return false;
	}
	f.value = trim(span_of(colon + 1, line.len - f.name.len - 1));
	if (!http_is_value(f.value))
		refuse(in, ERR_FORMAT, 400, where, "field", "holds a control character");
	if (f.name.len > HTTP_NAME_MAX || f.value.len > HTTP_VALUE_MAX)
		refuse(in, ERR_LIMIT, 431, where, "field", "is too long");
	if (in->r->fields_count == HTTP_FIELDS_MAX)
		refuse(in, ERR_LIMIT, 431, where, "field", "is one of more than 64");
	take_field(in, &f, where);
	return !cur_check(&in->c);
}

enum err http_decode(struct http_request *r, struct span bytes, struct fail *why)
{
	struct reader in = {.r = r};

	memset(r, 0, sizeof(*r));
	cur_init(&in.c, bytes, "head", why);
	if (bytes.len > HTTP_HEAD_MAX) {
		refuse(&in, ERR_LIMIT, 431, 0, "head", "is longer than 8192 bytes");
		return cur_check(&in.c);
	}
	read_request_line(&in);
	r->close = r->minor == 0;
	while (!cur_check(&in.c) && read_field(&in))
		;
	if (cur_left(&in.c))
		refuse(&in, ERR_FORMAT, 400, cur_where(&in.c), "end", "is followed by more");
	if (!in.has_host && r->minor > 0)
		refuse(&in, ERR_FORMAT, 400, 0, "Host", "is missing");
	if (r->length > 0 && r->method != HTTP_PUT && r->method != HTTP_POST)
		refuse(&in, ERR_FORMAT, 400, 0, "Content-Length", "no body belongs to this method");
	return cur_check(&in.c);
}

bool http_field(const struct http_request *r, const char *name, struct span *value)
{
	size_t i;

	for (i = 0; i < r->fields_count; i++)
		if (http_same_word(r->fields[i].name, name)) {
			*value = r->fields[i].value;
			return true;
		}
	return false;
}
