/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/cnfxml/scan.h"

#include "base/str.h"

#define WORD_MAX 16u /* bytes of a value in the declaration, with NUL */

struct open {
	struct span name;
	size_t at, inner;
};

struct scan {
	struct span xml;
	size_t pos;
	bool ascii; /* nothing else may come: another encoding was declared */
	bool root;  /* there was one */
	struct open open[CNFXML_DEPTH_MAX];
	unsigned depth;
	scan_ended *ended;
	void *ctx;
	enum err err;
	struct fail *why;
};

static void stop(struct scan *s, enum err code, const char *text)
{
	unsigned long line = 1;
	size_t i;

	if (s->err)
		return;
	for (i = 0; i < s->pos && i < s->xml.len; i++)
		line += s->xml.ptr[i] == '\n';
	s->err = fail_at(s->why, code, s->pos, "line %lu: %s", line, text);
}

/* The byte at hand; 0, which no file may hold, at the end and after an error. */
static uint8_t peek(const struct scan *s)
{
	return s->err || s->pos == s->xml.len ? 0 : s->xml.ptr[s->pos];
}

/* Steps over `text` if it stands here. */
static bool take(struct scan *s, const char *text)
{
	size_t len = strlen(text);

	if (s->err || s->xml.len - s->pos < len || memcmp(s->xml.ptr + s->pos, text, len) != 0)
		return false;
	s->pos += len;
	return true;
}

static void need(struct scan *s, const char *text, const char *otherwise)
{
	if (!take(s, text))
		stop(s, ERR_FORMAT, otherwise);
}

static bool is_blank(uint32_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool take_blanks(struct scan *s)
{
	size_t start = s->pos;

	while (is_blank(peek(s)))
		s->pos++;
	return s->pos > start;
}

/* What XML calls a Char. */
static bool is_char(uint32_t c)
{
	if (c < 0x20)
		return is_blank(c);
	return c < 0xD800 || (c >= 0xE000 && c < 0xFFFE) || (c >= 0x10000 && c < 0x110000);
}

/* One character in UTF-8, the shortest way. */
static uint32_t take_char(struct scan *s)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	uint32_t c = peek(s);
	unsigned more = c < 0x80   ? 0
			: c < 0xC0 ? 4
			: c < 0xE0 ? 1
			: c < 0xF0 ? 2
			: c < 0xF8 ? 3
				   : 4;
	unsigned i;

	if (s->err)
		return 0;
	if (s->pos == s->xml.len) {
		stop(s, ERR_FORMAT, "the file ends too early");
		return 0;
	}
	c = more && more < 4 ? c & (0x3Fu >> more) : c;
	for (i = 1; more < 4 && i <= more; i++) {
		uint8_t next = s->xml.len - s->pos > i ? s->xml.ptr[s->pos + i] : 0;

		if ((next & 0xC0) != 0x80)
			more = 4;
		c = c << 6 | (next & 0x3F);
	}
	if (more == 4 || (more && s->ascii) || c < least[more] || !is_char(c)) {
		stop(s, ERR_FORMAT, "a character that is not allowed, or not UTF-8");
		return 0;
	}
	s->pos += 1 + more;
	return c;
}

static bool is_name(uint8_t c, bool first)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':')
		return true;
	return !first && ((c >= '0' && c <= '9') || c == '-' || c == '.');
}

static struct span take_name(struct scan *s)
{
	size_t start = s->pos;

	while (is_name(peek(s), s->pos == start))
		s->pos++;
	if (s->pos == start)
		stop(s, ERR_FORMAT, "a name is missing, or is not ASCII");
	return span_of(s->xml.ptr + start, s->pos - start);
}

