/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/verify.h"

#include "base/str.h"

struct tally {
	size_t good, bad, unreadable, left_out, findings, with_findings;
};

static bool is_list(const struct verify_file *f)
{
	return strcmp(f->kind, "CTL") == 0 || strcmp(f->kind, "ITL") == 0;
}

/* A signature that is good, whatever a holder thinks of its signer. */
static bool verified(const struct verify_file *f)
{
	return !f->why.code && (f->state == VERIFY_GOOD || f->state == VERIFY_BAD);
}

static void put_line(struct buf *out, const char *text)
{
	str_printable(out, span_str(text));
	buf_str(out, "\n");
}

/* The closing line of `show`, which speaks of signature and signer alone. */
static void put_verdict(struct buf *out, const struct verify_file *f)
{
	if (f->state == VERIFY_UNREADABLE) {
		/* ERR_ARG: it was read, but nobody has said who should have signed it. */
		buf_str(out, f->why.code == ERR_ARG ? "The file was not verified.\n"
						    : "The file cannot be read.\n");
		put_line(out, f->why.text);
	} else if (is_list(f) && verified(f)) {
		buf_printf(out, "The %s file was verified successfully.\n", f->kind);
	} else if (is_list(f)) {
		buf_printf(out, "Verification of the %s File Failed\n", f->kind);
		put_line(out, f->why.text);
	} else if (f->state == VERIFY_LEFT_OUT) {
		buf_printf(out, "The %s file was not verified: give --with.\n", f->kind);
	} else if (verified(f)) {
		buf_printf(out, "The %s file was verified successfully.\n", f->kind);
	} else {
		buf_printf(out, "Verification of the %s file failed\n", f->kind);
		put_line(out, f->why.text);
	}
}

static void put_holder(struct buf *out, const struct verify_how *how, const struct verify_file *f)
{
	buf_str(out, "A phone that holds ");
	str_printable(out, span_str(how->holding_path));
	buf_printf(out, " %s it: ", f->accepted ? "accepts" : "rejects");
	buf_put(out, buf_span(&f->because));
	buf_str(out, "\n");
}

static void put_findings(struct buf *out, const struct verify_file *f)
{
	size_t i;

	if (f->count)
		buf_printf(out, "\nFindings: %zu\n", f->count);
	for (i = 0; i < f->kept; i++) {
		const struct verify_finding *g = &f->findings[i];

		buf_printf(out, "  %-7s  ", list_severity_name(g->severity));
		str_printable(out, span_str(g->place ? g->place : ""));
		buf_str(out, ": ");
		str_printable(out, span_str(g->text ? g->text : ""));
		buf_printf(out, " (%s)\n", g->code);
	}
	if (f->count > f->kept)
		buf_printf(out, "  and %zu more\n", f->count - f->kept);
}

static void put_file(
	struct buf *out, const struct verify_how *how, const struct verify_file *f, bool named)
{
	if (named) {
		str_printable(out, span_str(f->path));
		buf_str(out, ":\n");
	}
	put_verdict(out, f);
	if (f->held)
		put_holder(out, how, f);
	put_findings(out, f);
	if (named)
		buf_str(out, "\n");
}

static bool is_bad(const struct verify_how *how, const struct verify_file *f)
{
	return f->state == VERIFY_BAD || f->state == VERIFY_UNREADABLE ||
	       (how->strict && f->serious);
}

static void put_bad_line(struct buf *out, const struct verify_how *how, const struct verify_file *f)
{
	str_printable(out, span_str(f->path));
	buf_str(out, ": ");
	if (f->state == VERIFY_UNREADABLE) {
		buf_str(out, "cannot be read: ");
		str_printable(out, span_str(f->why.text));
	} else if (f->why.code) {
		buf_str(out, "not verified: ");
		str_printable(out, span_str(f->why.text));
	} else if (f->held && !f->accepted) {
		buf_str(out, "rejected by a phone that holds ");
		str_printable(out, span_str(how->holding_path));
		buf_str(out, ": ");
		buf_put(out, buf_span(&f->because));
	} else if (f->kept) {
		buf_printf(out, "%zu finding%s, the first: ", f->count, f->count == 1 ? "" : "s");
		str_printable(out, span_str(f->findings[0].place ? f->findings[0].place : ""));
		buf_str(out, ": ");
		str_printable(out, span_str(f->findings[0].text ? f->findings[0].text : ""));
	}
	buf_str(out, "\n");
}

