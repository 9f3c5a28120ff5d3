/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/device/line.h"

#include "core/device/internal.h"

struct change {
	struct cluster *c;
	char device[DEVICE_NAME_SIZE];
	int64_t index;
	const struct device_line_values *values; /* NULL: it is deleted */
	struct store_line line;
	bool found;
};

static enum err keep(void *ctx, const struct store_line *l)
{
	struct change *x = ctx;

	if (l->index == x->index) {
		x->line = *l;
		x->found = true;
	}
	return ERR_OK;
}

enum err device_line_text(struct cluster *c, const char *option, const char *text, char *out,
	size_t size, struct fail *why)
{
	struct store_device row = {0};
	const struct device_field *f = device_field_find(option);
	enum err err = text ? device_field_set(c, &row, f, text, why) : ERR_OK;

	if (err || !text)
		return err;
	memset(out, 0, size);
	str_copy(out, size, text);
	return ERR_OK;
}

static enum err put(struct change *x, struct store *s, struct fail *why)
{
	struct store_line *l = &x->line;
	bool follows = strcmp(l->display, l->number) == 0;
	enum err err;

	str_copy(l->device, sizeof(l->device), x->device);
	l->index = x->index;
	err = device_line_text(
		x->c, "number", x->values->number, l->number, sizeof(l->number), why);
	if (!err)
		err = device_line_text(
			x->c, "display", x->values->display, l->display, sizeof(l->display), why);
	if (!err)
		err = device_line_text(
			x->c, "display", x->values->label, l->label, sizeof(l->label), why);
	if (err)
		return err;
	if (!l->number[0])
		return fail_set(why, ERR_FORMAT, "line %lld has no number: --number is needed",
			(long long)x->index);
	if (follows && !x->values->display)
		memcpy(l->display, l->number, sizeof(l->number));
	return store_line_put(s, l, why);
}

static enum err change(void *ctx, struct store *s, struct fail *why)
{
	struct change *x = ctx;
	struct store_device row;
	enum err err = store_device_get(s, x->device, &row, why);

	memset(&x->line, 0, sizeof(x->line));
	x->found = false;
	if (!err)
		err = store_line_each(s, x->device, keep, x, why);
	if (!err && !x->values && !x->found)
		err = fail_set(
			why, ERR_NOTFOUND, "%s has no line %lld", x->device, (long long)x->index);
	if (!err)
		err = x->values ? put(x, s, why) : store_line_delete(s, x->device, x->index, why);
	if (err)
		return err;
	/* Its configuration is another one now. */
	row.version++;
	return store_device_put(s, &row, why);
}

static enum err run(struct change *x, const char *device, struct fail *why)
{
	enum err err = device_name(x->device, device, why);

	if (!err && (x->index < 2 || x->index > DEVICE_LINES_MOST))
		err = fail_set(why, ERR_FORMAT,
			"a line from 2 to %d; line 1 is in the phone's record (device update)",
			DEVICE_LINES_MOST);
	return err ? err : store_transaction(cluster_get_store(x->c), change, x, why);
}

enum err device_line_put(struct cluster *c, const char *device, int64_t index,
	const struct device_line_values *values, struct fail *why)
{
	struct change x = {.c = c, .index = index, .values = values};

	return run(&x, device, why);
}

enum err device_line_delete(struct cluster *c, const char *device, int64_t index, struct fail *why)
{
	struct change x = {.c = c, .index = index};

	return run(&x, device, why);
}
