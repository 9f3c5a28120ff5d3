/* SPDX-License-Identifier: BSD-2-Clause
 * Target functions: list_explain, tlv_walk_next, tlv_file_kind. */
#include "target.h"
#include "core/list/explain.h"

#include <string.h>

struct tiling {
	size_t pos;
	bool unreadable;
};

static bool printable(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7F)
			return false;
	return true;
}

static void follow(void *ctx, const struct list_field *f)
{
	struct tiling *t = ctx;

	if (t->unreadable)
		fuzz_fail("a field after the unreadable one");
	if (f->at != t->pos || !f->size)
		fuzz_fail("a field does not begin where the one before ends");
	if (!*f->name || !*f->value)
		fuzz_fail("a field without a name or a meaning");
	if (!printable(f->name) || !printable(f->value))
		fuzz_fail("a field writes on the terminal");
	t->pos += f->size;
	t->unreadable = strcmp(f->name, "unreadable") == 0;
}

static void explain(struct span in, enum tlv_file kind)
{
	struct tiling t = {0};
	struct fail why = {0};
	enum err err = list_explain(in, kind, follow, &t, &why);

	if (t.pos != in.len)
		fuzz_fail("the fields do not end with the file");
	if (!err && t.unreadable)
		fuzz_fail("a whole file with an unreadable field");
	if (err && (!why.code || !why.text[0]))
		fuzz_fail("refused without a text");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);

	if (tlv_file_kind(in) > TLV_FILE_ENCRYPTED)
		fuzz_fail("a kind that is none");
	explain(in, TLV_FILE_LIST);
	explain(in, TLV_FILE_SIGNED);
	explain(in, TLV_FILE_ENCRYPTED);
	return 0;
}
