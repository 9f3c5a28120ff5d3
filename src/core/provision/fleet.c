/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/provision/fleet.h"

#include "base/mem.h"
#include "base/str.h"
#include "core/cluster/services.h"
#include "core/provision/config.h"

#include <stdlib.h>

#define PAGE       256u /* phones that are read while those before are signed */
#define FIRST_PAGE 16u  /* nothing is signed meanwhile */

/* One phone, from its record to its files. */
struct item {
	char device[DEVICE_NAME_SIZE];
	struct work *work; /* NULL: nothing to do, or done */
	bool made, not_kept;
	enum err err;
	struct fail why;
};

struct page {
	struct item items[PAGE];
	size_t count;
};

struct preparing {
	struct fleet *f;
	struct phone_context *x;
	char after[DEVICE_NAME_SIZE];
	struct page pages[2], *now, *next;
	/* Of the reading, which is one of the things that are done at once. */
	enum err err;
	struct fail why;
	char (*names)[DEVICE_NAME_SIZE]; /* of all phones, in order */
	size_t names_count, names_room;
};

static enum err keep_name(struct preparing *p, const char *device)
{
	char(*bigger)[DEVICE_NAME_SIZE];
	size_t room = p->names_room ? p->names_room * 2 : 1024;

	if (p->names_count == p->names_room) {
		bigger = mem_resize(p->names, room * sizeof(*bigger));
		if (!bigger)
			return ERR_NOMEM;
		p->names = bigger;
		p->names_room = room;
	}
	memcpy(p->names[p->names_count++], device, DEVICE_NAME_SIZE);
	return ERR_OK;
}

/* What is wrong with one record must not keep the others waiting. */
static enum err read_phone(void *ctx, const struct store_device *row)
{
	struct preparing *p = ctx;
	struct item *item = &p->next->items[p->next->count++];

	memset(item, 0, sizeof(*item));
	str_copy(item->device, sizeof(item->device), row->name);
	str_copy(p->after, sizeof(p->after), row->name);
	item->err = config_prepare(p->x, row, &item->work, &item->why);
	if (item->err == ERR_NOMEM || item->err == ERR_AWAY || item->err == ERR_BUSY)
		return fail_set(&p->why, item->err, "%s", item->why.text);
	return keep_name(p, item->device);
}

static void read_page(struct preparing *p)
{
	struct store_filter filter = {
		.after = p->after[0] ? p->after : NULL, .most = p->after[0] ? PAGE : FIRST_PAGE};

	p->next->count = 0;
	p->err = store_device_find(cluster_get_store(p->f->c), &filter, read_phone, p, &p->why);
	if (p->err)
		fail_set(&p->why, p->err, "%s", err_text(p->err));
}

static void do_work(struct item *item)
{
	struct buf signed_file = {0}, encrypted = {0};

	if (item->err || !item->work)
		return;
	item->err = work_do(item->work, &signed_file, &encrypted, &item->why);
	item->not_kept = !item->err && item->work->not_kept.code;
	if (item->not_kept)
		item->err = fail_set(
			&item->why, item->work->not_kept.code, "%s", item->work->not_kept.text);
	item->made = !item->err;
	work_free(item->work);
	item->work = NULL;
	buf_fini(&signed_file);
	buf_wipe(&encrypted);
}

/* The first is the reading of the page after, in which alone the cluster is touched. */
static void one(void *arg, size_t i)
{
	struct preparing *p = arg;

	if (i == 0)
		read_page(p);
	else
		do_work(&p->now->items[i - 1]);
}

/* Counts what became of a page. ERR_… for a disk that takes no more. */
static enum err count_page(struct preparing *p, struct fail *why)
{
	struct fleet *f = p->f;
	enum err err = ERR_OK;
	size_t i;

	for (i = 0; i < p->now->count; i++) {
		struct item *item = &p->now->items[i];

		f->phones += !item->err;
		f->made += item->made;
		if (item->err && !f->failed++) {
			f->first = item->why;
			fail_prefix(&f->first, "%s", item->device);
		}
		if (item->not_kept && !err)
			err = fail_set(why, item->err, "%s", item->why.text);
	}
	p->now->count = 0;
	return err;
}

static bool is_known(void *ctx, const char *device)
{
	const struct preparing *p = ctx;

	return bsearch(device, p->names, p->names_count, sizeof(*p->names),
		(int (*)(const void *, const void *))strcmp);
}

static enum err prepare_all(struct preparing *p, int64_t total, struct fail *why)
{
	struct fleet *f = p->f;
	struct page *page;
	size_t done = 0;
	enum err err = ERR_OK;

	read_page(p);
	while (!err && !p->err && p->next->count) {
		page = p->now;
		p->now = p->next;
		p->next = page;
		f->parallel(f->parallel_ctx, p->now->count + 1, one, p);
		done += p->now->count;
		err = count_page(p, why);
		if (f->progress && !err)
			f->progress(done, (size_t)total);
	}
	if (!err && p->err)
		err = fail_set(why, p->err, "%s", p->why.text);
	return err;
}

enum err fleet_prepare(struct fleet *f, struct fail *why)
{
	struct preparing *p = mem_new(sizeof(*p));
	struct store_filter everything = {0};
	char revision[STORE_TEXT];
	int64_t total = 0;
	enum err err = p ? ERR_OK : fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	size_t i, k;

	if (err)
		return err;
	p->f = f;
	p->now = &p->pages[0];
	p->next = &p->pages[1];
	f->phones = f->made = f->failed = f->removed = 0;
	fail_clear(&f->first);
	err = cluster_serve_published(f->c, why);
	if (!err)
		err = store_revision(cluster_get_store(f->c), revision, why);
	if (!err)
		err = phone_context_get(&p->x, f->c, revision, why);
	if (!err)
		err = store_device_count(cluster_get_store(f->c), &everything, &total, why);
	if (!err)
		err = prepare_all(p, total, why);
	if (!err)
		err = prepared_purge(f->c, is_known, p, &f->removed, why);
	if (f->progress)
		f->progress(p->names_count, p->names_count);
	for (i = 0; i < 2; i++)
		for (k = 0; k < p->pages[i].count; k++)
			work_free(p->pages[i].items[k].work);
	phone_context_free(p->x);
	mem_free(p->names);
	mem_free(p);
	return err;
}