/* After the ampersand. Without a document type there are five entities. */
static void take_reference(struct scan *s)
{
	static const char *const known[] = {"lt;", "gt;", "amp;", "apos;", "quot;"};
	uint32_t c = 0, base = 10, digit;
	bool digits = false;
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (take(s, known[i]))
			return;
	need(s, "#", "a reference to what is not declared");
	if (take(s, "x"))
		base = 16;
	for (; peek(s) && peek(s) != ';' && c < 0x110000; s->pos++, digits = true) {
		uint8_t b = peek(s);

		digit = b >= '0' && b <= '9'   ? b - 48u
			: b >= 'a' && b <= 'f' ? b - 'a' + 10u
			: b >= 'A' && b <= 'F' ? b - 'A' + 10u
					       : base;
		c = digit < base ? c * base + digit : 0x110000;
	}
	if (!digits || !is_char(c))
		stop(s, ERR_FORMAT, "a reference to no character");
	need(s, ";", "a reference without an end");
}

static struct span take_value(struct scan *s)
{
	uint8_t quote = peek(s);
	size_t start;

	if (quote != '"' && quote != '\'') {
		stop(s, ERR_FORMAT, "an attribute without a value in quotes");
		return span_of(NULL, 0);
	}
	start = ++s->pos;
	while (!s->err && peek(s) != quote) {
		if (take(s, "&"))
			take_reference(s);
		else if (take(s, "<"))
			stop(s, ERR_FORMAT, "< in the value of an attribute");
		else
			take_char(s);
	}
	s->pos++;
	return s->err ? span_of(NULL, 0) : span_of(s->xml.ptr + start, s->pos - 1 - start);
}

static struct span take_attribute(struct scan *s, struct span *name)
{
	*name = take_name(s);
	take_blanks(s);
	need(s, "=", "an attribute without =");
	take_blanks(s);
	return take_value(s);
}

static void close_element(struct scan *s)
{
	const struct open *o = &s->open[s->depth - 1];
	struct scan_element e = {.name = o->name, .depth = s->depth};
	size_t end = s->pos;

	/* Back over the end tag; none of its own after "/>". */
	while (end > o->inner && s->xml.ptr[end - 1] != '<')
		end--;
	e.whole = span_of(s->xml.ptr + o->at, s->pos - o->at);
	e.inner = span_of(s->xml.ptr + o->inner, end > o->inner ? end - 1 - o->inner : 0);
	s->depth--;
	s->ended(s->ctx, &e);
}

static void take_start(struct scan *s)
{
	struct span names[SCAN_ATTRIBUTES_MAX];
	struct open o = {.at = s->pos - 1};
	size_t count = 0, i;
	bool empty;

	if (!s->depth && s->root)
		stop(s, ERR_FORMAT, "more than one root element");
	if (s->depth == CNFXML_DEPTH_MAX)
		stop(s, ERR_LIMIT, "elements nested too deep");
	s->root = true;
	o.name = take_name(s);
	while (take_blanks(s) && peek(s) != '>' && peek(s) != '/') {
		if (count == SCAN_ATTRIBUTES_MAX) {
			stop(s, ERR_LIMIT, "too many attributes");
			return;
		}
		take_attribute(s, &names[count]);
		for (i = 0; i < count && !s->err; i++)
			if (span_eq(names[i], names[count]))
				stop(s, ERR_FORMAT, "an attribute is there twice");
		count++;
	}
	empty = take(s, "/");
	need(s, ">", "a tag without an end");
	if (s->err)
		return;
	o.inner = s->pos;
	s->open[s->depth++] = o;
	if (empty)
		close_element(s);
}

static void take_end(struct scan *s)
{
	size_t at = s->pos - 2;
	struct span name = take_name(s);

	take_blanks(s);
	need(s, ">", "a tag without an end");
	if (!s->err && (!s->depth || !span_eq(name, s->open[s->depth - 1].name))) {
		s->pos = at;
		stop(s, ERR_FORMAT, "an end tag without its element");
	}
	if (!s->err)
		close_element(s);
}

static void take_until(struct scan *s, const char *end)
{
	while (!s->err && !take(s, end))
		take_char(s);
}

