/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/capf/report.h"

#include "base/mem.h"
#include "base/str.h"
#include "core/capf/phone_cert.h"
#include "core/cluster/own.h"

#include <stdio.h>
#include <stdlib.h>

/* Rows of one statement are kept until the next runs: no backend reads two at once. */
static enum err keep(struct buf *rows, const void *row, size_t size)
{
	buf_put(rows, span_of(row, size));
	return buf_check(rows);
}

static enum err keep_lsc(void *ctx, const struct store_phone_cert *row, struct span der)
{
	(void)der;
	return keep(ctx, row, sizeof(*row));
}

static int by_device(const void *name, const void *row)
{
	return strcmp(name, ((const struct store_phone_cert *)row)->device);
}

struct joining {
	struct buf lscs; /* struct store_phone_cert, in order of devices */
	enum err (*each)(void *ctx, const struct report_row *row);
	void *ctx;
};

static enum err join(void *ctx, const struct store_device *d)
{
	struct joining *j = ctx;
	size_t count = j->lscs.len / sizeof(struct store_phone_cert);
	struct report_row row = {.device = d};

	if (count)
		row.lsc = bsearch(
			d->name, j->lscs.data, count, sizeof(struct store_phone_cert), by_device);
	return j->each(j->ctx, &row);
}

enum err report_each(struct cluster *c, const struct store_filter *f,
	enum err (*each)(void *ctx, const struct report_row *row), void *ctx, struct fail *why)
{
	struct joining j = {.each = each, .ctx = ctx};
	struct store *s = cluster_get_store(c);
	enum err err = store_phone_cert_each(s, STORE_LSC, keep_lsc, &j.lscs, why);

	if (!err)
		err = store_device_find(s, f, join, &j, why);
	buf_fini(&j.lscs);
	return err;
}

/* --- authorities --- */

struct held {
	char fingerprint[STORE_FINGERPRINT];
	char subject[STORE_TEXT];
	int64_t phones, not_after;
	int64_t told; /* counted with a trusted authority */
};

static enum err keep_held(void *ctx, const char *fingerprint, const char *issuer, int64_t phones)
{
	struct held row;

	memset(&row, 0, sizeof(row));
	str_copy(row.fingerprint, sizeof(row.fingerprint), fingerprint);
	str_copy(row.subject, sizeof(row.subject), issuer);
	row.phones = phones;
	return keep(ctx, &row, sizeof(row));
}

/* Records of before fingerprints were kept have the name alone. */
static bool is_of(const struct held *h, const char *fingerprint, const struct cert *cert)
{
	return h->fingerprint[0] ? strcmp(h->fingerprint, fingerprint) == 0
				 : strncmp(h->subject, cert_subject(cert), STORE_TEXT - 1) == 0;
}

static enum err held_of(struct cluster *c, struct buf *held, struct fail *why)
{
	return store_phone_cert_issuers(cluster_get_store(c), keep_held, held, why);
}

static int64_t phones_of(struct buf *held, const struct cert *cert)
{
	struct held *rows = (struct held *)(void *)held->data;
	char fingerprint[STORE_FINGERPRINT];
	int64_t phones = 0;

	cert_fingerprint(cert, fingerprint);
	for (size_t i = 0; i < held->len / sizeof(*rows); i++) {
		if (!is_of(&rows[i], fingerprint, cert))
			continue;
		phones += rows[i].phones;
		rows[i].told = 1;
	}
	return phones;
}

enum err report_issuer_phones(
	struct cluster *c, const struct cert *issuer, int64_t *phones, struct fail *why)
{
	struct buf held = {0};
	enum err err = held_of(c, &held, why);

	*phones = err ? 0 : phones_of(&held, issuer);
	buf_fini(&held);
	return err;
}

struct authorities {
	struct cluster *c;
	struct buf held, seen; /* seen: fingerprints of those that were told */
	enum err (*each)(void *ctx, const struct report_issuer *i);
	void *ctx;
};

static bool was_seen(const struct authorities *a, const char *fingerprint)
{
	for (size_t at = 0; at + STORE_FINGERPRINT <= a->seen.len; at += STORE_FINGERPRINT)
		if (strcmp((const char *)a->seen.data + at, fingerprint) == 0)
			return true;
	return false;
}

