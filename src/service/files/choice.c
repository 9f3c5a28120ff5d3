/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/files/choice.h"

static bool date_field(const struct http_request *r, const char *name, int64_t *seconds)
{
	struct span value;

	return http_field(r, name, &value) && http_date(value, seconds);
}

/* The client knows the file, and it must be the one that it knows. */
static bool has_changed(const struct http_request *r, struct span tag, int64_t modified)
{
	struct span value;
	int64_t date;

	if (http_field(r, "If-Match", &value))
		return !http_tag_among(value, tag, false);
	return modified && date_field(r, "If-Unmodified-Since", &date) && modified > date;
}

/* The client knows the file and has no need of it. */
static bool is_known(const struct http_request *r, struct span tag, int64_t modified)
{
	struct span value;
	int64_t date;

	if (http_field(r, "If-None-Match", &value))
		return http_tag_among(value, tag, true);
	return modified && date_field(r, "If-Modified-Since", &date) && modified <= date;
}

/* The client has a part of this very file. A date tells files apart to the second only. */
static bool range_fits(const struct http_request *r, struct span tag)
{
	struct span value;

	return !http_field(r, "If-Range", &value) || span_eq(value, tag);
}

struct choice choose(
	const struct http_request *r, struct span file, const char *tag, int64_t modified)
{
	struct choice c = {.status = 200, .part = file};
	struct span strong = span_str(tag), value;
	size_t last;

	if (has_changed(r, strong, modified)) {
		c.status = 412;
		c.part = (struct span){0};
	} else if (is_known(r, strong, modified)) {
		c.status = 304;
	} else if (r->method == HTTP_GET && http_field(r, "Range", &value) &&
		   range_fits(r, strong)) {
		switch (http_range(value, file.len, &c.first, &last)) {
		case HTTP_RANGE_NONE: break;
		case HTTP_RANGE_PART:
			c.status = 206;
			c.part = span_of(file.ptr + c.first, last - c.first + 1);
			break;
		case HTTP_RANGE_BEYOND:
			c.status = 416;
			c.part = (struct span){0};
			break;
		}
	}
	return c;
}