static void put_summary(struct buf *out, const struct tally *t, size_t count)
{
	buf_printf(out, "%zu file%s: %zu verified, %zu not, %zu unreadable", count,
		count == 1 ? "" : "s", t->good, t->bad, t->unreadable);
	if (t->left_out)
		buf_printf(out, ", %zu signed left out for want of --with", t->left_out);
	if (t->findings)
		buf_printf(out, "; %zu finding%s in %zu", t->findings, t->findings == 1 ? "" : "s",
			t->with_findings);
	buf_str(out, "\n");
}

static struct json *findings_json(const struct verify_file *f)
{
	struct json *all = json_array_new();
	size_t i;

	for (i = 0; i < f->kept; i++) {
		const struct verify_finding *g = &f->findings[i];
		struct json *o = json_object_new();

		json_set_str(o, "code", g->code);
		json_set_str(o, "severity", list_severity_name(g->severity));
		json_set_take(o, "place", g->place ? json_string_new(g->place) : NULL);
		json_set_take(o, "text", g->text ? json_string_new(g->text) : NULL);
		if (g->record)
			json_set_int(o, "record", (int64_t)g->record);
		json_append_take(all, o);
	}
	return all;
}

static struct json *file_json(const struct verify_how *how, const struct verify_file *f)
{
	static const char *const states[] = {"verified", "not verified", "unreadable", "left out"};
	struct json *o = json_object_new();
	struct json *holding;

	json_set_str(o, "file", f->path);
	json_set_str(o, "kind", f->kind);
	json_set_str(o, "verdict",
		f->state == VERIFY_BAD && verified(f) ? states[VERIFY_GOOD] : states[f->state]);
	json_set_bool(o, "verified", f->state != VERIFY_LEFT_OUT && verified(f));
	if (f->why.code) {
		json_set_str(o, "error", err_name(f->why.code));
		json_set_str(o, "reason", f->why.text);
	}
	if (f->held) {
		holding = json_object_new();
		json_set_str(holding, "list", how->holding_path);
		json_set_bool(holding, "accepts", f->accepted);
		json_set_take(holding, "because", json_span_new(buf_span(&f->because)));
		json_set_take(o, "holding", holding);
	}
	json_set_take(o, "findings", findings_json(f));
	if (f->count > f->kept)
		json_set_int(o, "moreFindings", (int64_t)(f->count - f->kept));
	return o;
}

static void count_file(struct tally *t, const struct verify_file *f)
{
	switch (f->state) {
	case VERIFY_GOOD: t->good++; break;
	case VERIFY_BAD: t->bad++; break;
	case VERIFY_UNREADABLE: t->unreadable++; break;
	case VERIFY_LEFT_OUT: t->left_out++; break;
	}
	t->findings += f->count;
	t->with_findings += f->count != 0;
}

static void nothing_verified(struct command_reply *reply)
{
	struct fail why = {0};

	fail_set(&why, ERR_ARG, "nothing was verified: signed files need --with");
	command_refuse(reply, &why);
	reply->exit = COMMAND_USAGE;
}

void verify_reply(const struct verify_how *how, const struct verify_file *files, size_t count,
	bool text_only, struct command_reply *reply)
{
	struct json *all = text_only ? NULL : json_array_new();
	struct tally t = {0};
	bool serious = false;
	size_t i;

	for (i = 0; i < count; i++) {
		const struct verify_file *f = &files[i];

		count_file(&t, f);
		serious = serious || f->serious;
		if (!text_only)
			json_append_take(all, file_json(how, f));
		if (how->folder && is_bad(how, f))
			put_bad_line(&reply->text, how, f);
		else if (!how->folder)
			put_file(&reply->text, how, f, count > 1);
	}
	if (how->folder || count > 1)
		put_summary(&reply->text, &t, count);
	if (!text_only)
		json_set_take(reply->data, "files", all);
	json_set_int(reply->data, "verified", (int64_t)t.good);
	json_set_int(reply->data, "notVerified", (int64_t)t.bad);
	json_set_int(reply->data, "unreadable", (int64_t)t.unreadable);
	json_set_int(reply->data, "leftOut", (int64_t)t.left_out);
	json_set_int(reply->data, "findings", (int64_t)t.findings);
	if (t.left_out == count)
		nothing_verified(reply);
	else if (t.unreadable)
		reply->exit = COMMAND_USAGE;
	else if (t.bad || (how->strict && serious))
		reply->exit = COMMAND_FAULT;
}
