/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/device/table_lines.h"

#include "base/mem.h"
#include "core/device/internal.h"
#include "wire/csv/csv.h"

#include <stdio.h>
#include <strings.h>

static const char *const labels[] = {
	[LINE_NUMBER] = "Directory Number ",
	[LINE_DISPLAY] = "Line Display ",
	[LINE_LABEL] = "Line Text Label ",
};
#define PARTS (sizeof(labels) / sizeof(labels[0]))

bool line_column(const char *label, int64_t *line, enum line_part *part)
{
	long number;
	size_t i, len;

	for (i = 0; i < PARTS; i++) {
		len = strlen(labels[i]);
		if (strncasecmp(label, labels[i], len) != 0 ||
			str_number(label + len, 2, DEVICE_LINES_MOST, &number))
			continue;
		*line = number;
		*part = (enum line_part)i;
		return true;
	}
	return false;
}

struct finding {
	int64_t line;
	struct store_line *out;
};

static enum err keep(void *ctx, const struct store_line *l)
{
	const struct finding *f = ctx;

	if (l->index == f->line)
		*f->out = *l;
	return ERR_OK;
}

/* The line's entry; new ones begin as the store has the line. */
static enum err entry_of(struct table_lines *t, struct cluster *c, const char *device,
	const struct table_line *like, struct table_line **out, struct fail *why)
{
	size_t want = t->room ? t->room * 2 : 64, i = t->count;
	struct table_line *e;
	struct finding f = {.line = like->line.index};

	/* Those of one phone are the newest. */
	while (i > 0 && t->of[i - 1].entry == like->entry)
		if (t->of[--i].line.index == like->line.index) {
			*out = &t->of[i];
			return ERR_OK;
		}
	if (t->count == t->room) {
		e = mem_resize(t->of, want * sizeof(*e));
		if (!e)
			return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
		t->of = e;
		t->room = want;
	}
	e = &t->of[t->count++];
	*e = *like;
	str_copy(e->line.device, sizeof(e->line.device), device);
	f.out = &e->line;
	*out = e;
	return store_line_each(cluster_get_store(c), device, keep, &f, why);
}

enum err table_lines_set(struct table_lines *t, struct cluster *c, const char *device, size_t entry,
	unsigned at, int64_t line, enum line_part part, const char *text, struct fail *why)
{
	const struct table_line like = {.entry = entry, .at = at, .line = {.index = line}};
	struct table_line *e = NULL;
	struct store_line before;
	bool follows;
	enum err err = entry_of(t, c, device, &like, &e, why);

	if (err || !e)
		return err;
	before = e->line;
	follows = strcmp(before.display, before.number) == 0;
	switch (part) {
	case LINE_NUMBER:
		err = device_line_text(
			c, "number", text, e->line.number, sizeof(e->line.number), why);
		if (!err && follows)
			memcpy(e->line.display, e->line.number, sizeof(e->line.number));
		e->moved |= before.number[0] && strcmp(before.number, e->line.number) != 0;
		break;
	case LINE_DISPLAY:
		err = device_line_text(
			c, "display", text, e->line.display, sizeof(e->line.display), why);
		break;
	case LINE_LABEL:
		err = device_line_text(
			c, "display", text, e->line.label, sizeof(e->line.label), why);
		break;
	}
	e->changed |= strcmp(before.number, e->line.number) != 0 ||
		      strcmp(before.display, e->line.display) != 0 ||
		      strcmp(before.label, e->line.label) != 0;
	return err;
}

enum err table_lines_check(const struct table_lines *t, struct fail *why)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		if (!t->of[i].line.number[0])
			return fail_set(why, ERR_FORMAT,
				"line %u: %s: line %lld has no directory number", t->of[i].at,
				t->of[i].line.device, (long long)t->of[i].line.index);
	return ERR_OK;
}

enum err table_lines_release(const struct table_lines *t, struct store *s, struct fail *why)
{
	enum err err = ERR_OK;
	size_t i;

	for (i = 0; !err && i < t->count; i++)
		if (t->of[i].moved)
			err = store_line_delete(s, t->of[i].line.device, t->of[i].line.index, why);
	return err;
}

enum err table_lines_put(const struct table_lines *t, struct store *s, struct fail *why)
{
	struct fail local = {0};
	enum err err = ERR_OK;
	size_t i;

	for (i = 0; !err && i < t->count; i++) {
		if (!t->of[i].changed)
			continue;
		err = store_line_put(s, &t->of[i].line, &local);
		if (err)
			fail_set(why, err, "line %u: %s: %s", t->of[i].at, t->of[i].line.device,
				local.text);
	}
	return err;
}

void table_lines_fini(struct table_lines *t)
{
	mem_free(t->of);
	memset(t, 0, sizeof(*t));
}

void table_lines_head(int64_t most, struct buf *csv)
{
	char label[64];
	int64_t line;
	size_t i;

	for (line = 2; line <= most; line++)
		for (i = 0; i < PARTS; i++) {
			snprintf(label, sizeof(label), "%s%lld", labels[i], (long long)line);
			csv_put(csv, label, false);
		}
}

struct writing {
	struct buf *csv;
	int64_t next;
};

static void pass_over(struct writing *w, int64_t line)
{
	for (; w->next < line; w->next++) {
		csv_put(w->csv, "", false);
		csv_put(w->csv, "", false);
		csv_put(w->csv, "", false);
	}
}

static enum err write_line(void *ctx, const struct store_line *l)
{
	struct writing *w = ctx;

	if (l->index < w->next)
		return ERR_OK;
	pass_over(w, l->index);
	csv_put(w->csv, l->number, false);
	csv_put(w->csv, l->display, false);
	csv_put(w->csv, l->label, false);
	w->next = l->index + 1;
	return ERR_OK;
}

enum err table_lines_write(struct store *s, const char *device, int64_t most, struct buf *csv)
{
	struct writing w = {.csv = csv, .next = 2};
	enum err err = most < 2 ? ERR_OK : store_line_each(s, device, write_line, &w, NULL);

	pass_over(&w, most + 1);
	return err;
}
