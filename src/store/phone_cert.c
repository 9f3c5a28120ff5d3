/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/capf.h"
#include "store/internal.h"
#include "store/row.h"

#define NAME_SIZE sizeof(((struct store_phone_cert *)0)->device)

/* Beside the key, device and kind, and der. */
#define COLUMNS(X)                                                                                 \
	X(TEXT, fingerprint)                                                                       \
	X(TEXT, serial)                                                                            \
	X(NUMBER, not_before)                                                                      \
	X(NUMBER, not_after)                                                                       \
	X(TEXT, issuer)                                                                            \
	X(TEXT, issuer_fingerprint)                                                                \
	X(NUMBER, issuer_not_after)                                                                \
	X(NUMBER, recorded)                                                                        \
	X(NUMBER, seen)                                                                            \
	X(NUMBER, how)

#define COLUMN(k, member) ROW_COLUMN(struct store_phone_cert, k, member),
static const struct row_column columns[] = {
	COLUMN(TEXT, device) COLUMN(NUMBER, kind) COLUMNS(COLUMN)};
#define COUNT ROW_COUNT(columns)

#define SELECT "SELECT device, kind" COLUMNS(ROW_NAME) ", der FROM phone_cert"

struct putting {
	const struct store_phone_cert *c;
	struct span der;
};

/* Seen again is no change: phones show it at every handshake. */
static enum err put_row(void *ctx, struct store *s, struct fail *why)
{
	const struct putting *p = ctx;
	struct store_phone_cert before;
	char folded[NAME_SIZE];
	struct backend_arg args[COUNT + 1];
	struct buf der = {0};
	struct fail local = {0};
	enum err err = store_phone_cert_get(s, p->c->device, p->c->kind, &before, &der, &local);

	if (err == ERR_NOTFOUND || (!err && !span_eq(buf_span(&der), p->der)))
		store_moved(s);
	buf_fini(&der);
	if (err && err != ERR_NOTFOUND)
		return fail_set(why, err, "%s", local.text);
	query_fold(folded, sizeof(folded), p->c->device);
	row_args(args, columns, COUNT, p->c);
	args[0].text = folded;
	args[COUNT] = QUERY_BYTES("der", p->der);
	return query_run(s,
		"INSERT INTO phone_cert (device, kind" COLUMNS(ROW_NAME) ", der) VALUES ($device, $kind" COLUMNS(
			ROW_VALUE) ", $der)"
				   " ON CONFLICT (device, kind) DO"
				   " UPDATE SET der ="
				   " excluded.der" COLUMNS(ROW_SET),
		args, ROW_COUNT(args), NULL, NULL, why);
}

enum err store_phone_cert_put(
	struct store *s, const struct store_phone_cert *c, struct span der, struct fail *why)
{
	struct putting p = {c, der};

	return store_within(s, put_row, &p, why);
}

struct walk {
	enum err (*each)(void *ctx, const struct store_phone_cert *c, struct span der);
	void *ctx;
};

static enum err walk_row(void *ctx, struct query_row *r)
{
	const struct walk *w = ctx;
	struct store_phone_cert c;

	memset(&c, 0, sizeof(c));
	row_read(r, 0, columns, COUNT, &c);
	return r->err ? r->err : w->each(w->ctx, &c, query_row_bytes(r, COUNT));
}

struct got {
	struct store_phone_cert *out;
	struct buf *der;
};

static enum err keep(void *ctx, const struct store_phone_cert *c, struct span der)
{
	const struct got *g = ctx;

	*g->out = *c;
	if (!g->der)
		return ERR_OK;
	buf_put(g->der, der);
	return buf_check(g->der);
}

enum err store_phone_cert_get(struct store *s, const char *device, int64_t kind,
	struct store_phone_cert *out, struct buf *der, struct fail *why)
{
	struct got got = {.out = out, .der = der};
	struct walk w = {.each = keep, .ctx = &got};
	char folded[NAME_SIZE];
	const struct backend_arg args[] = {
		QUERY_TEXT("device", folded), QUERY_NUMBER("kind", kind)};
	enum err err = ERR_NOTFOUND;

	if (strlen(device) < sizeof(folded)) {
		query_fold(folded, sizeof(folded), device);
		err = query_one(s, SELECT " WHERE device = $device AND kind = $kind", args,
			ROW_COUNT(args), walk_row, &w, why);
	}
	if (err == ERR_NOTFOUND)
		fail_set(why, err, "no %s of %.32s is recorded", kind == STORE_MIC ? "MIC" : "LSC",
			device);
	return err;
}

enum err store_phone_cert_each(struct store *s, int64_t kind,
	enum err (*each)(void *ctx, const struct store_phone_cert *c, struct span der), void *ctx,
	struct fail *why)
{
	struct walk w = {.each = each, .ctx = ctx};

	return query_run(s, SELECT " WHERE kind = $kind ORDER BY device",
		&QUERY_NUMBER("kind", kind), 1, walk_row, &w, why);
}

enum err store_phone_cert_delete(
	struct store *s, const char *device, int64_t kind, struct fail *why)
{
	char folded[NAME_SIZE];
	const struct backend_arg args[] = {
		QUERY_TEXT("device", folded), QUERY_NUMBER("kind", kind)};

	if (strlen(device) >= sizeof(folded))
		return ERR_OK;
	query_fold(folded, sizeof(folded), device);
	return query_change(s, "DELETE FROM phone_cert WHERE device = $device AND kind = $kind",
		args, ROW_COUNT(args), why);
}

struct counting {
	enum err (*each)(
		void *ctx, const char *issuer_fingerprint, const char *issuer, int64_t phones);
	void *ctx;
};

static enum err count_row(void *ctx, struct query_row *r)
{
	const struct counting *x = ctx;
	char fingerprint[STORE_FINGERPRINT], issuer[STORE_TEXT];
	int64_t phones;

	query_row_text(r, 0, fingerprint, sizeof(fingerprint));
	query_row_text(r, 1, issuer, sizeof(issuer));
	phones = query_row_number(r, 2);
	return r->err ? r->err : x->each(x->ctx, fingerprint, issuer, phones);
}

enum err store_phone_cert_issuers(struct store *s,
	enum err (*each)(
		void *ctx, const char *issuer_fingerprint, const char *issuer, int64_t phones),
	void *ctx, struct fail *why)
{
	struct counting x = {.each = each, .ctx = ctx};

	return query_run(s,
		"SELECT issuer_fingerprint, issuer, COUNT(*) FROM phone_cert WHERE kind = $kind"
		" GROUP BY issuer_fingerprint, issuer ORDER BY issuer, issuer_fingerprint",
		&QUERY_NUMBER("kind", STORE_LSC), 1, count_row, &x, why);
}
