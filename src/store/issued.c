/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/capf.h"
#include "store/row.h"

#define NAME_SIZE sizeof(((struct store_issued *)0)->device)

#define COLUMNS(X)                                                                                 \
	X(TEXT, serial)                                                                            \
	X(TEXT, device)                                                                            \
	X(TEXT, fingerprint)                                                                       \
	X(NUMBER, state)                                                                           \
	X(NUMBER, issued)                                                                          \
	X(NUMBER, changed)                                                                         \
	X(NUMBER, not_after)

#define COLUMN(kind, member) ROW_COLUMN(struct store_issued, kind, member),
static const struct row_column columns[] = {COLUMN(TEXT, issuer_fingerprint) COLUMNS(COLUMN)};
#define COUNT ROW_COUNT(columns)

#define SELECT "SELECT issuer_fingerprint" COLUMNS(ROW_NAME) ", der FROM issued"
#define ORDER  " ORDER BY device, issued, serial"

enum err store_issued_add(
	struct store *s, const struct store_issued *i, struct span der, struct fail *why)
{
	struct backend_arg args[COUNT + 1];
	enum err err;

	row_args(args, columns, COUNT, i);
	args[COUNT] = QUERY_BYTES("der", der);
	/* RETURNING and no error of the database: a taken serial number must not end the
	 * transaction, for the caller draws another one. */
	err = query_one(s,
		"INSERT INTO issued (issuer_fingerprint" COLUMNS(ROW_NAME) ", der) VALUES ($issuer_fingerprint" COLUMNS(
			ROW_VALUE) ", $der) ON CONFLICT (issuer_fingerprint, serial) DO NOTHING"
				   " RETURNING serial",
		args, ROW_COUNT(args), NULL, NULL, why);
	return err == ERR_NOTFOUND ? fail_set(why, ERR_EXISTS,
					     "serial number %s was given out before", i->serial)
				   : err;
}

static enum err unknown(const char *serial, enum err err, struct fail *why)
{
	if (err == ERR_NOTFOUND)
		fail_set(why, err, "no certificate with serial number %.48s was given out", serial);
	return err;
}

enum err store_issued_set(struct store *s, const char *issuer_fingerprint, const char *serial,
	int64_t state, int64_t when, struct fail *why)
{
	const struct backend_arg args[] = {QUERY_TEXT("issuer", issuer_fingerprint),
		QUERY_TEXT("serial", serial), QUERY_NUMBER("state", state),
		QUERY_NUMBER("changed", when)};

	return unknown(serial,
		query_one(s,
			"UPDATE issued SET state = $state, changed = $changed"
			" WHERE issuer_fingerprint = $issuer AND serial = $serial RETURNING serial",
			args, ROW_COUNT(args), NULL, NULL, why),
		why);
}

enum err store_issued_supersede(struct store *s, const char *device, const char *fingerprint,
	int64_t when, struct fail *why)
{
	char folded[NAME_SIZE];
	const struct backend_arg args[] = {QUERY_TEXT("device", folded),
		QUERY_TEXT("fingerprint", fingerprint), QUERY_NUMBER("changed", when),
		QUERY_NUMBER("stale", STORE_ISSUED_STALE),
		QUERY_NUMBER("installed", STORE_ISSUED_INSTALLED)};

	if (strlen(device) >= sizeof(folded))
		return ERR_OK;
	query_fold(folded, sizeof(folded), device);
	return query_run(s,
		"UPDATE issued SET state = $stale, changed = $changed WHERE device = $device"
		" AND state <= $installed AND fingerprint <> $fingerprint",
		args, ROW_COUNT(args), NULL, NULL, why);
}

enum err store_issued_delete(
	struct store *s, const char *issuer_fingerprint, const char *serial, struct fail *why)
{
	const struct backend_arg args[] = {
		QUERY_TEXT("issuer", issuer_fingerprint), QUERY_TEXT("serial", serial)};

	return unknown(serial,
		query_one(s,
			"DELETE FROM issued WHERE issuer_fingerprint = $issuer"
			" AND serial = $serial RETURNING serial",
			args, ROW_COUNT(args), NULL, NULL, why),
		why);
}

struct walk {
	enum err (*each)(void *ctx, const struct store_issued *i, struct span der);
	void *ctx;
};

static enum err walk_row(void *ctx, struct query_row *r)
{
	const struct walk *w = ctx;
	struct store_issued i;

	memset(&i, 0, sizeof(i));
	row_read(r, 0, columns, COUNT, &i);
	return r->err ? r->err : w->each(w->ctx, &i, query_row_bytes(r, COUNT));
}

enum err store_issued_each(struct store *s, const char *device,
	enum err (*each)(void *ctx, const struct store_issued *i, struct span der), void *ctx,
	struct fail *why)
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

static enum err keep_row(void *ctx, struct query_row *r)
{
	memset(ctx, 0, sizeof(struct store_issued));
	row_read(r, 0, columns, COUNT, ctx);
	return r->err;
}

enum err store_issued_get(struct store *s, const char *issuer_fingerprint, const char *serial,
	struct store_issued *out, struct fail *why)
{
	const struct backend_arg args[] = {
		QUERY_TEXT("issuer", issuer_fingerprint), QUERY_TEXT("serial", serial)};

	return unknown(serial,
		query_one(s, SELECT " WHERE issuer_fingerprint = $issuer AND serial = $serial",
			args, ROW_COUNT(args), keep_row, out, why),
		why);
}
