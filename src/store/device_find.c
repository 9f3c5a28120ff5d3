/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/device_row.h"
#include "store/internal.h"

#include "base/str.h"

#include <stdio.h>

/* Rows that are read at once: a walk holds neither more of them nor a long transaction. */
#define PAGE 512

enum kind { FOLDED, MIXED, NUMBER, BYTES };

/* A condition on `column` stands between `before` and `after`. */
static const struct field {
	const char *before, *column, *after;
	enum kind kind;
} fields[] = {
#define OF_LINE "EXISTS (SELECT 1 FROM line AS l WHERE l.device = device.name AND "
#define OF_LSC                                                                                     \
	"EXISTS (SELECT 1 FROM phone_cert AS c WHERE c.device = device.name AND c.kind = 1 AND "
#define OF_PROFILE                                                                                 \
	"EXISTS (SELECT 1 FROM profile AS p WHERE p.name_folded = device.profile_folded AND "
	[STORE_FIELD_NAME] = {"", "device.name", "", FOLDED},
	[STORE_FIELD_DESCRIPTION] = {"", "device.description", "", MIXED},
	[STORE_FIELD_NUMBER] = {OF_LINE, "l.number_folded", ")", FOLDED},
	[STORE_FIELD_PROFILE] = {"", "device.profile_folded", "", FOLDED},
	[STORE_FIELD_OWNER] = {"", "device.owner", "", MIXED},
	[STORE_FIELD_OPERATION_STATUS] = {"", "device.operation_status", "", MIXED},
	[STORE_FIELD_LSC_ISSUER] = {OF_LSC, "c.issuer", ")", MIXED},
	[STORE_FIELD_AUTH_STRING] = {"", "device.auth_string", "", BYTES},
	[STORE_FIELD_MODEL] = {"", "device.model", "", NUMBER},
	[STORE_FIELD_PROTOCOL] = {"", "device.protocol", "", NUMBER},
	[STORE_FIELD_OPERATION] = {"", "device.operation", "", NUMBER},
	[STORE_FIELD_SECURITY_MODE] = {OF_PROFILE, "p.security_mode", ")", NUMBER},
	[STORE_FIELD_LAST_SEEN] = {"", "device.last_seen", "", NUMBER},
	[STORE_FIELD_LSC_EXPIRES] = {OF_LSC, "c.not_after", ")", NUMBER},
	[STORE_FIELD_LSC_ISSUER_EXPIRES] = {OF_LSC, "c.issuer_not_after", ")", NUMBER},
};

/* What a value of a term becomes: folded, and for LIKE with its own signs quoted. */
#define VALUE_SIZE (2 * STORE_TEXT + 2)

struct condition {
	struct buf sql;
	char names[STORE_TERMS_MOST][4], values[STORE_TERMS_MOST][VALUE_SIZE];
	struct backend_arg args[STORE_TERMS_MOST + 2];
	size_t count;
};

static void pattern(char out[VALUE_SIZE], enum store_match match, const char *folded)
{
	size_t n = 0;

	if (match != STORE_BEGINS)
		out[n++] = '%';
	for (; *folded; folded++) {
		if (strchr("%_\\", *folded))
			out[n++] = '\\';
		out[n++] = *folded;
	}
	if (match != STORE_ENDS)
		out[n++] = '%';
	out[n] = '\0';
}

static bool fits(const struct store_term *t)
{
	enum kind kind;

	if ((unsigned)t->field >= sizeof(fields) / sizeof(fields[0]))
		return false;
	kind = fields[t->field].kind;
	switch (t->match) {
	case STORE_IS:
	case STORE_IS_NOT: return kind != BYTES;
	case STORE_CONTAINS:
	case STORE_BEGINS:
	case STORE_ENDS: return kind == FOLDED || kind == MIXED;
	case STORE_BEFORE:
	case STORE_AFTER: return kind == NUMBER;
	case STORE_EMPTY:
	case STORE_NOT_EMPTY: return true;
	}
	return false;
}

static const char *test_of(const struct store_term *t, enum kind kind)
{
	switch (t->match) {
	case STORE_IS:
	case STORE_IS_NOT: return "=";
	case STORE_CONTAINS:
	case STORE_BEGINS:
	case STORE_ENDS: return "LIKE";
	case STORE_BEFORE: return "<";
	case STORE_AFTER: return ">";
	case STORE_EMPTY:
	case STORE_NOT_EMPTY: return kind == NUMBER ? "<> 0" : kind == BYTES ? "> 0" : "<> ''";
	}
	return NULL;
}

static enum err add_value(
	struct condition *c, const struct store_term *t, enum kind kind, struct fail *why)
{
	char folded[STORE_TEXT], *name = c->names[c->count], *value = c->values[c->count];
	struct backend_arg *arg = &c->args[c->count];

	snprintf(name, sizeof(c->names[0]), "v%u", (unsigned)c->count % 100);
	c->count++;
	if (kind == NUMBER) {
		*arg = QUERY_NUMBER(name, t->number);
		return ERR_OK;
	}
	if (strlen(t->text) >= sizeof(folded))
		return fail_set(why, ERR_ARG, "%.32s…: at most %d bytes can be asked for", t->text,
			STORE_TEXT - 1);
	query_fold(folded, sizeof(folded), t->text);
	if (t->match == STORE_IS || t->match == STORE_IS_NOT)
		str_copy(value, VALUE_SIZE, folded);
	else
		pattern(value, t->match, folded);
	*arg = QUERY_TEXT(name, value);
	return ERR_OK;
}