static void take_comment(struct scan *s)
{
	take_until(s, "--");
	need(s, ">", "-- inside a comment");
}

static void take_instruction(struct scan *s)
{
	struct span name = take_name(s);

	if (name.len == 3 && (name.ptr[0] | 0x20) == 'x' && (name.ptr[1] | 0x20) == 'm' &&
		(name.ptr[2] | 0x20) == 'l')
		stop(s, ERR_FORMAT, "an XML declaration that is not at the beginning");
	if (take(s, "?>"))
		return;
	if (!take_blanks(s))
		stop(s, ERR_FORMAT, "an instruction without a blank after its name");
	take_until(s, "?>");
}

static void take_cdata(struct scan *s)
{
	if (!s->depth)
		stop(s, ERR_FORMAT, "text outside of the root element");
	take_until(s, "]]>");
}

static void take_text(struct scan *s)
{
	if (take(s, "]]>"))
		stop(s, ERR_FORMAT, "]]> in a text");
	else if (!s->depth && !is_blank(peek(s)))
		stop(s, ERR_FORMAT, "text outside of the root element");
	else if (take(s, "&"))
		take_reference(s);
	else
		take_char(s);
}

static bool same_word(struct span value, const char *word, bool any_case)
{
	char text[WORD_MAX] = "";

	if (value.len < sizeof(text))
		memcpy(text, value.ptr, value.len);
	return any_case ? str_ieq(text, word) : strcmp(text, word) == 0;
}

/* version, encoding and standalone stand in this order. */
static void take_pseudo(struct scan *s, unsigned *next)
{
	static const char *const names[] = {"version", "encoding", "standalone"};
	static const struct {
		unsigned of;
		const char *value;
		bool ascii;
	} known[] = {{0, "1.0", false}, {1, "UTF-8", false}, {1, "US-ASCII", true},
		{1, "ISO-8859-1", true}, {2, "yes", false}, {2, "no", false}};
	struct span name, value = take_attribute(s, &name);
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]) && !s->err; i++) {
		const char *wanted = names[known[i].of];

		if (known[i].of < *next || (!*next && known[i].of) ||
			!span_eq(name, span_str(wanted)) ||
			!same_word(value, known[i].value, known[i].of == 1))
			continue;
		s->ascii = s->ascii || known[i].ascii;
		*next = known[i].of + 1;
		return;
	}
	stop(s, ERR_FORMAT, "an XML declaration with what is not known");
}

/* Of other encodings only what is ASCII is read: it is the same in them. */
static void take_declaration(struct scan *s)
{
	unsigned next = 0;

	take(s, "\xEF\xBB\xBF");
	if (s->xml.len - s->pos < 6 || !is_blank(s->xml.ptr[s->pos + 5]) || !take(s, "<?xml"))
		return;
	while (take_blanks(s) && peek(s) != '?')
		take_pseudo(s, &next);
	if (!next)
		stop(s, ERR_FORMAT, "an XML declaration without a version");
	need(s, "?>", "an XML declaration without an end");
}

enum err cnfxml_scan(struct span xml, scan_ended *ended, void *ctx, struct fail *why)
{
	struct scan s = {.xml = xml, .ended = ended, .ctx = ctx, .why = why};

	take_declaration(&s);
	while (!s.err && s.pos < xml.len) {
		if (take(&s, "<!--"))
			take_comment(&s);
		else if (take(&s, "<![CDATA["))
			take_cdata(&s);
		else if (take(&s, "<!"))
			stop(&s, ERR_FORMAT, "a document type is not accepted");
		else if (take(&s, "<?"))
			take_instruction(&s);
		else if (take(&s, "</"))
			take_end(&s);
		else if (take(&s, "<"))
			take_start(&s);
		else
			take_text(&s);
	}
	if (!s.err && (s.depth || !s.root))
		stop(&s, ERR_FORMAT, s.depth ? "an element without its end" : "no element");
	return s.err;
}
