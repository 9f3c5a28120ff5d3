/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/list/diff.h"
#include "core/list/explain.h"
#include "lib/lib.h"

struct explained {
	cad_explained_fn *each;
	void *ctx;
};

static void pass_field(void *ctx, const struct list_field *f)
{
	struct explained *to = ctx;
	struct cad_field field = {
		.at = f->at,
		.size = f->size,
		.record = f->record,
		.name = f->name,
		.value = f->value,
	};

	to->each(to->ctx, &field);
}

int cad_explain(
	const void *bytes, size_t len, cad_explained_fn *each, void *ctx, struct cad_error *error)
{
	struct explained to = {each, ctx};
	struct span file = span_of(bytes, len);
	struct fail why = {0};
	enum err err = list_explain(file, tlv_file_kind(file), pass_field, &to, &why);

	return lib_end(err, &why, error);
}

_Static_assert((int)CAD_DIFF_HEADER == (int)LIST_DIFF_HEADER &&
		       (int)CAD_DIFF_SIGNER == (int)LIST_DIFF_SIGNER &&
		       (int)CAD_DIFF_ADDED == (int)LIST_DIFF_ADDED &&
		       (int)CAD_DIFF_REMOVED == (int)LIST_DIFF_REMOVED &&
		       (int)CAD_DIFF_CHANGED == (int)LIST_DIFF_CHANGED,
	"differences");

struct changed {
	cad_changed_fn *changed;
	void *ctx;
};

static void pass_change(void *ctx, const struct list_change *c)
{
	struct changed *to = ctx;
	struct cad_change change = {
		.what = (enum cad_difference)c->what,
		.old_record = c->old_record,
		.new_record = c->new_record,
		.record = c->record,
		.field = c->field,
		.before = c->before,
		.after = c->after,
	};

	to->changed(to->ctx, &change);
}

int cad_list_diff(const struct cad_list *before, const struct cad_list *after,
	cad_changed_fn *changed, void *ctx, struct cad_error *error)
{
	struct changed to = {changed, ctx};

	return lib_end(list_diff(&before->list, &after->list, pass_change, &to), NULL, error);
}