static enum err add_term(struct condition *c, const struct store_term *t, struct fail *why)
{
	const bool valued = t->match != STORE_EMPTY && t->match != STORE_NOT_EMPTY;
	const struct field *f;
	const char *around;

	if (!fits(t))
		return fail_set(why, ERR_ARG, "this cannot be asked of this field of a device");
	f = &fields[t->field];
	around = f->kind == MIXED ? "UPPER" : f->kind == BYTES ? "LENGTH" : "";
	/* Of no line, no LSC: hence NOT before the whole instead of another comparison. */
	if (t->match == STORE_IS_NOT || t->match == STORE_EMPTY)
		buf_str(&c->sql, "NOT ");
	buf_printf(&c->sql, "(%s%s(%s) %s", f->before, around, f->column, test_of(t, f->kind));
	if (valued)
		buf_printf(&c->sql, " $v%u", (unsigned)c->count % 100);
	if (valued && strcmp(test_of(t, f->kind), "LIKE") == 0)
		buf_str(&c->sql, " ESCAPE '\\'");
	buf_printf(&c->sql, "%s)", f->after);
	return valued ? add_value(c, t, f->kind, why) : ERR_OK;
}

static enum err make_condition(
	struct condition *c, const struct store_filter *f, const char *select, struct fail *why)
{
	enum err err = ERR_OK;
	size_t i;

	if (f->count > STORE_TERMS_MOST)
		return fail_set(why, ERR_ARG, "at most %d conditions at once", STORE_TERMS_MOST);
	buf_str(&c->sql, select);
	buf_str(&c->sql, " WHERE device.name > $after");
	for (i = 0; !err && i < f->count; i++) {
		buf_str(&c->sql, i == 0 ? " AND (" : f->any ? " OR " : " AND ");
		err = add_term(c, &f->terms[i], why);
	}
	if (f->count)
		buf_u8(&c->sql, ')');
	return err;
}

static void start_after(char out[DEVICE_NAME_BYTES], const struct store_filter *f)
{
	query_fold(out, DEVICE_NAME_BYTES, f->after ? f->after : "");
}

struct walk {
	enum err (*each)(void *ctx, const struct store_device *d);
	void *ctx;
	char after[DEVICE_NAME_BYTES];
	int64_t rows; /* of this page */
};

static enum err walk_row(void *ctx, struct query_row *r)
{
	struct walk *w = ctx;
	struct store_device d;
	enum err err = device_read(&d, r);

	if (err)
		return err;
	w->rows++;
	str_copy(w->after, sizeof(w->after), d.name);
	return w->each(w->ctx, &d);
}

enum err store_device_find(struct store *s, const struct store_filter *f,
	enum err (*each)(void *ctx, const struct store_device *d), void *ctx, struct fail *why)
{
	struct walk w = {.each = each, .ctx = ctx};
	struct condition c = {0};
	int64_t left = f->most, page = PAGE;
	char after[DEVICE_NAME_BYTES];
	enum err err;

	start_after(w.after, f);
	err = make_condition(&c, f, DEVICE_SELECT, why);
	buf_strz(&c.sql, " ORDER BY device.name LIMIT $page");
	if (!err)
		err = buf_check(&c.sql);
	while (!err) {
		if (f->most)
			page = left < PAGE ? left : PAGE;
		str_copy(after, sizeof(after), w.after);
		c.args[c.count] = QUERY_TEXT("after", after);
		c.args[c.count + 1] = QUERY_NUMBER("page", page);
		w.rows = 0;
		err = query_run(
			s, (const char *)c.sql.data, c.args, c.count + 2, walk_row, &w, why);
		left -= w.rows;
		if (w.rows < page || (f->most && left <= 0))
			break;
	}
	buf_fini(&c.sql);
	return err;
}

enum err store_device_each(struct store *s,
	enum err (*each)(void *ctx, const struct store_device *d), void *ctx, struct fail *why)
{
	return store_device_find(s, &(struct store_filter){0}, each, ctx, why);
}

struct names {
	enum err (*each)(void *ctx, const char *name);
	void *ctx;
};

static enum err read_name(void *ctx, struct query_row *r)
{
	struct names *n = ctx;
	char name[DEVICE_NAME_BYTES];

	query_row_text(r, 0, name, sizeof(name));
	return r->err ? r->err : n->each(n->ctx, name);
}

enum err store_device_names(
	struct store *s, enum err (*each)(void *ctx, const char *name), void *ctx, struct fail *why)
{
	struct names n = {each, ctx};

	return query_run(s, "SELECT name FROM device ORDER BY name", NULL, 0, read_name, &n, why);
}

static enum err read_count(void *ctx, struct query_row *r)
{
	*(int64_t *)ctx = query_row_number(r, 0);
	return ERR_OK;
}

enum err store_device_count(
	struct store *s, const struct store_filter *f, int64_t *count, struct fail *why)
{
	char after[DEVICE_NAME_BYTES];
	struct condition c = {0};
	enum err err = make_condition(&c, f, "SELECT COUNT(*) FROM device", why);

	*count = 0;
	start_after(after, f);
	buf_u8(&c.sql, 0);
	if (!err)
		err = buf_check(&c.sql);
	c.args[c.count] = QUERY_TEXT("after", after);
	if (!err)
		err = query_run(
			s, (const char *)c.sql.data, c.args, c.count + 1, read_count, count, why);
	buf_fini(&c.sql);
	return err;
}
