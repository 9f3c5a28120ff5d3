/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/capf/slip.h"

#include "base/mem.h"
#include "base/str.h"
#include "core/device/rules.h"
#include "core/profile/profile.h"
#include "store/capf.h"

#define CHUNK 256 /* phones between two looks at the progress, and of one statement */

static enum err fill(struct slip *slip, struct device_rules *rules, const struct store_device *d,
	unsigned digits, struct fail *why)
{
	const struct profile *p;
	enum err err = device_rules_profile(rules, d->profile, &p, why);

	if (err)
		return err;
	str_copy(slip->device, sizeof(slip->device), d->name);
	str_copy(slip->description, sizeof(slip->description), d->description);
	str_copy(slip->number, sizeof(slip->number), d->number);
	slip->model = model_of((int)d->model);
	slip->in_place = d->auth_string.len > 0;
	slip->asks = (d->auth_mode ? d->auth_mode : p->auth) == PROFILE_AUTH_STRING;
	slip->ordered = d->operation != 0;
	slip->by = slip->ordered ? d->operation_by : 0;
	return auth_string_draw(digits, slip->string, why);
}

enum err slips_draw(struct cluster *c, const struct bat_choice *choice, unsigned digits,
	bool missing, struct slips *out, struct fail *why)
{
	struct device_rules rules = {.c = c};
	struct store_device d;
	enum err err = ERR_OK;
	size_t i;

	memset(out, 0, sizeof(*out));
	out->of = choice->count ? mem_new(choice->count * sizeof(*out->of)) : NULL;
	if (choice->count && !out->of)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	for (i = 0; !err && i < choice->count; i++) {
		err = store_device_get(cluster_get_store(c), choice->names[i], &d, why);
		if (err)
			break;
		if (!model_of((int)d.model)->rsa_max)
			out->unable++;
		else if (missing && d.auth_string.len)
			out->kept++;
		else
			err = fill(&out->of[out->count++], &rules, &d, digits, why);
	}
	if (err)
		slips_fini(out);
	return err;
}

struct sealing {
	struct cluster *c;
	struct slip *of;
};

static void seal_one(void *arg, size_t i)
{
	const struct sealing *x = arg;
	struct slip *slip = &x->of[i];

	slip->err = auth_string_seal(x->c, slip->device, slip->string, &slip->sealed, &slip->why);
}

enum err slips_seal(
	struct cluster *c, struct slips *s, const struct slips_work *how, struct fail *why)
{
	struct sealing x = {.c = c};
	size_t at, n, i;

	for (at = 0; at < s->count; at += n) {
		x.of = s->of + at;
		/* The first one makes the key, where there is none yet. */
		n = !at ? 1 : s->count - at < CHUNK ? s->count - at : CHUNK;
		if (how->parallel)
			how->parallel(how->ctx, n, seal_one, &x);
		for (i = 0; !how->parallel && i < n; i++)
			seal_one(&x, i);
		for (i = 0; i < n; i++)
			if (x.of[i].err)
				return fail_set(why, x.of[i].err, "%s", x.of[i].why.text);
		if (how->progress)
			how->progress(at + n, s->count);
	}
	return ERR_OK;
}

struct keeping {
	const struct slips *s;
	int64_t now;
	struct store_device *rows; /* CHUNK of each */
	struct store_enrolment *made;
};

static enum err keep_all(void *ctx, struct store *s, struct fail *why)
{
	const struct keeping *k = ctx;
	size_t i, n = 0;
	enum err err = ERR_OK;

	for (i = 0; !err && i < k->s->count; i++) {
		const struct slip *slip = &k->s->of[i];

		err = store_device_get(s, slip->device, &k->rows[n], why);
		if (!err)
			err = store_enrolment_get(s, slip->device, &k->made[n], why);
		if (err)
			break;
		k->rows[n].auth_string = slip->sealed;
		k->made[n].string_made = k->now;
		if (++n < CHUNK && i + 1 < k->s->count)
			continue;
		err = store_device_put_many(s, k->rows, n, why);
		if (!err)
			err = store_enrolment_put_many(s, k->made, n, why);
		n = 0;
	}
	return err;
}

