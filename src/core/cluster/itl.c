/* SPDX-License-Identifier: BSD-2-Clause
 * The ITL of this node. */
#include "core/cluster/itl.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/cluster/lists.h"

#include <stdio.h>
#include <stdlib.h>

#define PARAM_KEPT     "ITLKept"                   /* SHA-256 of an ITL that stays as it is */
#define PARAM_ROLLBACK "PrepareClusterForRollback" /* seconds since 1970 at which it ends; "0" */

struct itl_work {
	struct cluster *c;
	struct cert_set certs;
	struct list_entry entries[LIST_ENTRIES_MAX];
	size_t count;
	uint8_t ip[16];
	size_t ip_len;
	int64_t now;
};

static void work_fini(struct itl_work *w)
{
	cert_set_fini(&w->certs);
}

/* The same certificate may have several roles, but each once. */
static enum err add(struct itl_work *w, uint16_t role, struct cert *take, struct fail *why)
{
	bool sast = role == TLV_ROLE_SAST;
	size_t at, i;
	enum err err = cert_set_take(&w->certs, take, &at, why);

	for (i = 0; i < w->count && !err; i++)
		if (w->entries[i].role == role && w->entries[i].cert == w->certs.certs[at])
			return ERR_OK;
	if (!err && w->count == LIST_ENTRIES_MAX)
		err = fail_set(why, ERR_LIMIT, "the ITL would have more than %u records",
			LIST_ENTRIES_MAX);
	if (err)
		return err;
	w->entries[w->count++] = (struct list_entry){.role = role,
		.cert = w->certs.certs[at],
		.dns = sast ? "" : w->c->settings.address,
		.address = sast ? (struct span){0} : span_of(w->ip, w->ip_len)};
	return ERR_OK;
}

static enum err add_copy(
	struct itl_work *w, uint16_t role, const struct cert *cert, struct fail *why)
{
	struct cert *copy;
	enum err err = cert_from_der(&copy, cert_der(cert), why);

	return err ? err : add(w, role, copy, why);
}

static enum err add_newest(struct itl_work *w, uint16_t role, enum own_cert which, struct fail *why)
{
	struct cert *cert;
	enum err err = own_newest(w->c, which, &cert, why);

	return err ? err : add(w, role, cert, why);
}

/* A server that has not been restarted yet still works with its previous key. One that has expired
 * is left out: the list must not fail for it. */
static enum err add_server(struct itl_work *w, uint16_t role, enum own_cert which, struct fail *why)
{
	struct cert *both[2] = {NULL, NULL};
	size_t i;
	enum err err = own_newest(w->c, which, &both[0], why);

	if (!err)
		err = own_previous(w->c, which, &both[1], why);
	for (i = 0; i < 2; i++) {
		if (!err && both[i] && cert_valid_at(both[i], w->now))
			err = add(w, role, both[i], why);
		else
			cert_free(both[i]);
	}
	return err;
}

struct others {
	struct itl_work *w;
	struct fail *why;
};

static enum err add_other_tvs(
	void *ctx, const char *unit, const char *name, const struct cert *cert)
{
	struct others *o = ctx;

	(void)unit;
	(void)name;
	if (!cert_valid_at(cert, o->w->now))
		return ERR_OK;
	return add_copy(o->w, TLV_ROLE_TVS, cert, o->why);
}

static enum err add_servers(struct itl_work *w, struct fail *why)
{
	struct others o = {.w = w, .why = why};
	int mode;
	enum err err = cluster_mode(w->c, &mode, why);

	if (!err)
		err = add_newest(w, mode ? TLV_ROLE_CCM_TFTP : TLV_ROLE_TFTP, OWN_CALLMANAGER, why);
	if (!err)
		err = add_server(w, TLV_ROLE_TVS, OWN_TVS, why);
	if (!err)
		err = trust_each_of(w->c, TRUST_TVS, add_other_tvs, &o, why);
	if (!err)
		err = add_server(w, TLV_ROLE_CAPF, OWN_CAPF, why);
	return err;
}

/* Phones without an ITL yet judge the first one by their CTL: would they take it by this key? */
static bool ctl_knows(struct cluster *c, const struct local_signer *s)
{
	const uint32_t roles = LIST_MAY_SIGN_LISTS | LIST_MAY_SIGN_FILES;
	struct published ctl;
	bool knows = published_read(c, false, &ctl, NULL) != ERR_OK || !ctl.there ||
		     list_names(&ctl.list, s->cert, roles);

	published_fini(&ctl);
	return knows;
}

