/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/http/describe.h"
#include "base/str.h"
#include "wire/http/http.h"

static void put_line(struct buf *dump, const char *name, struct span text)
{
	buf_printf(dump, "%s = ", name);
	str_printable(dump, text);
	buf_u8(dump, '\n');
}

/* What a face makes of path, Authorization and tags; a refusal is part of the description. */
static enum err put_meaning(const struct http_request *r, struct buf *dump)
{
	struct buf path = {0}, name = {0}, password = {0};
	struct span value, tag;
	enum err err;

	err = http_path(&path, r->path, NULL);
	if (!err)
		put_line(dump, "DECODED", buf_span(&path));
	else
		buf_printf(dump, "DECODED: %s\n", err_name(err));
	if (err != ERR_NOMEM && http_field(r, "Authorization", &value)) {
		err = http_basic(value, &name, &password, NULL);
		if (!err) {
			put_line(dump, "USER", buf_span(&name));
			put_line(dump, "PASSWORD", buf_span(&password));
		} else {
			buf_printf(dump, "USER: %s\n", err_name(err));
		}
	}
	if (http_field(r, "If-Match", &value) && http_tag(value, &tag, NULL) == ERR_OK)
		put_line(dump, "TAG", tag);
	buf_fini(&path);
	buf_fini(&name);
	buf_fini(&password);
	return err == ERR_NOMEM ? err : ERR_OK;
}

enum err http_describe(
	struct span in, unsigned version, struct buf *dump, struct buf *again, struct fail *why)
{
	struct http_request r;
	enum err err = http_decode(&r, in, why);
	size_t i;

	(void)version;
	if (err)
		return err;
	buf_printf(dump, "METHOD = %s\n", http_method_name(r.method));
	put_line(dump, "PATH", r.path);
	put_line(dump, "QUERY", r.query);
	buf_printf(dump, "VERSION = 1.%u\n", r.minor);
	for (i = 0; i < r.fields_count; i++) {
		buf_str(dump, "FIELD ");
		str_printable(dump, r.fields[i].name);
		put_line(dump, "", r.fields[i].value);
	}
	buf_printf(dump, "LENGTH = %lld\nCLOSE = %s\nEXPECT_CONTINUE = %s\n", (long long)r.length,
		r.close ? "true" : "false", r.expect_continue ? "true" : "false");
	err = put_meaning(&r, dump);
	if (!err)
		err = http_encode(again, &r);
	if (!err)
		err = buf_check(dump);
	return err ? fail_set(why, err, "HTTP head: %s", err_text(err)) : ERR_OK;
}
