/* SPDX-License-Identifier: BSD-2-Clause
 * Target functions: list_diff, list_accepts. Input: length of OLD (2 bytes, big-endian), OLD, NEW.
 */
#include "target.h"
#include "core/list/check.h"
#include "core/list/diff.h"

#include <string.h>

#define PREFIX 2u

struct counts {
	const struct tlv_list *before, *after;
	size_t all, added, removed;
};

static void check_text(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7F)
			fuzz_fail("a change writes on the terminal");
}

static void count(void *ctx, const struct list_change *c)
{
	struct counts *n = ctx;

	n->all++;
	n->added += c->what == LIST_DIFF_ADDED;
	n->removed += c->what == LIST_DIFF_REMOVED;
	if (c->old_record > n->before->count || c->new_record > n->after->count)
		fuzz_fail("a record that is not there");
	if ((c->what == LIST_DIFF_ADDED && c->old_record) ||
		(c->what == LIST_DIFF_REMOVED && c->new_record) ||
		(c->what == LIST_DIFF_CHANGED && (!c->old_record || !c->new_record)))
		fuzz_fail("a record on the wrong side");
	check_text(c->record);
	check_text(c->field);
	check_text(c->before);
	check_text(c->after);
}

static struct counts diff(const struct tlv_list *before, const struct tlv_list *after)
{
	struct counts n = {.before = before, .after = after};

	if (list_diff(before, after, count, &n))
		fuzz_fail("out of memory");
	if (before->count - n.removed != after->count - n.added)
		fuzz_fail("a record has no partner and was not told");
	return n;
}

static void accepts(const struct tlv_list *held, const struct tlv_list *offered)
{
	struct buf because = {0};
	int family;

	for (family = LIST_FOR_UNKNOWN; family <= LIST_FOR_NEWER; family++) {
		enum err err = list_accepts(held, offered, (enum list_family)family, &because);

		if (err == ERR_NOMEM || !because.len)
			fuzz_fail("a verdict without a reason");
		if (err && span_eq(held->file, offered->file))
			fuzz_fail("rejected by its own holder");
		buf_u8(&because, '\0');
		check_text((const char *)because.data);
		buf_clear(&because);
	}
	buf_fini(&because);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tlv_list a, b;
	size_t len;

	if (size < PREFIX)
		return 0;
	len = (size_t)(data[0] << 8 | data[1]);
	if (len > size - PREFIX || tlv_parse(&a, span_of(data + PREFIX, len), NULL) ||
		tlv_parse(&b, span_of(data + PREFIX + len, size - PREFIX - len), NULL))
		return 0;
	if (diff(&a, &a).all || diff(&b, &b).all)
		fuzz_fail("a list differs from itself");
	diff(&a, &b);
	diff(&b, &a);
	accepts(&a, &b);
	accepts(&b, &a);
	return 0;
}