/* The key by the setting when phones know it from their ITL, else the other; between two that the
 * ITL names, the one that the CTL names too. When they know neither (TVS must vouch), the one by
 * the setting. */
static enum err find_signer(struct cluster *c, const struct published *present,
	struct local_signer *out, struct fail *why)
{
	const struct tlv_list *list = present->there ? &present->list : NULL;
	struct local_signer first = {0}, second = {0};
	struct fail local = {0};
	enum err err = local_signer_find(c, list_signer(c), list, &first, &local), other;

	if (err && err != ERR_TRUST)
		return fail_set(why, err, "%s", local.text);
	other = local_signer_find(c, list_other_signer(c), list, &second, NULL);
	if (err && other)
		return local_signer_find(c, list_signer(c), NULL, out, why);
	if (!other && (err || (!ctl_knows(c, &first) && ctl_knows(c, &second)))) {
		*out = second;
		local_signer_fini(&first);
	} else {
		*out = first;
		local_signer_fini(&second);
	}
	return ERR_OK;
}

static enum err param_get(
	struct cluster *c, const char *name, char out[STORE_TEXT], struct fail *why)
{
	enum err err = store_param_get(c->store, name, out, NULL);

	if (err == ERR_NOTFOUND) {
		out[0] = '\0';
		return ERR_OK;
	}
	return err ? fail_set(why, err, "%s: %s", name, err_text(err)) : ERR_OK;
}

enum err cluster_rollback(struct cluster *c, int64_t *until, struct fail *why)
{
	char value[STORE_TEXT];
	enum err err = param_get(c, PARAM_ROLLBACK, value, why);

	*until = err ? 0 : (int64_t)strtoll(value, NULL, 10);
	if (*until <= clock_seconds(c->clock))
		*until = 0;
	return err;
}

enum err cluster_set_rollback(struct cluster *c, int64_t until, struct fail *why)
{
	char value[STORE_TEXT];
	int64_t now = clock_seconds(c->clock);
	enum err err;

	if (until && (until <= now || until > now + (int64_t)ROLLBACK_DAYS_MAX * 86400))
		return fail_set(why, ERR_ARG,
			"an empty ITL must end: a time from now on and within %d days",
			ROLLBACK_DAYS_MAX);
	snprintf(value, sizeof(value), "%lld", (long long)until);
	err = store_param_set(c->store, PARAM_ROLLBACK, value, why);
	return err ? err : cluster_itl_normal(c, why);
}

/* --- kept as it is --- */

static enum err hex_sum(struct span bytes, char out[STORE_TEXT], struct fail *why)
{
	char hex[2 * DIGEST_MAX + 1];

	digest_hex(DIGEST_SHA256, bytes, hex);
	return str_copy(out, STORE_TEXT, hex) ? ERR_OK
					      : fail_set(why, ERR_LIMIT, "%s", err_text(ERR_LIMIT));
}

enum err cluster_itl_kept(struct cluster *c, bool *kept, struct fail *why)
{
	char want[STORE_TEXT], is[STORE_TEXT];
	struct published p;
	enum err err = param_get(c, PARAM_KEPT, want, why);

	*kept = false;
	if (err || !*want)
		return err;
	/* One that cannot be read is not worth keeping. */
	if (published_read(c, true, &p, NULL) == ERR_OK && p.there) {
		err = hex_sum(buf_span(&p.file), is, why);
		*kept = !err && strcmp(is, want) == 0;
	}
	published_fini(&p);
	return err;
}

enum err cluster_itl_normal(struct cluster *c, struct fail *why)
{
	char value[STORE_TEXT];
	enum err err = param_get(c, PARAM_KEPT, value, why);

	return err || !*value ? err : store_param_set(c->store, PARAM_KEPT, "", why);
}

/* --- building --- */

/* The present list when the new one would say the same but for its time: phones need not fetch it
 * again. */
static bool same_but_time(const struct published *present, const struct buf *file)
{
	const struct tlv_header *a = &present->list.header, *b;
	struct tlv_list list;
	struct span x, y;

	if (!present->there || tlv_parse(&list, buf_span(file), NULL) ||
		list_verify(&present->list, NULL))
		return false;
	b = &list.header;
	x = span_of(present->file.data + a->length, present->file.len - a->length);
	y = span_of(file->data + b->length, file->len - b->length);
	return span_eq(x, y) && a->digest == b->digest && span_eq(a->serial, b->serial) &&
	       span_eq(a->signer_name, b->signer_name) && span_eq(a->issuer_name, b->issuer_name);
}

