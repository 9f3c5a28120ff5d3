/* SPDX-License-Identifier: BSD-2-Clause
 * Target functions: envelope_head, tar_next, backup_each, tar_put. Checksums of archives are made
 * good first, so that what lies behind them is reached. */
#include "target.h"

#include "base/mem.h"
#include "core/backup/backup_priv.h"
#include "core/backup/envelope.h"

#include <stdio.h>

#define BLOCK  512u
#define SUM_AT 148u

static void mend_sums(uint8_t *bytes, size_t size)
{
	size_t at, i;
	unsigned sum;

	for (at = 0; at + BLOCK <= size; at += BLOCK) {
		if (memcmp(bytes + at + 257, "ustar", 5) != 0)
			continue;
		memset(bytes + at + SUM_AT, ' ', 8);
		for (sum = 0, i = 0; i < BLOCK; i++)
			sum += bytes[at + i];
		snprintf((char *)bytes + at + SUM_AT, 8, "%06o", sum & 0777777);
		bytes[at + SUM_AT + 7] = ' ';
	}
}

static void check_name(const char *name)
{
	const char *p;

	if (!*name || *name == '/' || strcmp(name, "..") == 0 || strncmp(name, "../", 3) == 0 ||
		strstr(name, "/../"))
		fuzz_fail("a name that leads out of the folder");
	p = strrchr(name, '/');
	if (p && strcmp(p, "/..") == 0)
		fuzz_fail("a name that leads out of the folder");
	for (p = name; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7F)
			fuzz_fail("a name writes on the terminal");
}

static enum err check_file(void *ctx, const struct backup_file *f, struct fail *why)
{
	check_name(f->name);
	if (!backup_holds(f->name, false))
		fuzz_fail("a file that no state folder has");
	return ERR_OK;
}

/* What is read is written again, and read again as the same. */
static void again(const struct tar_entry *e)
{
	struct buf out = {0};
	struct tar_reader r;
	struct tar_entry back;
	enum err err;

	if (tar_put(&out, e, NULL))
		fuzz_fail("an entry that was read cannot be written");
	tar_end(&out);
	tar_reader_init(&r, buf_span(&out));
	if (!tar_next(&r, &back, &err, NULL) || strcmp(back.name, e->name) != 0 ||
		back.folder != e->folder || back.mode != e->mode ||
		!span_eq(back.content, e->content) || tar_next(&r, &back, &err, NULL) || err)
		fuzz_fail("an entry changes when it is written again");
	buf_fini(&out);
}

static void read_archive(struct span in)
{
	struct fail why = {0};
	struct tar_reader r;
	struct tar_entry e;
	enum err err;

	tar_reader_init(&r, in);
	while (tar_next(&r, &e, &err, &why)) {
		check_name(e.name);
		if (e.content.len &&
			(e.content.ptr < in.ptr || e.content.ptr + e.content.len > in.ptr + in.len))
			fuzz_fail("content from elsewhere");
		again(&e);
	}
	if (err && !why.text[0])
		fuzz_fail("a failure without a text");
	fail_clear(&why);
	if (backup_each(in, check_file, NULL, &why) != ERR_OK && !why.text[0])
		fuzz_fail("a failure without a text");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct backup_head head;
	struct fail why = {0};
	uint8_t *copy = mem_new(size + 1);
	size_t len;

	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	if (envelope_head(span_of(data, size), &head, &len, &why) == ERR_OK) {
		if (len > size || !kdf_cost_good(&head.cost))
			fuzz_fail("a head that nobody may believe");
	} else if (!why.text[0]) {
		fuzz_fail("a failure without a text");
	}
	read_archive(span_of(data, size));
	mend_sums(copy, size);
	read_archive(span_of(copy, size));
	mem_free(copy);
	return 0;
}
