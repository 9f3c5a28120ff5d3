/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/audit/line.h"

#include "base/str.h"
#include "crypto/digest.h"

#include <stdio.h>

/* Bytes of the texts in a line; with every one of them a character that JSON writes with a
 * backslash, the line still fits. */
#define WHO_MAX    96u
#define ACTION_MAX 96u
#define OBJECT_MAX 700u
#define RESULT_MAX 512u

struct audit_end audit_begin(void)
{
	struct audit_end end = {0};

	memset(end.digest, '0', sizeof(end.digest) - 1);
	return end;
}

bool audit_same_end(const struct audit_end *a, const struct audit_end *b)
{
	return a->number == b->number && strcmp(a->digest, b->digest) == 0;
}

/* Printable, and cut between characters. */
static void set_text(struct json *line, const char *key, const char *text, size_t max)
{
	struct buf b = {0};
	size_t len;

	str_printable(&b, span_str(text));
	len = b.len;
	if (len > max) {
		len = max - 3;
		while (len && (b.data[len] & 0xC0) == 0x80)
			len--;
	}
	if (len < b.len) {
		b.len = len;
		buf_str(&b, "...");
	}
	if (buf_check(&b))
		json_set_take(line, key, NULL);
	else
		json_set_take(line, key, json_span_new(buf_span(&b)));
	buf_fini(&b);
}

enum err audit_line_write(struct buf *out, const struct audit_end *last, int64_t time,
	const struct audit_entry *e, struct fail *why)
{
	struct json *line = json_object_new();
	enum err err;

	json_set_int(line, "number", last->number + 1);
	json_set_int(line, "time", time);
	set_text(line, "who", e->who, WHO_MAX);
	set_text(line, "from", e->from, WHO_MAX);
	set_text(line, "action", e->action, ACTION_MAX);
	set_text(line, "object", e->object ? e->object : "", OBJECT_MAX);
	set_text(line, "result", e->result, RESULT_MAX);
	json_set_str(line, "previous", last->digest);
	err = json_write(out, line, false);
	json_free(line);
	return err ? fail_set(why, err, "audit log: %s", err_text(err)) : ERR_OK;
}

static bool is_digest(const char *text)
{
	return text && strlen(text) == AUDIT_DIGEST_HEX - 1 &&
	       strspn(text, "0123456789abcdef") == AUDIT_DIGEST_HEX - 1;
}

enum err audit_line_read(struct audit_line *out, struct span text, struct fail *why)
{
	char digest[2 * DIGEST_MAX + 1];
	struct audit_row *r = &out->row;
	enum err err = ERR_OK;

	memset(out, 0, sizeof(*out));
	if (text.len > AUDIT_LINE_MAX)
		return fail_set(why, ERR_FORMAT, "longer than %u bytes", AUDIT_LINE_MAX);
	err = json_parse(&out->json, text, why);
	if (err)
		return err;
	r->number = json_get_int(out->json, "number", 0);
	r->time = json_get_int(out->json, "time", 0);
	r->who = json_get_str(out->json, "who");
	r->from = json_get_str(out->json, "from");
	r->action = json_get_str(out->json, "action");
	r->object = json_get_str(out->json, "object");
	r->result = json_get_str(out->json, "result");
	out->previous = json_get_str(out->json, "previous");
	if (r->number < 1 || !r->who || !r->from || !r->action || !r->object || !r->result ||
		!is_digest(out->previous)) {
		audit_line_fini(out);
		return fail_set(why, ERR_FORMAT, "not a line of the audit log");
	}
	digest_hex(DIGEST_SHA256, text, digest);
	out->end.number = r->number;
	str_copy(out->end.digest, sizeof(out->end.digest), digest);
	return is_digest(out->end.digest)
		       ? ERR_OK
		       : (audit_line_fini(out), fail_set(why, ERR_CRYPTO, "SHA-256 failed"));
}

void audit_line_fini(struct audit_line *l)
{
	json_free(l->json);
	memset(l, 0, sizeof(*l));
}

bool audit_line_follows(const struct audit_line *l, const struct audit_end *last)
{
	return l->row.number == last->number + 1 && strcmp(l->previous, last->digest) == 0;
}
