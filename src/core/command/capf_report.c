/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/handlers.h"

#include "base/file.h"
#include "core/bat/query.h"
#include "core/capf/report.h"
#include "core/command/table_args.h"
#include "wire/csv/csv.h"

#include <stdio.h>

#define DAY_SIZE 11 /* "2026-11-30" with NUL */

const struct command_arg capf_report_args[] = {
	{ARG_WORD, "query", "QUERY", false, 0, 0,
		"which phones, as in bat query: \"LSC Expires is before 2027-01-01\" (all)"},
	{ARG_TEXT, "expires-before", "DATE", false, 0, 0, "LSCs that expire before this day"},
	{ARG_FLAG, "no-lsc", NULL, false, 0, 0, "phones that have none"},
	{ARG_TEXT, "issuer", "TEXT", false, 0, 0, "LSCs whose issuer's name contains this"},
	{ARG_TEXT, "csv", "FILE", false, 0, 0, "write a CSV file instead"},
	END,
};

/* What the original prints where there is nothing: NA without a certificate, Unknown for one whose
 * date is not recorded. */
static const char *day(char out[CLOCK_DATE_MAX], const struct store_phone_cert *lsc, int64_t when)
{
	if (!lsc)
		return "NA";
	if (!when)
		return "Unknown";
	clock_print_iso(out, when);
	out[DAY_SIZE - 1] = '\0';
	return out;
}

/* "CAPF-9c4cba7d" of "CN=CAPF-9c4cba7d;OU=TAC;..." */
static const char *common_name(char out[STORE_TEXT], const char *subject)
{
	const char *at = strstr(subject, "CN=");

	at = at ? at + 3 : subject;
	snprintf(out, STORE_TEXT, "%.*s", (int)strcspn(at, ";,"), at);
	return out;
}

struct reporting {
	struct command_reply *reply;
	struct json *rows;
	struct buf csv;
	size_t count;
};

struct report_texts {
	const char *status, *issuer, *expires, *issuer_expires;
	char issuer_name[STORE_TEXT], at[2][CLOCK_DATE_MAX];
};

static void texts_of(struct report_texts *t, const struct report_row *row)
{
	const struct store_phone_cert *lsc = row->lsc;

	t->status = row->device->operation_status[0] ? row->device->operation_status : "None";
	t->issuer = lsc ? common_name(t->issuer_name, lsc->issuer) : "NA";
	if (!t->issuer[0])
		t->issuer = "Unknown";
	t->expires = day(t->at[0], lsc, lsc ? lsc->not_after : 0);
	t->issuer_expires = day(t->at[1], lsc, lsc ? lsc->issuer_not_after : 0);
}

static enum err report_one(void *ctx, const struct report_row *row)
{
	struct reporting *r = ctx;
	const struct store_device *d = row->device;
	struct report_texts t;
	struct json *j = json_object_new();

	texts_of(&t, row);
	r->count++;
	json_set_str(j, "name", d->name);
	json_set_str(j, "description", d->description);
	json_set_str(j, "profile", d->profile);
	json_set_str(j, "status", t.status);
	json_set_str(j, "expires", t.expires);
	json_set_str(j, "issuedBy", t.issuer);
	json_set_str(j, "issuerExpires", t.issuer_expires);
	json_append_take(r->rows, j);
	buf_printf(&r->reply->text, "%-16s %-32s %-11s %-24s %s\n", d->name, t.status, t.expires,
		t.issuer, t.issuer_expires);
	csv_put(&r->csv, d->name, true);
	csv_put(&r->csv, d->description, false);
	csv_put(&r->csv, d->profile, false);
	csv_put(&r->csv, t.status, false);
	csv_put(&r->csv, t.expires, false);
	csv_put(&r->csv, t.issuer, false);
	csv_put(&r->csv, t.issuer_expires, false);
	csv_end(&r->csv);
	return buf_check(&r->csv);
}

/* --expires-before, --no-lsc and --issuer beside or instead of a query. */
static enum err filter_of(struct bat_query *q, const struct json *args, struct fail *why)
{
	const char *query = json_get_str(args, "query"), *issuer = json_get_str(args, "issuer"),
		   *before = json_get_str(args, "expires-before");
	struct store_term *t;
	enum err err = bat_query_parse(q, query ? query : "all", why);

	if (!err && q->any && (issuer || before || json_get_bool(args, "no-lsc")))
		err = fail_set(why, ERR_ARG,
			"a query with \"or\" takes no further condition; write it into the query");
	if (!err && q->count + 3 > STORE_TERMS_MOST)
		err = fail_set(why, ERR_LIMIT, "the query has too many conditions");
	if (err)
		return err;
	if (before) {
		t = &q->terms[q->count++];
		*t = (struct store_term){.field = STORE_FIELD_LSC_EXPIRES, .match = STORE_BEFORE};
		if (clock_parse(before, &t->number))
			return fail_set(why, ERR_FORMAT,
				"--expires-before: %.40s is no date; write 2027-01-31", before);
	}
	if (json_get_bool(args, "no-lsc"))
		q->terms[q->count++] =
			(struct store_term){.field = STORE_FIELD_LSC_EXPIRES, .match = STORE_EMPTY};
	if (issuer)
		q->terms[q->count++] = (struct store_term){
			.field = STORE_FIELD_LSC_ISSUER, .match = STORE_CONTAINS, .text = issuer};
	return ERR_OK;
}

