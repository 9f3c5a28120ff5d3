/* SPDX-License-Identifier: BSD-2-Clause
 * A certificate of the node is made anew or imported. The new key and certificate are written to
 * keys/next/ first; then the present ones become keys/previous/ and the new ones take their place.
 * own_complete mends what a kill leaves. */
#include "core/cluster/internal.h"
#include "core/cluster/itl.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/list/list.h"

#include <stdio.h>

#define KEY_FILE_MAX 65536u /* bytes of a key in PEM */

static enum err no_memory(struct fail *why)
{
	return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
}

struct change {
	enum own_cert which;
	char next[KEY_NAME];
	char *key_path, *cert_path, *old_key_path, *old_cert_path, *next_key_path, *next_cert_path;
	struct cert *present;
	bool published; /* phones know the present one: it must go on working */
};

static void change_fini(struct change *x)
{
	mem_free(x->key_path);
	mem_free(x->cert_path);
	mem_free(x->old_key_path);
	mem_free(x->old_cert_path);
	mem_free(x->next_key_path);
	mem_free(x->next_cert_path);
	cert_free(x->present);
}

static enum err change_init(
	struct cluster *c, enum own_cert which, struct change *x, struct fail *why)
{
	const char *name = own_name(which);
	char old[KEY_NAME];

	memset(x, 0, sizeof(*x));
	x->which = which;
	snprintf(x->next, sizeof(x->next), OWN_NEXT "/%s", name);
	snprintf(old, sizeof(old), OWN_PREVIOUS "/%s", name);
	x->key_path = own_path(c, name, ".key");
	x->cert_path = own_path(c, name, ".pem");
	x->old_key_path = own_path(c, old, ".key");
	x->old_cert_path = own_path(c, old, ".pem");
	x->next_key_path = own_path(c, x->next, ".key");
	x->next_cert_path = own_path(c, x->next, ".pem");
	if (!x->key_path || !x->cert_path || !x->old_key_path || !x->old_cert_path ||
		!x->next_key_path || !x->next_cert_path)
		return no_memory(why);
	return own_newest(c, which, &x->present, why);
}

static bool is_anchor(enum own_cert which)
{
	return which == OWN_CALLMANAGER || which == OWN_TVS || which == OWN_ITLRECOVERY;
}

/* While one key that phones trust is being replaced, the others are how they follow. */
static enum err refuse_unfinished(struct cluster *c, enum own_cert which, struct fail *why)
{
	struct cert *previous = NULL;
	enum err err = ERR_OK;
	int i;

	for (i = 0; i < OWN_COUNT && !err; i++) {
		enum own_cert other = (enum own_cert)i;

		if (other != which && !(is_anchor(other) && is_anchor(which)))
			continue;
		err = own_previous(c, other, &previous, why);
		if (!err && previous)
			err = fail_set(why, ERR_NOTNOW,
				"%s was changed already and its previous key is still in force; "
				"finish that first (cadeado show cert own says what is missing)%s",
				own_name(other),
				other == which ? ""
					       : ": were both changed at once, phones would know "
						 "neither");
		cert_free(previous);
		previous = NULL;
	}
	return err;
}

/* Is there a SAST in the list, apart from this certificate, whose key still exists? A token's may;
 * one with the name of a key of ours that is another one today does not. */
static bool other_anchor(
	const struct tlv_list *list, const struct cert *but, const struct cert *ours[2])
{
	struct tlv_record r;
	struct tlv_iter it;
	size_t i;

	tlv_iter_init(&it, list);
	while (tlv_iter_next(&it, &r)) {
		bool alive = true;

		if (r.role != TLV_ROLE_SAST || span_eq(r.certificate, cert_der(but)))
			continue;
		for (i = 0; i < 2; i++)
			if (cert_name_same(r.subject, span_str(cert_subject(ours[i]))) &&
				!span_eq(r.certificate, cert_der(ours[i])))
				alive = false;
		if (alive)
			return true;
	}
	return false;
}

static enum err refuse_last_anchor(struct cluster *c, const struct change *x, struct fail *why)
{
	struct cert *callmanager = NULL, *recovery = NULL;
	struct published p;
	enum err err = own_newest(c, OWN_CALLMANAGER, &callmanager, why);
	int itl;

	if (!err)
		err = own_newest(c, OWN_ITLRECOVERY, &recovery, why);
	for (itl = 0; itl < 2 && !err; itl++) {
		const struct cert *ours[2] = {callmanager, recovery};

		err = published_read(c, itl, &p, why);
		if (!err && p.there && list_names(&p.list, x->present, LIST_ROLE(TLV_ROLE_SAST)) &&
			!other_anchor(&p.list, x->present, ours))
			err = fail_set(why, ERR_NOTNOW,
				"%s is the only key of the published %s that exists today: were it "
				"replaced, phones could follow no new list; first publish one that "
				"names the other key too (%s)",
				own_name(x->which), list_file_name(itl ? LIST_ITL : LIST_CTL),
				itl ? "restart TFTP" : "cadeado utils ctl update CTLFile");
		published_fini(&p);
	}
	cert_free(callmanager);
	cert_free(recovery);
	return err;
}

