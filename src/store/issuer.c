/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/capf.h"
#include "store/row.h"

/* Beside the key, fingerprint, and der. */
#define COLUMNS(X)                                                                                 \
	X(TEXT, subject)                                                                           \
	X(NUMBER, source)                                                                          \
	X(NUMBER, not_before)                                                                      \
	X(NUMBER, not_after)                                                                       \
	X(NUMBER, added)                                                                           \
	X(NUMBER, retired)

#define COLUMN(kind, member) ROW_COLUMN(struct store_issuer, kind, member),
static const struct row_column columns[] = {COLUMN(TEXT, fingerprint) COLUMNS(COLUMN)};
#define COUNT ROW_COUNT(columns)

#define SELECT "SELECT fingerprint" COLUMNS(ROW_NAME) ", der FROM issuer"

enum err store_issuer_put(
	struct store *s, const struct store_issuer *i, struct span der, struct fail *why)
{
	struct backend_arg args[COUNT + 1];

	row_args(args, columns, COUNT, i);
	args[COUNT] = QUERY_BYTES("der", der);
	return query_run(s,
		"INSERT INTO issuer (fingerprint" COLUMNS(ROW_NAME) ", der) VALUES ($fingerprint" COLUMNS(
			ROW_VALUE) ", $der)"
				   " ON CONFLICT (fingerprint) DO"
				   " UPDATE SET der ="
				   " excluded.der" COLUMNS(ROW_SET),
		args, ROW_COUNT(args), NULL, NULL, why);
}

struct walk {
	enum err (*each)(void *ctx, const struct store_issuer *i, struct span der);
	void *ctx;
};

static enum err walk_row(void *ctx, struct query_row *r)
{
	const struct walk *w = ctx;
	struct store_issuer i;

	memset(&i, 0, sizeof(i));
	row_read(r, 0, columns, COUNT, &i);
	return r->err ? r->err : w->each(w->ctx, &i, query_row_bytes(r, COUNT));
}

struct got {
	struct store_issuer *out;
	struct buf *der;
};

static enum err keep(void *ctx, const struct store_issuer *i, struct span der)
{
	const struct got *g = ctx;

	*g->out = *i;
	if (!g->der)
		return ERR_OK;
	buf_put(g->der, der);
	return buf_check(g->der);
}

static enum err unknown(const char *fingerprint, enum err err, struct fail *why)
{
	if (err == ERR_NOTFOUND)
		fail_set(why, err, "no issuer with fingerprint %.64s is known", fingerprint);
	return err;
}

enum err store_issuer_get(struct store *s, const char *fingerprint, struct store_issuer *out,
	struct buf *der, struct fail *why)
{
	struct got got = {.out = out, .der = der};
	struct walk w = {.each = keep, .ctx = &got};

	return unknown(fingerprint,
		query_one(s, SELECT " WHERE fingerprint = $fingerprint",
			&QUERY_TEXT("fingerprint", fingerprint), 1, walk_row, &w, why),
		why);
}

enum err store_issuer_each(struct store *s,
	enum err (*each)(void *ctx, const struct store_issuer *i, struct span der), void *ctx,
	struct fail *why)
{
	struct walk w = {.each = each, .ctx = ctx};

	return query_run(s, SELECT " ORDER BY added, fingerprint", NULL, 0, walk_row, &w, why);
}

enum err store_issuer_delete(struct store *s, const char *fingerprint, struct fail *why)
{
	return unknown(fingerprint,
		query_one(s,
			"DELETE FROM issuer WHERE fingerprint = $fingerprint"
			" RETURNING fingerprint",
			&QUERY_TEXT("fingerprint", fingerprint), 1, NULL, NULL, why),
		why);
}