static enum err tell(struct authorities *a, const struct cert *cert, const char *place, bool issues)
{
	struct report_issuer row = {.not_after = cert_not_after(cert), .issues = issues};
	enum err err;

	cert_fingerprint(cert, row.fingerprint);
	if (was_seen(a, row.fingerprint))
		return ERR_OK;
	err = keep(&a->seen, row.fingerprint, sizeof(row.fingerprint));
	if (err)
		return err;
	snprintf(row.subject, sizeof(row.subject), "%s", cert_subject(cert));
	snprintf(row.place, sizeof(row.place), "%s", place);
	row.phones = phones_of(&a->held, cert);
	return a->each(a->ctx, &row);
}

/* Units whose authorities may have issued LSCs. */
static bool counts(const char *unit, const struct cert *cert)
{
	return cert_is_ca(cert) &&
	       (strcmp(unit, "CAPF-trust") == 0 || strcmp(unit, "CallManager-trust") == 0);
}

static enum err tell_trusted(void *ctx, const char *unit, const char *name, const struct cert *cert)
{
	char place[STORE_NAME * 2];

	if (!counts(unit, cert))
		return ERR_OK;
	snprintf(place, sizeof(place), "%s/%s", unit, name);
	return tell(ctx, cert, place, false);
}

static bool signs_itself(const struct cluster *c)
{
	const struct settings *s = cluster_get_settings(c);

	return strcmp(s->capf_ca, "own") == 0 && strcmp(s->capf_token, "none") == 0;
}

static enum err tell_own(struct authorities *a, struct fail *why)
{
	char key[STORE_NAME];
	struct cert *cert = NULL;
	enum err err = own_in_force(a->c, OWN_CAPF, &cert, key, why);

	if (!err)
		err = tell(a, cert, own_name(OWN_CAPF), signs_itself(a->c));
	cert_free(cert);
	cert = NULL;
	if (!err)
		err = own_newest(a->c, OWN_CAPF, &cert, why);
	if (!err)
		err = tell(a, cert, "CAPF (not in force yet)", false);
	cert_free(cert);
	return err;
}

static enum err tell_strangers(struct authorities *a)
{
	const struct held *rows = (const struct held *)(const void *)a->held.data;
	enum err err = ERR_OK;

	for (size_t i = 0; !err && i < a->held.len / sizeof(*rows); i++) {
		struct report_issuer row = {.phones = rows[i].phones};

		if (rows[i].told)
			continue;
		str_copy(row.subject, sizeof(row.subject), rows[i].subject);
		str_copy(row.fingerprint, sizeof(row.fingerprint), rows[i].fingerprint);
		err = a->each(a->ctx, &row);
	}
	return err;
}

enum err report_issuers(struct cluster *c,
	enum err (*each)(void *ctx, const struct report_issuer *i), void *ctx, struct fail *why)
{
	struct authorities a = {.c = c, .each = each, .ctx = ctx};
	enum err err = held_of(c, &a.held, why);

	if (!err)
		err = tell_own(&a, why);
	if (!err)
		err = trust_each(c, tell_trusted, &a, why);
	if (!err)
		err = tell_strangers(&a);
	buf_fini(&a.held);
	buf_fini(&a.seen);
	return err;
}

struct removing {
	const char *unit, *name;
	struct cert *cert; /* the one in question; NULL: no authority */
	struct buf others; /* fingerprints of all other authorities that are trusted */
	struct fail *why;
};

static enum err keep_fingerprint(struct buf *to, const struct cert *cert)
{
	char fingerprint[STORE_FINGERPRINT] = "";

	cert_fingerprint(cert, fingerprint);
	return keep(to, fingerprint, sizeof(fingerprint));
}

static enum err find_removed(void *ctx, const char *unit, const char *name, const struct cert *cert)
{
	struct removing *r = ctx;