static enum err look_where_published(struct cluster *c, struct change *x, struct fail *why)
{
	const uint32_t roles = own_roles(x->which) | LIST_ROLE(TLV_ROLE_SAST);
	struct published p;
	enum err err = ERR_OK;
	int itl;

	for (itl = 0; itl < 2 && !err; itl++) {
		err = published_read(c, itl, &p, why);
		if (!err && p.there && list_names(&p.list, x->present, roles))
			x->published = true;
		published_fini(&p);
	}
	return err;
}

static enum err may_change(struct cluster *c, struct change *x, struct fail *why)
{
	enum err err = refuse_unfinished(c, x->which, why);

	if (!err)
		err = look_where_published(c, x, why);
	if (!err && (x->which == OWN_CALLMANAGER || x->which == OWN_ITLRECOVERY))
		err = refuse_last_anchor(c, x, why);
	return err;
}

static enum err forget_next(const struct change *x, struct fail *why)
{
	enum err err = file_remove(x->next_cert_path, why);

	return err ? err : file_remove(x->next_key_path, why);
}

/* The order is what own_complete relies on: the previous pair, then the key, then its certificate.
 */
static enum err put_in_place(const struct change *x, struct fail *why)
{
	struct buf old_key = {0}, old_cert = {0}, key = {0}, cert = {0};
	struct file_new files[4];
	size_t n = 0;
	enum err err = file_read(x->key_path, KEY_FILE_MAX, &old_key, why);

	if (!err)
		err = file_read(x->cert_path, KEY_FILE_MAX, &old_cert, why);
	if (!err)
		err = file_read(x->next_key_path, KEY_FILE_MAX, &key, why);
	if (!err)
		err = file_read(x->next_cert_path, KEY_FILE_MAX, &cert, why);
	if (x->published) {
		files[n++] = (struct file_new){x->old_key_path, buf_span(&old_key), 0600};
		files[n++] = (struct file_new){x->old_cert_path, buf_span(&old_cert), 0644};
	}
	files[n++] = (struct file_new){x->key_path, buf_span(&key), 0600};
	files[n++] = (struct file_new){x->cert_path, buf_span(&cert), 0644};
	if (!err)
		err = file_exchange(files, n, x->next_cert_path, why);
	if (!err)
		err = file_remove(x->next_key_path, why);
	buf_wipe(&old_key);
	buf_wipe(&key);
	buf_fini(&old_cert);
	buf_fini(&cert);
	return err;
}

static void step(struct own_change *out, size_t *n, enum own_step s)
{
	out->steps[(*n)++] = s;
	out->steps[*n] = OWN_STEP_END;
}

static enum err describe(
	struct cluster *c, enum own_cert which, struct own_change *out, struct fail *why)
{
	static const char *const sentences[OWN_COUNT] = {
		[OWN_CALLMANAGER] =
			"Phones are reset when CallManager is restarted; until then the previous "
			"key works. Do not change TVS or ITLRecovery before all steps are done.",
		[OWN_CAPF] =
			"Phones keep their LSCs, which stay good until they expire; new ones are "
			"issued with the new key after CAPF is restarted.",
		[OWN_TVS] = "Reset the phones between the two restarts, so that they fetch the "
			    "ITL. Do not change CallManager before all steps are done.",
		[OWN_ITLRECOVERY] =
			"Phones notice nothing. Export the new key (utils itl export) and make a "
			"backup; a phone that missed this list can no longer be led back by the "
			"old key.",
		[OWN_CTL_PROVIDER] = "Phones notice nothing; CTL clients will be shown a new "
				     "fingerprint.",
	};
	size_t n = 0;
	int mode;
	enum err err = cluster_mode(c, &mode, why);

	out->steps[0] = OWN_STEP_END;
	snprintf(out->sentence, sizeof(out->sentence), "%s", sentences[which]);
	if (err)
		return err;
	if (mode && (which == OWN_CALLMANAGER || which == OWN_CAPF || which == OWN_ITLRECOVERY))
		step(out, &n, OWN_STEP_CTL);
	if (which != OWN_CTL_PROVIDER)
		step(out, &n, OWN_STEP_TFTP);
	switch (which) {
	case OWN_CALLMANAGER: step(out, &n, OWN_STEP_CALLMANAGER); break;
	case OWN_CAPF: step(out, &n, OWN_STEP_CAPF); break;
	case OWN_TVS: step(out, &n, OWN_STEP_TVS); break;
	case OWN_CTL_PROVIDER: step(out, &n, OWN_STEP_PROVIDER); break;
	default: break;
	}
	return ERR_OK;
}