static void begin_csv(struct buf *csv)
{
	static const char *const heads[] = {"Device Name", "Description", "Security Profile",
		"LSC Status", "LSC Expires", "LSC Issued By", "LSC Issuer Expires By"};

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		csv_put(csv, heads[i], i == 0);
	csv_end(csv);
}

void handle_show_capf_report(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *path = json_get_str(args, "csv");
	struct reporting r = {.reply = reply, .rows = json_array_new()};
	struct fail why = {0};
	struct bat_query q;
	struct store_filter filter;
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? filter_of(&q, args, &why) : why.code;

	begin_csv(&r.csv);
	if (!err) {
		buf_printf(&reply->text, "%-16s %-32s %-11s %-24s %s\n", "Device Name",
			"LSC Status", "LSC Expires", "LSC Issued By", "LSC Issuer Expires By");
		filter = bat_query_filter(&q);
		err = report_each(c, &filter, report_one, &r, &why);
	}
	json_set_take(reply->data, "phones", r.rows);
	if (!err && path) {
		buf_clear(&reply->text);
		err = file_create(path, buf_span(&r.csv), 0644, &why);
	}
	if (err)
		command_refuse(reply, &why);
	else if (path)
		buf_printf(&reply->text, "%zu phones written to %s\n", r.count, path);
	else
		buf_printf(&reply->text, "%zu phones\n", r.count);
	buf_fini(&r.csv);
}

static enum err issuer_one(void *ctx, const struct report_issuer *i)
{
	struct reporting *r = ctx;
	struct json *j = json_object_new();
	char to[CLOCK_DATE_MAX] = "Unknown", name[STORE_TEXT];

	if (i->not_after) {
		clock_print_iso(to, i->not_after);
		to[DAY_SIZE - 1] = '\0';
	}
	json_set_str(j, "subject", i->subject);
	json_set_str(j, "sha256", i->fingerprint);
	json_set_str(j, "place", i->place);
	json_set_int(j, "notAfter", i->not_after);
	json_set_int(j, "phones", i->phones);
	json_set_bool(j, "issues", i->issues);
	json_append_take(r->rows, j);
	buf_printf(&r->reply->text, "%-24s %-11s %8lld  %s\n", common_name(name, i->subject), to,
		(long long)i->phones,
		i->issues ? "CAPF, issues LSCs now"
		: i->place[0]
			? i->place
			: "NOT TRUSTED: these phones cannot register; import its certificate: "
			  "cadeado set cert import trust CAPF-trust FILE");
	if (!i->place[0])
		r->reply->exit = COMMAND_FAULT;
	return ERR_OK;
}

void handle_show_capf_issuers(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct reporting r = {.reply = reply, .rows = json_array_new()};
	struct fail why = {0};
	struct cluster *c = command_cluster(ctx, &why);

	(void)args;
	buf_printf(
		&reply->text, "%-24s %-11s %8s  %s\n", "Issuer", "Expires", "Phones", "Trusted as");
	if (!c || report_issuers(c, issuer_one, &r, &why) != ERR_OK)
		command_refuse(reply, &why);
	json_set_take(reply->data, "issuers", r.rows);
}

static enum err stale_one(void *ctx, const struct report_stale *s)
{
	struct reporting *r = ctx;
	struct json *j = json_object_new();
	char to[CLOCK_DATE_MAX];

	clock_print_iso(to, s->issued->not_after);
	r->count++;
	json_set_str(j, "device", s->issued->device);
	json_set_str(j, "serial", s->issued->serial);
	json_set_str(j, "issuer", s->issued->issuer_fingerprint);
	json_set_int(j, "notAfter", s->issued->not_after);
	json_set_str(j, "reason", s->reason);
	json_set_bool(j, "expired", s->expired);
	json_append_take(r->rows, j);
	to[DAY_SIZE - 1] = '\0';
	buf_printf(&r->reply->text, "%-16s %-40s %s %s: %s\n", s->issued->device, s->issued->serial,
		s->expired ? "expired" : "until", to, s->reason);
	return ERR_OK;
}

void handle_capf_stale_list(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct reporting r = {.reply = reply, .rows = json_array_new()};
	struct fail why = {0};
	struct cluster *c = command_cluster(ctx, &why);

	(void)args;
	if (!c || report_stale_each(c, stale_one, &r, &why) != ERR_OK)
		command_refuse(reply, &why);
	else
		buf_printf(
			&reply->text, "%zu certificates that no phone holds any more\n", r.count);
	json_set_take(reply->data, "certificates", r.rows);
}

void handle_capf_stale_delete(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	int64_t deleted = 0, kept = 0;
	struct fail why = {0};
	struct cluster *c = command_cluster(ctx, &why);

	(void)args;
	if (!c || report_stale_delete(c, &deleted, &kept, &why) != ERR_OK) {
		command_refuse(reply, &why);
		return;
	}
	json_set_int(reply->data, "deleted", deleted);
	json_set_int(reply->data, "kept", kept);
	buf_printf(&reply->text, "%lld expired certificates forgotten", (long long)deleted);
	if (kept)
		buf_printf(&reply->text,
			"; %lld stay until they expire, for a phone may still show one",
			(long long)kept);
	buf_str(&reply->text, "\n");
}