	if (!counts(unit, cert))
		return ERR_OK;
	if (strcmp(unit, r->unit) != 0 || strcmp(name, r->name) != 0)
		return keep_fingerprint(&r->others, cert);
	return r->cert ? ERR_OK : cert_from_der(&r->cert, cert_der(cert), r->why);
}

static enum err find_own(struct cluster *c, struct buf *others, struct fail *why)
{
	char key[STORE_NAME];
	struct cert *cert = NULL;
	enum err err = own_in_force(c, OWN_CAPF, &cert, key, why);

	if (!err)
		err = keep_fingerprint(others, cert);
	cert_free(cert);
	return err;
}

static bool elsewhere(const struct removing *r)
{
	char fingerprint[STORE_FINGERPRINT];

	cert_fingerprint(r->cert, fingerprint);
	for (size_t at = 0; at + STORE_FINGERPRINT <= r->others.len; at += STORE_FINGERPRINT)
		if (strcmp((const char *)r->others.data + at, fingerprint) == 0)
			return true;
	return false;
}

enum err report_may_remove(struct cluster *c, const char *unit, const char *name, struct fail *why)
{
	struct removing r = {.unit = unit, .name = name, .why = why};
	int64_t phones = 0;
	enum err err = trust_each(c, find_removed, &r, why);

	if (!err && r.cert)
		err = find_own(c, &r.others, why);
	if (!err && r.cert && !elsewhere(&r))
		err = report_issuer_phones(c, r.cert, &phones, why);
	if (!err && phones)
		err = fail_set(why, ERR_NOTNOW,
			"%lld phones still hold an LSC issued by %.80s and could not register "
			"without it; give them new ones first: cadeado show capf report lists them",
			(long long)phones, cert_common_name(r.cert));
	cert_free(r.cert);
	buf_fini(&r.others);
	return err;
}

/* --- certificates that no phone holds any more --- */

static enum err keep_issued(void *ctx, const struct store_issued *row, struct span der)
{
	(void)der;
	return keep(ctx, row, sizeof(*row));
}

static enum err reason_of(
	struct store *s, const struct store_issued *row, const char **reason, struct fail *why)
{
	struct store_device d;
	struct fail local = {0};
	enum err err = store_device_get(s, row->device, &d, &local);

	*reason = NULL;
	if (err && err != ERR_NOTFOUND)
		return fail_set(why, err, "%s", local.text);
	if (err)
		*reason = "its phone is not known any more";
	else if (row->state == STORE_ISSUED_STALE)
		*reason = "another took its place, or it was deleted in the phone";
	else if (row->state == STORE_ISSUED_REFUSED)
		*reason = "the phone refused it";
	return ERR_OK;
}

enum err report_stale_each(struct cluster *c,
	enum err (*each)(void *ctx, const struct report_stale *s), void *ctx, struct fail *why)
{
	int64_t now = clock_seconds(cluster_get_clock(c));
	struct store *s = cluster_get_store(c);
	struct buf rows = {0};
	enum err err = store_issued_each(s, NULL, keep_issued, &rows, why);

	for (size_t at = 0; !err && at < rows.len; at += sizeof(struct store_issued)) {
		struct report_stale stale = {
			.issued = (const struct store_issued *)(const void *)(rows.data + at)};

		err = reason_of(s, stale.issued, &stale.reason, why);
		stale.expired = stale.issued->not_after < now;
		if (!err && stale.reason)
			err = each(ctx, &stale);
	}
	buf_fini(&rows);
	return err;
}

struct deleting {
	struct store *s;
	int64_t deleted, kept;
	struct fail *why;
};

static enum err delete_one(void *ctx, const struct report_stale *stale)
{
	struct deleting *d = ctx;

	if (!stale->expired) {
		d->kept++;
		return ERR_OK;
	}
	d->deleted++;
	return store_issued_delete(
		d->s, stale->issued->issuer_fingerprint, stale->issued->serial, d->why);
}

enum err report_stale_delete(struct cluster *c, int64_t *deleted, int64_t *kept, struct fail *why)
{
	struct deleting d = {.s = cluster_get_store(c), .why = why};
	enum err err = report_stale_each(c, delete_one, &d, why);

	*deleted = d.deleted;
	*kept = d.kept;
	return err;
}
