/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/doctor/judging.h"

#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>

const char *doctor_verdict_text(enum doctor_verdict v)
{
	static const char *const texts[] = {"good", "fault", "cannot tell"};

	return texts[v];
}

static void worsen(struct doctor_check *c, enum doctor_verdict v)
{
	if (c->verdict != DOCTOR_FAULT && v != DOCTOR_GOOD)
		c->verdict = v;
}

enum doctor_verdict doctor_say(struct doctor_check *c, enum doctor_verdict v, const char *fmt, ...)
{
	va_list args;

	worsen(c, v);
	if (v != DOCTOR_GOOD)
		buf_printf(&c->evidence, "%s: ", doctor_verdict_text(v));
	va_start(args, fmt);
	buf_vprintf(&c->evidence, fmt, args);
	va_end(args);
	buf_str(&c->evidence, "\n");
	return v;
}

void doctor_remedy(struct doctor_check *c, const char *fmt, ...)
{
	va_list args;

	if (c->remedy[0])
		return;
	va_start(args, fmt);
	vsnprintf(c->remedy, sizeof c->remedy, fmt, args);
	va_end(args);
}

void doctor_report_fini(struct doctor_report *r)
{
	for (size_t i = 0; i < DOCTOR_CHECKS; i++)
		buf_fini(&r->checks[i].evidence);
}

/* Every line of the evidence under its check, indented. */
static void indent(struct buf *out, struct span text)
{
	const uint8_t *p = text.ptr, *end = text.ptr + text.len;

	while (p < end) {
		const uint8_t *eol = memchr(p, '\n', (size_t)(end - p));
		size_t len = eol ? (size_t)(eol - p) : (size_t)(end - p);

		buf_str(out, "     ");
		str_printable(out, span_of(p, len));
		buf_str(out, "\n");
		p += len + 1;
	}
}

static void verdict_list(const struct doctor_report *r, enum doctor_verdict v, struct buf *out)
{
	bool first = true;

	for (size_t i = 0; i < DOCTOR_CHECKS; i++)
		if (r->checks[i].verdict == v) {
			buf_printf(out, "%s%zu", first ? "" : ", ", i + 1);
			first = false;
		}
	if (first)
		buf_str(out, "none");
}

void doctor_report_text(const struct doctor_report *r, struct buf *out)
{
	for (size_t i = 0; i < DOCTOR_CHECKS; i++) {
		const struct doctor_check *c = &r->checks[i];

		buf_printf(
			out, "%zu. %-58s %s\n", i + 1, c->title, doctor_verdict_text(c->verdict));
		indent(out, buf_span(&c->evidence));
		if (c->remedy[0])
			buf_printf(out, "     next: %s\n", c->remedy);
	}
	if (r->good) {
		buf_str(out, "All eight checks are good.\n");
		return;
	}
	buf_str(out, "Fault: ");
	verdict_list(r, DOCTOR_FAULT, out);
	buf_str(out, ". Cannot tell: ");
	verdict_list(r, DOCTOR_CANNOT_TELL, out);
	buf_str(out, ".\n");
}

struct json *doctor_report_json(const struct doctor_report *r)
{
	struct json *out = json_object_new(), *rows = json_array_new();

	for (size_t i = 0; i < DOCTOR_CHECKS; i++) {
		const struct doctor_check *c = &r->checks[i];
		struct json *row = json_object_new(), *lines = json_array_new();
		struct span text = buf_span(&c->evidence);
		const uint8_t *p = text.ptr, *end = text.ptr + text.len;

		while (p < end) {
			const uint8_t *eol = memchr(p, '\n', (size_t)(end - p));

			json_append_take(lines, json_span_new(span_of(p, (size_t)(eol - p))));
			p = eol + 1;
		}
		json_set_int(row, "check", (int64_t)i + 1);
		json_set_str(row, "title", c->title);
		json_set_str(row, "verdict", doctor_verdict_text(c->verdict));
		json_set_take(row, "evidence", lines);
		json_set_str(row, "next", c->remedy);
		json_append_take(rows, row);
	}
	json_set_take(out, "checks", rows);
	json_set_bool(out, "good", r->good);
	return out;
}
