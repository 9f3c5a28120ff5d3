/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/http/priv.h"

static const struct {
	unsigned status;
	const char *reason;
} reasons[] = {
	{200, "OK"},
	{204, "No Content"},
	{206, "Partial Content"},
	{304, "Not Modified"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{408, "Request Timeout"},
	{409, "Conflict"},
	{412, "Precondition Failed"},
	{413, "Content Too Large"},
	{414, "URI Too Long"},
	{416, "Range Not Satisfiable"},
	{417, "Expectation Failed"},
	{422, "Unprocessable Content"},
	{428, "Precondition Required"},
	{429, "Too Many Requests"},
	{431, "Request Header Fields Too Large"},
	{500, "Internal Server Error"},
	{501, "Not Implemented"},
	{503, "Service Unavailable"},
	{505, "HTTP Version Not Supported"},
};

const char *http_reason(unsigned status)
{
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "";
}

static enum err put_fields(struct buf *out, const struct http_field *fields, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (!http_is_token(fields[i].name) || !http_is_value(fields[i].value))
			return ERR_ARG;
		buf_put(out, fields[i].name);
		buf_str(out, ": ");
		buf_put(out, fields[i].value);
		buf_str(out, "\r\n");
	}
	buf_str(out, "\r\n");
	return buf_check(out);
}

enum err http_encode(struct buf *out, const struct http_request *r)
{
	buf_str(out, http_method_name(r->method));
	buf_str(out, " ");
	buf_put(out, r->path);
	/* A query that is there but empty is told from none by its pointer. */
	if (r->query.ptr) {
		buf_str(out, "?");
		buf_put(out, r->query);
	}
	buf_printf(out, " HTTP/1.%u\r\n", r->minor);
	return put_fields(out, r->fields, r->fields_count);
}

enum err http_answer_encode(struct buf *out, const struct http_answer *a)
{
	buf_printf(out, "HTTP/1.1 %03u %s\r\n", a->status, http_reason(a->status));
	buf_str(out, "Date: ");
	http_put_date(out, a->date);
	buf_str(out, "\r\n");
	/* RFC 9110, 8.6: none in an answer that cannot have a body. */
	if (a->length >= 0 && a->status != 204 && a->status != 304)
		buf_printf(out, "Content-Length: %lld\r\n", (long long)a->length);
	if (a->close || a->length < 0)
		buf_str(out, "Connection: close\r\n");
	return put_fields(out, a->fields, a->fields_count);
}
