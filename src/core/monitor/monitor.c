/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/monitor/monitor.h"

#include "base/str.h"
#include "core/capf/report.h"
#include "core/cluster/own.h"

#include <stdio.h>

#define DAY 86400

struct watching {
	struct cluster *c;
	int64_t now, until, fleet;
	enum err (*each)(void *ctx, const struct monitor_item *item);
	void *ctx;
	struct fail *why;
};

static enum monitor_state state_of(const struct watching *w, int64_t not_after)
{
	return not_after < w->now     ? MONITOR_EXPIRED
	       : not_after < w->until ? MONITOR_SOON
				      : MONITOR_GOOD;
}

static const char *effect_of_own(enum own_cert which)
{
	switch (which) {
	case OWN_CALLMANAGER:
		return "phones that look at the date register no more; cadeado set cert regen "
		       "CallManager, then follow its steps";
	case OWN_CAPF:
		return "CAPF issues nothing beyond its own end, and phones with its LSCs are "
		       "refused after it; cadeado set cert regen CAPF, then give these phones new "
		       "LSCs";
	case OWN_TVS:
		return "TVS vouches for nothing to phones that look at the date; cadeado set cert "
		       "regen TVS";
	case OWN_ITLRECOVERY:
		return "the key of last resort for lists; cadeado set cert regen ITLRecovery";
	case OWN_CTL_PROVIDER:
		return "only administrators notice; cadeado set cert regen CTLProvider";
	default: return "";
	}
}

/* The place of a certificate is its unit and its name, as show cert list prints it. */
static enum err watch(struct watching *w, const char *unit, const char *name,
	const struct cert *cert, int64_t phones, const char *effect)
{
	struct monitor_item item = {
		.not_after = cert_not_after(cert), .phones = phones, .effect = effect};
	struct buf place = {0};
	enum err err;

	buf_printf(&place, "%s/%s.pem", unit, name);
	buf_u8(&place, 0);
	err = buf_check(&place);
	if (!err)
		(void)str_copy(item.name, sizeof(item.name), (const char *)place.data);
	buf_fini(&place);
	if (err)
		return fail_set(w->why, err, "%s", err_text(err));
	item.state = state_of(w, item.not_after);
	snprintf(item.subject, sizeof(item.subject), "%s", cert_subject(cert));
	return w->each(w->ctx, &item);
}

static enum err watch_own(struct watching *w)
{
	enum err err = ERR_OK;

	for (int i = 0; !err && i < OWN_COUNT; i++) {
		const char *name = own_name((enum own_cert)i);
		struct cert *cert = NULL;
		int64_t phones = i == OWN_CALLMANAGER || i == OWN_TVS ? w->fleet : 0;

		err = own_newest(w->c, (enum own_cert)i, &cert, w->why);
		if (!err && i == OWN_CAPF)
			err = report_issuer_phones(w->c, cert, &phones, w->why);
		if (!err)
			err = watch(w, name, name, cert, phones, effect_of_own((enum own_cert)i));
		cert_free(cert);
	}
	return err;
}

static enum err watch_trusted(
	void *ctx, const char *unit, const char *name, const struct cert *cert)
{
	struct watching *w = ctx;
	int64_t phones = 0;
	bool authority = cert_is_ca(cert) && (strcmp(unit, "CAPF-trust") == 0 ||
						     strcmp(unit, "CallManager-trust") == 0);
	enum err err = authority ? report_issuer_phones(w->c, cert, &phones, w->why) : ERR_OK;

	if (err)
		return err;
	if (strcmp(unit, "Phone-SAST-trust") == 0)
		return watch(w, unit, name, cert, phones,
			"TVS vouches no longer for lists that it signed; put a new token into the "
			"CTL before");
	return watch(w, unit, name, cert, phones,
		phones ? "phones with its LSCs are refused after it; give them new ones"
		       : "no phone needs it; cadeado set cert delete when nothing else does");
}

/* --- certificates of phones --- */

struct counting {
	const struct watching *w;
	int64_t count[2], first[2]; /* soon, expired */
};

static enum err count_one(void *ctx, const struct store_phone_cert *row, struct span der)
{
	struct counting *k = ctx;
	enum monitor_state state = state_of(k->w, row->not_after);
	int i = state == MONITOR_EXPIRED;

	(void)der;
	if (!row->not_after || state == MONITOR_GOOD)
		return ERR_OK;
	if (!k->count[i]++ || row->not_after < k->first[i])
		k->first[i] = row->not_after;
	return ERR_OK;
}

static enum err watch_phones(struct watching *w, int64_t kind)
{
	static const char *const effects[2][2] = {
		{"they enrol no more by it; order LSCs before: cadeado bat update",
			"they register no more; order Install/Upgrade for them: cadeado show capf "
			"report --expires-before DATE lists them"},
		{"they prove themselves by it only where expired ones are allowed",
			"they are refused; order Install/Upgrade for them: cadeado show capf report "
			"--expires-before DATE lists them"},
	};
	struct counting k = {.w = w};
	enum err err = store_phone_cert_each(cluster_get_store(w->c), kind, count_one, &k, w->why);

	for (int i = 0; !err && i < 2; i++) {
		struct monitor_item item = {.state = i ? MONITOR_EXPIRED : MONITOR_SOON,
			.not_after = k.first[i],
			.phones = k.count[i],
			.effect = effects[i][kind == STORE_LSC]};

		if (!k.count[i])
			continue;
		snprintf(item.name, sizeof(item.name), "%s",
			kind == STORE_LSC ? "LSCs of phones" : "MICs of phones");
		err = w->each(w->ctx, &item);
	}
	return err;
}

enum err monitor_each(struct cluster *c, long days,
	enum err (*each)(void *ctx, const struct monitor_item *item), void *ctx, struct fail *why)
{
	const struct store_filter all = {0};
	struct watching w = {.c = c,
		.now = clock_seconds(cluster_get_clock(c)),
		.each = each,
		.ctx = ctx,
		.why = why};
	enum err err = store_device_count(cluster_get_store(c), &all, &w.fleet, why);

	w.until = w.now + (int64_t)days * DAY;
	if (!err)
		err = watch_own(&w);
	if (!err)
		err = trust_each(c, watch_trusted, &w, why);
	if (!err)
		err = watch_phones(&w, STORE_LSC);
	if (!err)
		err = watch_phones(&w, STORE_MIC);
	return err;
}
