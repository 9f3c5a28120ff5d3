/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/query.h"
#include "store/row.h"

#define NAME_SIZE sizeof(((struct store_held *)0)->device)

struct putting {
	const struct store_held *h;
	char device[NAME_SIZE];
};

static void fill(void *ctx, size_t i, struct backend_arg *args)
{
	struct putting *p = ctx;
	const struct store_held *h = &p->h[i];

	query_fold(p->device, sizeof(p->device), h->device);
	args[0] = QUERY_TEXT("device", p->device);
	args[1] = QUERY_NUMBER("list", h->list);
	args[2] = QUERY_NUMBER("known", h->known);
	args[3] = QUERY_TEXT("slot", h->known == STORE_HELD ? "" : h->digest);
	args[4] = QUERY_TEXT("digest", h->digest);
	args[5] = QUERY_NUMBER("since", h->since);
	args[6] = QUERY_NUMBER("last", h->last);
	args[7] = QUERY_TEXT("evidence", h->evidence);
}

enum err store_held_put_many(
	struct store *s, const struct store_held *h, size_t count, struct fail *why)
{
	struct putting p = {.h = h};
	struct backend_arg args[8];
	struct query_many many = {
		.sql = "INSERT INTO held (device, list, known, slot, digest, since, last, evidence)"
		       " SELECT $device, $list, $known, $slot, $digest, $since, $last, $evidence"
		       " WHERE EXISTS (SELECT 1 FROM device WHERE name = $device)"
		       " ON CONFLICT (device, list, known, slot) DO UPDATE SET"
		       " since = CASE WHEN held.digest = excluded.digest THEN held.since"
		       " ELSE excluded.since END,"
		       " digest = excluded.digest, last = excluded.last,"
		       " evidence = excluded.evidence WHERE excluded.last >= held.last",
		.args = args,
		.arg_count = ROW_COUNT(args),
		.count = count,
		.fill = fill,
		.ctx = &p};

	return query_run_many(s, &many, why);
}

struct walk {
	enum err (*each)(void *ctx, const struct store_held *h);
	void *ctx;
};

static enum err walk_row(void *ctx, struct query_row *r)
{
	const struct walk *w = ctx;
	struct store_held h;

	memset(&h, 0, sizeof(h));
	query_row_text(r, 0, h.device, sizeof(h.device));
	h.list = query_row_number(r, 1);
	h.known = query_row_number(r, 2);
	query_row_text(r, 3, h.digest, sizeof(h.digest));
	h.since = query_row_number(r, 4);
	h.last = query_row_number(r, 5);
	query_row_text(r, 6, h.evidence, sizeof(h.evidence));
	return r->err ? r->err : w->each(w->ctx, &h);
}

#define SELECT "SELECT device, list, known, digest, since, last, evidence FROM held"
#define ORDER  " ORDER BY device, list, known DESC, last DESC, digest"

enum err store_held_each(struct store *s, const char *device,
	enum err (*each)(void *ctx, const struct store_held *h), void *ctx, struct fail *why)
{
	struct walk w = {.each = each, .ctx = ctx};
	char folded[NAME_SIZE];

	if (!device)
		return query_run(s, SELECT ORDER, NULL, 0, walk_row, &w, why);
	if (strlen(device) >= sizeof(folded))
		return ERR_OK;
	query_fold(folded, sizeof(folded), device);
	return query_run(s, SELECT " WHERE device = $device" ORDER, &QUERY_TEXT("device", folded),
		1, walk_row, &w, why);
}

enum err store_held_forget(
	struct store *s, const char *device, int64_t list, int64_t known, struct fail *why)
{
	char folded[NAME_SIZE];
	const struct backend_arg args[] = {QUERY_TEXT("device", folded), QUERY_NUMBER("list", list),
		QUERY_NUMBER("known", known)};

	if (strlen(device) >= sizeof(folded))
		return ERR_OK;
	query_fold(folded, sizeof(folded), device);
	return query_run(s,
		"DELETE FROM held WHERE device = $device AND list = $list"
		" AND known = $known",
		args, ROW_COUNT(args), NULL, NULL, why);
}

/* --- the lists themselves --- */

enum err store_list_put(struct store *s, const char *digest, int64_t list, int64_t since,
	struct span content, struct fail *why)
{
	const struct backend_arg args[] = {QUERY_TEXT("digest", digest), QUERY_NUMBER("list", list),
		QUERY_NUMBER("since", since), QUERY_BYTES("content", content)};

	return query_run(s,
		"INSERT INTO trust_list (digest, list, since, content)"
		" VALUES ($digest, $list, $since, $content) ON CONFLICT (digest) DO NOTHING",
		args, ROW_COUNT(args), NULL, NULL, why);
}

static enum err take_content(void *ctx, struct query_row *r)
{
	buf_put(ctx, query_row_bytes(r, 0));
	return r->err ? r->err : buf_check(ctx);
}

enum err store_list_get(struct store *s, const char *digest, struct buf *content, struct fail *why)
{
	enum err err = query_one(s, "SELECT content FROM trust_list WHERE digest = $digest",
		&QUERY_TEXT("digest", digest), 1, take_content, content, why);

	return err == ERR_NOTFOUND
		       ? fail_set(why, err, "no trust list with the digest %.40s is kept", digest)
		       : err;
}

struct digests {
	enum err (*each)(void *ctx, const char *digest);
	void *ctx;
};

static enum err one_digest(void *ctx, struct query_row *r)
{
	const struct digests *d = ctx;
	char digest[STORE_TEXT] = "";

	query_row_text(r, 0, digest, sizeof(digest));
	return r->err ? r->err : d->each(d->ctx, digest);
}

enum err store_list_each(struct store *s, int64_t list, int64_t until,
	enum err (*each)(void *ctx, const char *digest), void *ctx, struct fail *why)
{
	struct digests d = {each, ctx};
	const struct backend_arg args[] = {
		QUERY_NUMBER("list", list), QUERY_NUMBER("until", until)};

	return query_run(s,
		"SELECT digest FROM trust_list WHERE list = $list AND since <= $until"
		" ORDER BY since, digest",
		args, ROW_COUNT(args), one_digest, &d, why);
}
