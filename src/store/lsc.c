/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/query.h"

#define NAME_SIZE sizeof(((struct store_lsc *)0)->device)

enum err store_lsc_put(
	struct store *s, const struct store_lsc *l, struct span der, struct fail *why)
{
	char device[NAME_SIZE];
	const struct backend_arg args[] = {QUERY_TEXT("device", device),
		QUERY_NUMBER("not_after", l->not_after), QUERY_NUMBER("installed", l->installed),
		QUERY_BYTES("der", der), QUERY_TEXT("issuer", l->issuer),
		QUERY_NUMBER("issuer_not_after", l->issuer_not_after)};

	query_fold(device, sizeof(device), l->device);
	return query_run(s,
		"INSERT INTO lsc (device, not_after, installed, der, issuer, issuer_not_after)"
		" VALUES ($device, $not_after, $installed, $der, $issuer, $issuer_not_after)"
		" ON CONFLICT (device) DO UPDATE SET not_after = excluded.not_after,"
		" installed = excluded.installed, der = excluded.der, issuer = excluded.issuer,"
		" issuer_not_after = excluded.issuer_not_after",
		args, sizeof(args) / sizeof(args[0]), NULL, NULL, why);
}

struct got {
	struct store_lsc *lsc;
	struct buf *der;
};

static enum err read_lsc(void *ctx, struct query_row *r)
{
	const struct got *g = ctx;

	memset(g->lsc, 0, sizeof(*g->lsc));
	query_row_text(r, 0, g->lsc->device, sizeof(g->lsc->device));
	g->lsc->not_after = query_row_number(r, 1);
	g->lsc->installed = query_row_number(r, 2);
	buf_put(g->der, query_row_bytes(r, 3));
	query_row_text(r, 4, g->lsc->issuer, sizeof(g->lsc->issuer));
	g->lsc->issuer_not_after = query_row_number(r, 5);
	return r->err ? r->err : buf_check(g->der);
}

enum err store_lsc_get(struct store *s, const char *device, struct store_lsc *out, struct buf *der,
	struct fail *why)
{
	struct got got = {.lsc = out, .der = der};
	char folded[NAME_SIZE];
	enum err err = ERR_NOTFOUND;

	if (strlen(device) < sizeof(folded)) {
		query_fold(folded, sizeof(folded), device);
		err = query_one(s,
			"SELECT device, not_after, installed, der, issuer, issuer_not_after FROM lsc"
			" WHERE device = $device",
			&QUERY_TEXT("device", folded), 1, read_lsc, &got, why);
	}
	if (err == ERR_NOTFOUND)
		fail_set(why, err, "no LSC of %.32s is recorded", device);
	return err;
}