/* Certificates of the old authority are on the phones and must go on being accepted. */
static enum err keep_authority(struct cluster *c, const struct change *x, struct fail *why)
{
	return x->which == OWN_CAPF ? trust_put(c, TRUST_CAPF, "", x->present, why) : ERR_OK;
}

static enum err regenerate(struct cluster *c, struct change *x, struct fail *why)
{
	struct buf spki = {0};
	enum err err = may_change(c, x, why);

	if (!err)
		err = forget_next(x, why);
	if (!err)
		err = own_generate_key(c, x->next, &spki, why);
	if (!err)
		err = own_issue(c, x->which, x->next, buf_span(&spki), why);
	if (!err)
		err = keep_authority(c, x, why);
	if (!err)
		err = put_in_place(x, why);
	buf_fini(&spki);
	return err;
}

static enum err check_import(
	struct cluster *c, const struct change *x, const struct cert *cert, struct fail *why)
{
	int64_t now = clock_seconds(c->clock);
	struct buf spki = {0};
	bool found;
	enum err err = own_public_key(c, x->next, &spki, &found, why);

	if (!err && (!found || !span_eq(cert_spki(cert), buf_span(&spki))))
		err = fail_set(why, ERR_VERIFY,
			"the certificate %.80s is not one of this key; give --key with the key "
			"that it was made for",
			cert_subject(cert));
	else if (!err && !cert_valid_at(cert, now))
		err = fail_set(why, ERR_EXPIRED, "the certificate %.80s is not valid now",
			cert_subject(cert));
	else if (!err && x->which == OWN_CAPF && !cert_is_ca(cert))
		err = fail_set(why, ERR_VERIFY,
			"CAPF issues certificates, but %.80s is not one of an authority (CA:TRUE)",
			cert_subject(cert));
	else if (!err && (!cert_key_is_rsa(cert) || tlv_modulus_code(cert_key_bits(cert)) < 0))
		err = fail_set(why, ERR_UNSUPPORTED,
			"%.80s: phones and lists take RSA keys with 1024, 2048 or 4096 bits",
			cert_subject(cert));
	else if (!err && span_eq(cert_der(cert), cert_der(x->present)))
		err = fail_set(
			why, ERR_EXISTS, "%s is this certificate already", own_name(x->which));
	buf_fini(&spki);
	return err;
}

static enum err import(struct cluster *c, struct change *x, struct span cert_pem,
	struct span key_pem, struct fail *why)
{
	struct cert *cert = NULL;
	struct buf key = {0}, pem = {0};
	enum err err = cert_from_pem(&cert, cert_pem, why);

	if (!err)
		err = may_change(c, x, why);
	if (!err)
		err = forget_next(x, why);
	if (!err && key_pem.ptr)
		err = file_create(x->next_key_path, key_pem, 0600, why);
	else if (!err) {
		err = file_read(x->key_path, KEY_FILE_MAX, &key, why);
		if (!err)
			err = file_create(x->next_key_path, buf_span(&key), 0600, why);
	}
	if (!err)
		err = check_import(c, x, cert, why);
	if (!err)
		err = cert_to_pem(cert, &pem);
	if (!err)
		err = file_create(x->next_cert_path, buf_span(&pem), 0644, why);
	if (!err)
		err = keep_authority(c, x, why);
	if (!err)
		err = put_in_place(x, why);
	buf_wipe(&key);
	buf_fini(&pem);
	cert_free(cert);
	return err;
}

static enum err run(struct cluster *c, enum own_cert which, const struct span *cert_pem,
	struct span key_pem, struct own_change *change, struct fail *why)
{
	struct change x = {0};
	struct fail local = {0};
	int lock = cluster_lock(c, why);
	enum err err = lock < 0 ? (enum err)lock : own_complete(c, why);

	if (!err)
		err = change_init(c, which, &x, why);
	if (!err)
		err = cert_pem ? import(c, &x, *cert_pem, key_pem, why) : regenerate(c, &x, why);
	/* The error stays the reason; what is left in next/ is taken away by the next run too. */
	if (err && x.next_key_path && forget_next(&x, &local))
		fail_prefix(why, "%s/keys/" OWN_NEXT " could not be emptied", c->folder);
	if (!err)
		err = cluster_itl_normal(c, why);
	if (!err)
		err = describe(c, which, change, why);
	change_fini(&x);
	file_unlock(lock);
	return err;
}

enum err own_regenerate(
	struct cluster *c, enum own_cert which, struct own_change *change, struct fail *why)
{
	return run(c, which, NULL, (struct span){0}, change, why);
}

enum err own_import(struct cluster *c, enum own_cert which, struct span cert_pem,
	struct span key_pem, struct own_change *change, struct fail *why)
{
	return run(c, which, &cert_pem, key_pem, change, why);
}