enum err slips_keep(struct cluster *c, const struct slips *s, struct fail *why)
{
	struct keeping k = {.s = s, .now = clock_seconds(cluster_get_clock(c))};
	enum err err = ERR_NOMEM;

	k.rows = mem_new(CHUNK * sizeof(*k.rows));
	k.made = mem_new(CHUNK * sizeof(*k.made));
	if (k.rows && k.made)
		err = store_transaction(cluster_get_store(c), keep_all, &k, why);
	else
		fail_set(why, err, "%s", err_text(err));
	mem_free(k.rows);
	mem_free(k.made);
	return err;
}

/* --- paper --- */

#define RULE "------------------------------------------------------------------------\n"

static const char *until(const struct slip *slip, char date[CLOCK_DATE_MAX])
{
	if (!slip->by)
		return NULL;
	clock_print_iso(date, slip->by);
	return date;
}

void slips_text(const struct slips *s, struct buf *out)
{
	char date[CLOCK_DATE_MAX];
	size_t i;

	for (i = 0; i < s->count; i++) {
		const struct slip *slip = &s->of[i];
		const char *by = until(slip, date);

		buf_printf(out, RULE " %s   %s%s%s\n", slip->device, slip->model->name,
			slip->number[0] ? "   " : "", slip->number);
		if (slip->description[0])
			buf_printf(out, " %s\n", slip->description);
		buf_printf(out, "\n     Authentication string:   %s\n\n", slip->string);
		buf_printf(out, " On the phone press %s;\n type the string, then Submit.\n",
			slip->model->update);
		if (by)
			buf_printf(out, " Before %s.\n", by);
		buf_str(out,
			" It is good once. Destroy this slip when the phone says Installed.\n");
	}
	if (s->count)
		buf_str(out, RULE);
}

static void put_escaped(struct buf *out, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '<': buf_str(out, "&lt;"); break;
		case '>': buf_str(out, "&gt;"); break;
		case '&': buf_str(out, "&amp;"); break;
		case '"': buf_str(out, "&quot;"); break;
		default: buf_u8(out, (uint8_t)*text); break;
		}
}

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	"<title>Authentication strings</title>\n<style>\n"
	"body { font: 11pt/1.4 sans-serif; margin: 1cm; }\n"
	"section { border: 1px dashed #666; padding: 0.5cm; margin-bottom: 0.5cm;"
	" break-inside: avoid; }\n"
	"h2 { font-size: 13pt; margin: 0; }\n"
	"p { margin: 0.2cm 0 0; }\n"
	".string { font: bold 20pt monospace; letter-spacing: 0.15em; }\n"
	"</style>\n</head>\n<body>\n";

void slips_html(const struct slips *s, struct buf *out)
{
	char date[CLOCK_DATE_MAX];
	size_t i;

	buf_str(out, head);
	for (i = 0; i < s->count; i++) {
		const struct slip *slip = &s->of[i];
		const char *by = until(slip, date);

		buf_printf(out, "<section>\n<h2>%s</h2>\n<p>%s", slip->device, slip->model->name);
		if (slip->number[0]) {
			buf_str(out, ", ");
			put_escaped(out, slip->number);
		}
		if (slip->description[0]) {
			buf_str(out, ": ");
			put_escaped(out, slip->description);
		}
		buf_printf(out, "</p>\n<p class=\"string\">%s</p>\n<p>On the phone press <b>",
			slip->string);
		put_escaped(out, slip->model->update);
		buf_str(out, "</b>; type the string, then <b>Submit</b>.");
		if (by)
			buf_printf(out, " Before %s.", by);
		buf_str(out, "</p>\n<p>It is good once. Destroy this slip when the phone says"
			     " <b>Installed</b>.</p>\n</section>\n");
	}
	buf_str(out, "</body>\n</html>\n");
}

void slips_fini(struct slips *s)
{
	if (s->of)
		mem_wipe(s->of, s->count * sizeof(*s->of));
	mem_free(s->of);
	memset(s, 0, sizeof(*s));
}
