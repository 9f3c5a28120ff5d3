/* SPDX-License-Identifier: BSD-2-Clause
 * Conditions and ranges of requests: which bytes of a file are asked for, and whether at all. */
#include "wire/http/priv.h"

#include <time.h>

static void skip_blanks(struct span *s)
{
	while (s->len && (s->ptr[0] == ' ' || s->ptr[0] == '\t'))
		*s = span_of(s->ptr + 1, s->len - 1);
}

static bool take_byte(struct span *s, char c)
{
	if (!s->len || s->ptr[0] != (uint8_t)c)
		return false;
	*s = span_of(s->ptr + 1, s->len - 1);
	return true;
}

static bool take_text(struct span *s, const char *text)
{
	size_t len = strlen(text);

	if (s->len < len || memcmp(s->ptr, text, len) != 0)
		return false;
	*s = span_of(s->ptr + len, s->len - len);
	return true;
}

/* The tag at the start of *s with its quotation marks; empty when there is none. */
static struct span take_tag(struct span *s)
{
	size_t i;

	if (!s->len || s->ptr[0] != '"')
		return (struct span){0};
	for (i = 1; i < s->len && s->ptr[i] != '"'; i++)
		if (s->ptr[i] <= 0x20 || s->ptr[i] == 0x7F)
			return (struct span){0};
	if (i == s->len)
		return (struct span){0};
	*s = span_of(s->ptr + i + 1, s->len - i - 1);
	return span_of(s->ptr - i - 1, i + 1);
}

bool http_tag_among(struct span value, struct span tag, bool weakly)
{
	bool found = false;

	if (span_eq(value, span_str("*")))
		return true;
	for (;;) {
		bool weak;
		struct span one;

		do
			skip_blanks(&value);
		while (take_byte(&value, ','));
		if (!value.len)
			return found;
		weak = take_text(&value, "W/");
		one = take_tag(&value);
		skip_blanks(&value);
		if (!one.len || (value.len && value.ptr[0] != ','))
			return false;
		found |= span_eq(one, tag) && (weakly || !weak);
	}
}

/* At least one digit; numbers beyond *out are as good as its largest. */
static bool take_number(struct span *s, uint64_t *out)
{
	bool any = false;

	*out = 0;
	while (s->len && s->ptr[0] >= '0' && s->ptr[0] <= '9') {
		unsigned digit = s->ptr[0] - '0';

		*out = *out > (UINT64_MAX - digit) / 10 ? UINT64_MAX : *out * 10 + digit;
		*s = span_of(s->ptr + 1, s->len - 1);
		any = true;
	}
	return any;
}

enum http_range http_range(struct span value, size_t size, size_t *first, size_t *last)
{
	uint64_t from = 0, to = 0;
	bool has_from, has_to;

	if (value.len < 6 || !http_same_word(span_of(value.ptr, 5), "bytes") || value.ptr[5] != '=')
		return HTTP_RANGE_NONE;
	value = span_of(value.ptr + 6, value.len - 6);
	skip_blanks(&value);
	has_from = take_number(&value, &from);
	if (!take_byte(&value, '-'))
		return HTTP_RANGE_NONE;
	has_to = take_number(&value, &to);
	skip_blanks(&value);
	if (value.len || (!has_from && !has_to) || (has_from && has_to && to < from))
		return HTTP_RANGE_NONE;
	if (has_from ? from >= size : !size || !to)
		return HTTP_RANGE_BEYOND;
	if (has_from) {
		*first = (size_t)from;
		*last = has_to && to < size ? (size_t)to : size - 1;
	} else {
		*first = to < size ? size - (size_t)to : 0;
		*last = size - 1;
	}
	return HTTP_RANGE_PART;
}

/* --- dates --- */

static const char *const days[] = {
	"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
static const char *const months[] = {
	"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* A day's name, whole or its first three letters. */
static bool take_day(struct span *s, bool whole)
{
	char text[16];
	size_t i;

	for (i = 0; i < 7; i++) {
		size_t len = whole ? strlen(days[i]) : 3;

		memcpy(text, days[i], len);
		text[len] = '\0';
		if (take_text(s, text))
			return true;
	}
	return false;
}

static bool take_month(struct span *s, struct tm *tm)
{
	for (tm->tm_mon = 0; tm->tm_mon < 12; tm->tm_mon++)
		if (take_text(s, months[tm->tm_mon]))
			return true;
	return false;
}

static bool take_digits(struct span *s, size_t count, int *out)
{
	*out = 0;
	while (count-- > 0) {
		if (!s->len || s->ptr[0] < '0' || s->ptr[0] > '9')
			return false;
		*out = *out * 10 + (s->ptr[0] - '0');
		*s = span_of(s->ptr + 1, s->len - 1);
	}
	return true;
}

static bool take_time(struct span *s, struct tm *tm)
{
	return take_digits(s, 2, &tm->tm_hour) && take_byte(s, ':') &&
	       take_digits(s, 2, &tm->tm_min) && take_byte(s, ':') &&
	       take_digits(s, 2, &tm->tm_sec);
}

/* Sun, 06 Nov 1994 08:49:37 GMT */
static bool read_fixed(struct span s, struct tm *tm)
{
	return take_day(&s, false) && take_text(&s, ", ") && take_digits(&s, 2, &tm->tm_mday) &&
	       take_byte(&s, ' ') && take_month(&s, tm) && take_byte(&s, ' ') &&
	       take_digits(&s, 4, &tm->tm_year) && take_byte(&s, ' ') && take_time(&s, tm) &&
	       take_text(&s, " GMT") && !s.len;
}

/* Sunday, 06-Nov-94 08:49:37 GMT */
static bool read_rfc850(struct span s, struct tm *tm)
{
	if (!take_day(&s, true) || !take_text(&s, ", ") || !take_digits(&s, 2, &tm->tm_mday) ||
		!take_byte(&s, '-') || !take_month(&s, tm) || !take_byte(&s, '-') ||
		!take_digits(&s, 2, &tm->tm_year) || !take_byte(&s, ' ') || !take_time(&s, tm))
		return false;
	tm->tm_year += tm->tm_year < 70 ? 2000 : 1900;
	return take_text(&s, " GMT") && !s.len;
}

/* Sun Nov  6 08:49:37 1994 */
static bool read_asctime(struct span s, struct tm *tm)
{
	if (!take_day(&s, false) || !take_byte(&s, ' ') || !take_month(&s, tm) ||
		!take_byte(&s, ' ') || !take_digits(&s, take_byte(&s, ' ') ? 1 : 2, &tm->tm_mday))
		return false;
	return take_byte(&s, ' ') && take_time(&s, tm) && take_byte(&s, ' ') &&
	       take_digits(&s, 4, &tm->tm_year) && !s.len;
}

bool http_date(struct span value, int64_t *seconds)
{
	struct tm tm = {0};

	if (!read_fixed(value, &tm) && !read_rfc850(value, &tm) && !read_asctime(value, &tm))
		return false;
	if (tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 ||
		tm.tm_sec > 60 || tm.tm_year < 1900)
		return false;
	tm.tm_year -= 1900;
	*seconds = timegm(&tm);
	return true;
}

void http_put_date(struct buf *out, int64_t seconds)
{
	time_t at = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&at, &tm) || tm.tm_year > 9999 - 1900)
		return;
	buf_printf(out, "%.3s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday,
		months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}