static enum err build(struct itl_work *w, const struct cert *signer, bool servers, struct buf *file,
	struct span pieces[2], struct fail *why)
{
	struct list_request r = {.kind = LIST_ITL,
		.entries = w->entries,
		.signer = signer,
		.digest = LIST_DIGEST,
		.timestamp = (uint32_t)w->now,
		.now = w->now};
	enum err err = add_copy(w, TLV_ROLE_SAST, signer, why);

	if (!err)
		err = add_newest(w, TLV_ROLE_SAST, OWN_CALLMANAGER, why);
	if (!err)
		err = add_newest(w, TLV_ROLE_SAST, OWN_ITLRECOVERY, why);
	if (!err && servers)
		err = add_servers(w, why);
	r.count = w->count;
	return err ? err : list_build(file, &r, pieces, why);
}

static void work_init(struct itl_work *w, struct cluster *c)
{
	memset(w, 0, sizeof(*w));
	w->c = c;
	w->now = clock_seconds(c->clock);
	list_address(c, w->ip, &w->ip_len);
}

static enum err build_signed(
	struct cluster *c, const struct published *present, struct buf *out, struct fail *why)
{
	struct itl_work *w = mem_new(sizeof(*w));
	struct local_signer signer = {0};
	struct buf file = {0};
	struct span pieces[2];
	int64_t until;
	enum err err;

	if (!w)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	work_init(w, c);
	err = cluster_rollback(c, &until, why);
	if (!err)
		err = find_signer(c, present, &signer, why);
	if (!err)
		err = build(w, signer.cert, !until, &file, pieces, why);
	if (!err && same_but_time(present, &file)) {
		buf_put(out, buf_span(&present->file));
	} else if (!err) {
		err = local_sign(c, &signer, &file, pieces, why);
		if (!err)
			buf_put(out, buf_span(&file));
	}
	if (!err)
		err = buf_check(out);
	local_signer_fini(&signer);
	buf_fini(&file);
	work_fini(w);
	mem_free(w);
	return err;
}

enum err cluster_build_itl(struct cluster *c, struct buf *out, struct fail *why)
{
	struct published present;
	bool kept;
	enum err err = cluster_itl_kept(c, &kept, why);

	if (err)
		return err;
	/* Phones that hold a list which cannot be read any more are helped by any new one. */
	if (published_read(c, true, &present, NULL))
		present.there = false;
	if (kept) {
		buf_put(out, buf_span(&present.file));
		err = buf_check(out);
	} else {
		err = build_signed(c, &present, out, why);
	}
	published_fini(&present);
	return err;
}

/* --- recovery --- */

enum err cluster_reset_itl(
	struct cluster *c, const struct key *key, const struct cert *cert, struct fail *why)
{
	struct itl_work *w = mem_new(sizeof(*w));
	char *path = cluster_path(c, "tftp", list_file_name(LIST_ITL)), sum[STORE_TEXT];
	struct buf file = {0}, signature = {0};
	struct cert *recovery = NULL;
	struct span pieces[2];
	int lock = w && path ? cluster_lock(c, why)
			     : (int)fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	enum err err = lock < 0 ? (enum err)lock : ERR_OK;

	if (!err && !cert)
		err = own_newest(c, OWN_ITLRECOVERY, &recovery, why);
	if (err)
		goto out;
	work_init(w, c);
	err = build(w, cert ? cert : recovery, true, &file, pieces, why);
	if (!err && key)
		err = key_sign(key, LIST_DIGEST, pieces, 2, &signature);
	else if (!err)
		err = signer_sign_now(c->signer, own_name(OWN_ITLRECOVERY), LIST_DIGEST, pieces, 2,
			&signature, why);
	if (!err)
		err = list_finish(&file, buf_span(&signature), why);
	if (!err)
		err = hex_sum(buf_span(&file), sum, why);
	/* First the promise to keep it, which holds for no other file. */
	if (!err)
		err = store_param_set(c->store, PARAM_KEPT, sum, why);
	if (!err)
		err = file_replace(path, buf_span(&file), 0644, FILE_SYNC, why);
	work_fini(w);
out:
	file_unlock(lock);
	cert_free(recovery);
	buf_fini(&file);
	buf_fini(&signature);
	mem_free(path);
	mem_free(w);
	return err;
}
