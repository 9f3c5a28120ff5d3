/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/capf.h"
#include "store/row.h"

#define NAME_SIZE sizeof(((struct store_request *)0)->device)

/* Beside the key, device, and three columns of bytes. */
#define COLUMNS(X)                                                                                 \
	X(TEXT, key_fingerprint)                                                                   \
	X(NUMBER, made)                                                                            \
	X(NUMBER, exported)                                                                        \
	X(NUMBER, imported)

#define COLUMN(kind, member) ROW_COLUMN(struct store_request, kind, member),
static const struct row_column columns[] = {COLUMN(TEXT, device) COLUMNS(COLUMN)};
#define COUNT ROW_COUNT(columns)

#define SELECT "SELECT device" COLUMNS(ROW_NAME) ", spki, request, cert FROM cert_request"

enum err store_request_put(struct store *s, const struct store_request *q, struct span key,
	struct span request, struct span cert, struct fail *why)
{
	char folded[NAME_SIZE];
	struct backend_arg args[COUNT + 3];

	query_fold(folded, sizeof(folded), q->device);
	row_args(args, columns, COUNT, q);
	args[0].text = folded;
	args[COUNT] = QUERY_BYTES("spki", key);
	args[COUNT + 1] = QUERY_BYTES("request", request);
	args[COUNT + 2] = QUERY_BYTES("cert", cert);
	return query_run(s,
		"INSERT INTO cert_request (device" COLUMNS(ROW_NAME) ", spki, request, cert) VALUES ($device" COLUMNS(
			ROW_VALUE) ", $spki, $request, $cert) ON CONFLICT (device) DO UPDATE SET"
				   " spki = excluded.spki, request = excluded.request,"
				   " cert = excluded.cert" COLUMNS(ROW_SET),
		args, ROW_COUNT(args), NULL, NULL, why);
}

struct got {
	struct store_request *out;
	struct buf *bytes[3];
};

static enum err read_row(void *ctx, struct query_row *r)
{
	const struct got *g = ctx;
	int i;

	memset(g->out, 0, sizeof(*g->out));
	row_read(r, 0, columns, COUNT, g->out);
	for (i = 0; !r->err && i < 3; i++) {
		if (!g->bytes[i])
			continue;
		buf_put(g->bytes[i], query_row_bytes(r, (int)COUNT + i));
		r->err = buf_check(g->bytes[i]);
	}
	return r->err;
}

enum err store_request_get(struct store *s, const char *device, struct store_request *out,
	struct buf *key, struct buf *request, struct buf *cert, struct fail *why)
{
	struct got got = {.out = out, .bytes = {key, request, cert}};
	char folded[NAME_SIZE];
	enum err err = ERR_NOTFOUND;

	if (strlen(device) < sizeof(folded)) {
		query_fold(folded, sizeof(folded), device);
		err = query_one(s, SELECT " WHERE device = $device", &QUERY_TEXT("device", folded),
			1, read_row, &got, why);
	}
	if (err == ERR_NOTFOUND)
		fail_set(why, err, "no certificate request of %.32s is waiting", device);
	return err;
}

struct walk {
	enum err (*each)(void *ctx, const struct store_request *q, struct span request);
	void *ctx;
};

static enum err walk_row(void *ctx, struct query_row *r)
{
	const struct walk *w = ctx;
	struct store_request q;

	memset(&q, 0, sizeof(q));
	row_read(r, 0, columns, COUNT, &q);
	return r->err ? r->err : w->each(w->ctx, &q, query_row_bytes(r, (int)COUNT + 1));
}

enum err store_request_each(struct store *s,
	enum err (*each)(void *ctx, const struct store_request *q, struct span request), void *ctx,
	struct fail *why)
{
	struct walk w = {.each = each, .ctx = ctx};

	return query_run(s, SELECT " ORDER BY device", NULL, 0, walk_row, &w, why);
}

enum err store_request_delete(struct store *s, const char *device, struct fail *why)
{
	char folded[NAME_SIZE];

	if (strlen(device) >= sizeof(folded))
		return ERR_OK;
	query_fold(folded, sizeof(folded), device);
	return query_run(s, "DELETE FROM cert_request WHERE device = $device",
		&QUERY_TEXT("device", folded), 1, NULL, NULL, why);
}
