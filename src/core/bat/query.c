/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/bat/query.h"

#include "base/clock.h"
#include "base/str.h"
#include "core/model/model.h"

#include <string.h>
#include <strings.h>

#define DAY 86400

enum kind { KIND_TEXT, KIND_SECRET, KIND_MODEL, KIND_CHOICE, KIND_TIME };

struct choice {
	int64_t value;
	const char *word;
};

static const struct choice protocols[] = {{STORE_SCCP, "SCCP"}, {STORE_SIP, "SIP"}, {0, NULL}};
static const struct choice operations[] = {{0, "No Pending Operation"}, {1, "Install/Upgrade"},
	{2, "Delete"}, {3, "Troubleshoot"}, {0, NULL}};
static const struct choice modes[] = {
	{1, "Non Secure"}, {2, "Authenticated"}, {3, "Encrypted"}, {0, NULL}};

/* A name before those that it begins with. */
static const struct field {
	const char *name;
	enum store_field field;
	enum kind kind;
	const struct choice *choices;
} fields[] = {
	{"Device Name", STORE_FIELD_NAME, KIND_TEXT, NULL},
	{"Description", STORE_FIELD_DESCRIPTION, KIND_TEXT, NULL},
	{"Directory Number", STORE_FIELD_NUMBER, KIND_TEXT, NULL},
	{"Security Profile", STORE_FIELD_PROFILE, KIND_TEXT, NULL},
	{"Owner", STORE_FIELD_OWNER, KIND_TEXT, NULL},
	{"Certificate Operation Status", STORE_FIELD_OPERATION_STATUS, KIND_TEXT, NULL},
	{"LSC Status", STORE_FIELD_OPERATION_STATUS, KIND_TEXT, NULL},
	{"Certificate Operation", STORE_FIELD_OPERATION, KIND_CHOICE, operations},
	{"LSC Issued By", STORE_FIELD_LSC_ISSUER, KIND_TEXT, NULL},
	{"LSC Issuer Expires By", STORE_FIELD_LSC_ISSUER_EXPIRES, KIND_TIME, NULL},
	{"LSC Expires", STORE_FIELD_LSC_EXPIRES, KIND_TIME, NULL},
	{"Authentication String", STORE_FIELD_AUTH_STRING, KIND_SECRET, NULL},
	{"Device Type", STORE_FIELD_MODEL, KIND_MODEL, NULL},
	{"Device Protocol", STORE_FIELD_PROTOCOL, KIND_CHOICE, protocols},
	{"Device Security Mode", STORE_FIELD_SECURITY_MODE, KIND_CHOICE, modes},
	{"Last Active", STORE_FIELD_LAST_SEEN, KIND_TIME, NULL},
	{"Last Registered", STORE_FIELD_LAST_SEEN, KIND_TIME, NULL},
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

/* Which kinds of field take each, in bits; a name before those that it begins with. */
#define FOR(kind)  (1u << (kind))
#define FOR_TEXT   FOR(KIND_TEXT)
#define FOR_VALUES (FOR(KIND_TEXT) | FOR(KIND_MODEL) | FOR(KIND_CHOICE))
#define FOR_ALL    (FOR_VALUES | FOR(KIND_TIME) | FOR(KIND_SECRET))

static const struct match {
	const char *name;
	enum store_match match;
	unsigned kinds;
	bool valued;
} matches[] = {
	{"is not empty", STORE_NOT_EMPTY, FOR_ALL & ~(FOR(KIND_MODEL) | FOR(KIND_CHOICE)), false},
	{"is empty", STORE_EMPTY, FOR_ALL & ~(FOR(KIND_MODEL) | FOR(KIND_CHOICE)), false},
	{"is before", STORE_BEFORE, FOR(KIND_TIME), true},
	{"is after", STORE_AFTER, FOR(KIND_TIME), true},
	{"is exactly", STORE_IS, FOR_VALUES | FOR(KIND_TIME), true},
	{"is not", STORE_IS_NOT, FOR_VALUES, true},
	{"is", STORE_IS, FOR_VALUES, true},
	{"contains", STORE_CONTAINS, FOR_TEXT, true},
	{"begins with", STORE_BEGINS, FOR_TEXT, true},
	{"ends with", STORE_ENDS, FOR_TEXT, true},
};
#define MATCHES (sizeof(matches) / sizeof(matches[0]))

struct parser {
	struct bat_query *q;
	const char *at;
	struct fail *why;
};

static const char *past_blanks(const char *p)
{
	while (*p == ' ')
		p++;
	return p;
}

/* The text behind `word`, which ends there; NULL when it does not stand there. */
static const char *past_word(const char *p, const char *word)
{
	size_t len = strlen(word);

	if (strncasecmp(p, word, len) != 0 || (p[len] && p[len] != ' '))
		return NULL;
	return past_blanks(p + len);
}

static const struct field *find_field(const char **at)
{
	const char *behind;
	size_t i;

	for (i = 0; i < FIELDS; i++) {
		behind = past_word(*at, fields[i].name);
		if (behind) {
			*at = behind;
			return &fields[i];
		}
	}
	return NULL;
}

static enum err expected(const struct parser *p, const char *what, const char *first, size_t size,
	size_t count, unsigned kinds)
{
	struct buf list = {0};
	size_t i;

	for (i = 0; i < count; i++) {
		const char *item = first + i * size;
		const char *name;

		if (kinds && !(((const struct match *)(const void *)item)->kinds & kinds))
			continue;
		memcpy(&name, item, sizeof(name));
		buf_printf(&list, "%s%s", list.len ? ", " : "", name);
	}
	buf_u8(&list, 0);
	fail_set(p->why, ERR_FORMAT, "query, at \"%.30s\": %s is one of: %s", p->at, what,
		buf_check(&list) ? "" : (const char *)list.data);
	buf_fini(&list);
	return ERR_FORMAT;
}

/* Whether "and" or "or" and another condition stand here: then the value before is at its end. */
static bool condition_follows(const char *p)
{
	const char *behind = past_word(p, "and");

	if (!behind)
		behind = past_word(p, "or");
	return behind && find_field(&behind);
}

static enum err read_value(struct parser *p, char out[STORE_TEXT])
{
	const char *start = p->at, *end;

	if (*start == '"') {
		end = strchr(++start, '"');
		if (!end)
			return fail_set(p->why, ERR_FORMAT, "query: a quote is not closed");
		p->at = past_blanks(end + 1);
	} else {
		end = start;
		while (*end &&
			!((end == start || *end == ' ') && condition_follows(past_blanks(end))))
			end++;
		p->at = past_blanks(end);
		while (end > start && end[-1] == ' ')
			end--;
		if (end == start)
			return fail_set(p->why, ERR_FORMAT,
				"query: a value is missing; \"\" is the empty one");
	}
	if ((size_t)(end - start) >= STORE_TEXT)
		return fail_set(
			p->why, ERR_FORMAT, "query: a value has at most %d bytes", STORE_TEXT - 1);
	memcpy(out, start, (size_t)(end - start));
	out[end - start] = '\0';
	return ERR_OK;
}

static enum err set_number(struct parser *p, const struct field *f, struct store_term *t)
{
	const struct choice *c;
	const struct model *m;
	long type;

	switch (f->kind) {
	case KIND_MODEL:
		m = model_find(t->text);
		if (!m && str_number(t->text, 1, 99999, &type))
			return fail_set(p->why, ERR_FORMAT,
				"query: %.40s: Device Type is a model such as Cisco 7961, or the "
				"number of a device type",
				t->text);
		t->number = m ? m->type : type;
		return ERR_OK;
	case KIND_TIME:
		return clock_parse(t->text, &t->number)
			       ? fail_set(p->why, ERR_FORMAT,
					 "query: %.40s: a date is such as 2026-12-01", t->text)
			       : ERR_OK;
	case KIND_CHOICE:
		for (c = f->choices; c->word; c++)
			if (str_ieq(c->word, t->text)) {
				t->number = c->value;
				return ERR_OK;
			}
		p->at = t->text;
		return expected(p, f->name, (const char *)&f->choices[0].word, sizeof(*c),
			(size_t)(c - f->choices), 0);
	case KIND_TEXT:
	case KIND_SECRET:
	default: return ERR_OK;
	}
}

static enum err add_term(struct parser *p, const struct store_term *t)
{
	if (p->q->count == STORE_TERMS_MOST)
		return fail_set(
			p->why, ERR_FORMAT, "query: at most %d conditions", STORE_TERMS_MOST);
	p->q->terms[p->q->count++] = *t;
	return ERR_OK;
}

/* A day is longer than a second: between its neighbours. */
static enum err add_day(struct parser *p, struct store_term *t)
{
	int64_t day = t->number;
	enum err err;

	t->match = STORE_AFTER;
	t->number = day - 1;
	err = add_term(p, t);
	t->match = STORE_BEFORE;
	t->number = day + DAY;
	return err ? err : add_term(p, t);
}

static enum err read_condition(struct parser *p, bool *day)
{
	const struct field *f = find_field(&p->at);
	const struct match *m;
	const char *behind = NULL;
	struct store_term t = {0};
	enum err err;

	if (!f)
		return expected(
			p, "a field", (const char *)&fields[0].name, sizeof(fields[0]), FIELDS, 0);
	/* "is before" of a text is a mistake, and no value "before ...": that would be in quotes.
	 */
	for (m = matches; m < matches + MATCHES && !behind; m++)
		behind = past_word(p->at, m->name);
	m--;
	if (behind && !(m->kinds & FOR(f->kind)))
		behind = NULL;
	if (!behind)
		return expected(p, f->name, (const char *)&matches[0].name, sizeof(matches[0]),
			MATCHES, FOR(f->kind));
	p->at = behind;
	t.field = f->field;
	t.match = m->match;
	t.text = "";
	if (m->valued) {
		if (p->q->count == STORE_TERMS_MOST)
			return add_term(p, &t);
		t.text = p->q->texts[p->q->count];
		err = read_value(p, p->q->texts[p->q->count]);
		if (!err)
			err = set_number(p, f, &t);
		if (err)
			return err;
	}
	*day = *day || (f->kind == KIND_TIME && m->match == STORE_IS);
	return f->kind == KIND_TIME && m->match == STORE_IS ? add_day(p, &t) : add_term(p, &t);
}

enum err bat_query_parse(struct bat_query *q, const char *text, struct fail *why)
{
	struct parser p = {.q = q, .at = past_blanks(text), .why = why};
	const char *behind;
	bool joined = false, any, day = false;
	enum err err = ERR_OK;

	memset(q, 0, sizeof(*q));
	if (strlen(text) >= BAT_QUERY_MOST)
		return fail_set(why, ERR_FORMAT, "query: at most %d bytes", BAT_QUERY_MOST - 1);
	behind = past_word(p.at, "all");
	if (behind && !*behind)
		return ERR_OK;
	for (;;) {
		err = read_condition(&p, &day);
		if (err || !*p.at)
			break;
		behind = past_word(p.at, "and");
		any = !behind;
		if (any)
			behind = past_word(p.at, "or");
		if (!behind)
			return fail_set(
				why, ERR_FORMAT, "query, at \"%.30s\": and, or, or the end", p.at);
		if (joined && any != q->any)
			return fail_set(why, ERR_FORMAT,
				"query: \"and\" and \"or\" cannot stand in one query; ask twice");
		joined = true;
		q->any = any;
		p.at = behind;
	}
	if (!err && q->any && day)
		err = fail_set(
			why, ERR_FORMAT, "query: \"is exactly\" a date goes with \"and\" only");
	return err;
}

struct store_filter bat_query_filter(const struct bat_query *q)
{
	return (struct store_filter){.terms = q->terms, .count = q->count, .any = q->any};
}
