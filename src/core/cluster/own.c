/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/cluster/own.h"

#include "base/file.h"
#include "base/mem.h"
#include "core/cluster/internal.h"
#include "core/cluster/services.h"
#include "core/cluster/stage_int.h"
#include "core/list/list.h"

#include <stdio.h>
#include <unistd.h>

static enum err no_memory(struct fail *why)
{
	return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
}

static void name_in(const char *folder, enum own_cert which, char out[KEY_NAME])
{
	snprintf(out, KEY_NAME, "%s/%s", folder, own_name(which));
}

static bool exists(const struct cluster *c, const char *name, const char *suffix)
{
	char *path = own_path(c, name, suffix);
	bool there = path && access(path, F_OK) == 0;

	mem_free(path);
	return there;
}

static enum err forget(
	const struct cluster *c, const char *name, const char *suffix, struct fail *why)
{
	char *path = own_path(c, name, suffix);
	enum err err = path ? file_remove(path, why) : no_memory(why);

	mem_free(path);
	return err;
}

/* --- what is missing --- */

/* Does a list that phones may hold name a certificate of this kind? One that cannot be read may. */
static bool in_a_list(const struct cluster *c, enum own_cert which)
{
	static const bool itl[] = {false, true};
	struct published p;
	struct tlv_record r;
	struct tlv_iter it;
	bool named = false;
	size_t i;

	for (i = 0; i < 2 && !named; i++) {
		named = published_read(c, itl[i], &p, NULL) != ERR_OK && own_roles(which);
		if (!named && p.there) {
			tlv_iter_init(&it, &p.list);
			while (!named && tlv_iter_next(&it, &r))
				named = r.role < 32 && (own_roles(which) & LIST_ROLE(r.role)) &&
					(which != OWN_ITLRECOVERY ||
						(r.subject.len > 15 &&
							memcmp(r.subject.ptr, "CN=ITLRECOVERY_",
								15) == 0));
		}
		published_fini(&p);
	}
	return named;
}

/* Published keys are trusted by phones: another one in their place would lock them out. */
static enum err refuse_when_published(
	const struct cluster *c, const char *what, enum own_cert which, struct fail *why)
{
	if (!in_a_list(c, which))
		return ERR_OK;
	return fail_set(why, ERR_NOTNOW,
		"%s/keys: the %s of %s is missing or does not fit though a published trust list "
		"names it; put it back from a backup (cadeado utils backup restore)",
		c->folder, what, own_name(which));
}

static enum err complete_one(struct cluster *c, enum own_cert which, struct fail *why)
{
	const char *name = own_name(which);
	struct buf spki = {0};
	struct cert *cert = NULL;
	bool found;
	enum err err = own_public_key(c, name, &spki, &found, why);

	if (!err && !found) {
		err = refuse_when_published(c, "key", which, why);
		if (!err)
			err = own_generate_key(c, name, &spki, why);
	}
	if (!err && (cluster_cert(c, name, &cert, NULL) ||
			    !span_eq(cert_spki(cert), buf_span(&spki)))) {
		err = refuse_when_published(c, "certificate", which, why);
		if (!err)
			err = own_issue(c, which, name, buf_span(&spki), why);
	}
	cert_free(cert);
	buf_fini(&spki);
	return err;
}

/* --- a regeneration that was cut off --- */

/* The new key is in place: its certificate follows. Before that, nothing has happened. */
static enum err finish_next(struct cluster *c, enum own_cert which, struct fail *why)
{
	char next[KEY_NAME], *path = own_path(c, own_name(which), ".pem");
	struct cert *cert = NULL, *present = NULL;
	struct buf spki = {0}, pem = {0};
	bool found;
	enum err err =
		path ? own_public_key(c, own_name(which), &spki, &found, why) : no_memory(why);

	name_in(OWN_NEXT, which, next);
	if (!err && found && cluster_cert(c, next, &cert, NULL) == ERR_OK &&
		span_eq(cert_spki(cert), buf_span(&spki)) &&
		(cluster_cert(c, own_name(which), &present, NULL) ||
			!span_eq(cert_der(present), cert_der(cert)))) {
		err = cert_to_pem(cert, &pem);
		if (!err)
			err = file_replace(path, buf_span(&pem), 0644, FILE_SYNC, why);
	}
	if (!err)
		err = forget(c, next, ".pem", why);
	if (!err)
		err = forget(c, next, ".key", why);
	cert_free(cert);
	cert_free(present);
	buf_fini(&spki);
	buf_fini(&pem);
	mem_free(path);
	return err;
}

/* A previous key that is the newest, or half of one, is what a cut left. */
static enum err finish_previous(struct cluster *c, enum own_cert which, struct fail *why)
{
	char previous[KEY_NAME];
	struct cert *old = NULL, *newest = NULL;
	struct buf spki = {0};
	bool found = false, good;
	enum err err = ERR_OK;

	name_in(OWN_PREVIOUS, which, previous);
	good = cluster_cert(c, previous, &old, NULL) == ERR_OK &&
	       own_public_key(c, previous, &spki, &found, NULL) == ERR_OK && found &&
	       span_eq(cert_spki(old), buf_span(&spki)) &&
	       cluster_cert(c, own_name(which), &newest, NULL) == ERR_OK &&
	       !span_eq(cert_der(old), cert_der(newest));
	if (!good)
		err = forget(c, previous, ".pem", why);
	if (!good && !err)
		err = forget(c, previous, ".key", why);
	cert_free(old);
	cert_free(newest);
	buf_fini(&spki);
	return err;
}

static bool in_folder(const struct cluster *c, const char *folder, enum own_cert which)
{
	char name[KEY_NAME];

	name_in(folder, which, name);
	return exists(c, name, ".pem") || exists(c, name, ".key");
}

enum err own_complete(struct cluster *c, struct fail *why)
{
	enum err err = ERR_OK;
	int i;

	for (i = 0; i < OWN_COUNT && !err; i++) {
		enum own_cert which = (enum own_cert)i;

		if (in_folder(c, OWN_NEXT, which))
			err = finish_next(c, which, why);
		if (!err)
			err = complete_one(c, which, why);
		if (!err && in_folder(c, OWN_PREVIOUS, which))
			err = finish_previous(c, which, why);
	}
	return err;
}

bool own_incomplete(const struct cluster *c)
{
	int i;

	for (i = 0; i < OWN_COUNT; i++) {
		const char *name = own_name((enum own_cert)i);

		if (!exists(c, name, ".pem") || !exists(c, name, ".key") ||
			in_folder(c, OWN_NEXT, (enum own_cert)i))
			return true;
	}
	return false;
}

enum err own_make_missing(struct cluster *c, struct fail *why)
{
	int lock = cluster_lock(c, why);
	enum err err = lock < 0 ? (enum err)lock : own_complete(c, why);

	file_unlock(lock);
	return err;
}

/* --- which is in force --- */

enum err own_newest(struct cluster *c, enum own_cert which, struct cert **out, struct fail *why)
{
	return cluster_cert(c, own_name(which), out, why);
}

enum err own_previous(struct cluster *c, enum own_cert which, struct cert **out, struct fail *why)
{
	char name[KEY_NAME];

	name_in(OWN_PREVIOUS, which, name);
	*out = NULL;
	return exists(c, name, ".pem") ? cluster_cert(c, name, out, why) : ERR_OK;
}

/* Of a process that serves lists, what it serves: phones cannot have another one yet. */
static enum err current_list(
	const struct cluster *c, bool itl, struct published *p, struct fail *why)
{
	if (!c->serving)
		return published_read(c, itl, p, why);
	memset(p, 0, sizeof(*p));
	buf_put(&p->file, itl ? cluster_served_itl(c) : cluster_served_ctl(c));
	/* One that cannot be read is not served. */
	p->there = p->file.len && tlv_parse(&p->list, buf_span(&p->file), NULL) == ERR_OK;
	return buf_check(&p->file) ? no_memory(why) : ERR_OK;
}

/* The list by which phones know this certificate: TVS stands in ITLs alone; a CTL names servers in
 * mixed mode alone. */
static enum err deciding_list(
	struct cluster *c, enum own_cert which, struct published *p, struct fail *why)
{
	enum err err;

	memset(p, 0, sizeof(*p));
	if (which != OWN_TVS) {
		err = current_list(c, false, p, why);
		if (err || (p->there && stage_mode_of(&p->list)))
			return err;
		published_fini(p);
	}
	return current_list(c, true, p, why);
}

static enum err newest_is_known(struct cluster *c, enum own_cert which, const struct cert *newest,
	bool *known, struct fail *why)
{
	struct published p = {0};
	enum err err = ERR_OK;

	*known = true;
	if (own_roles(which))
		err = deciding_list(c, which, &p, why);
	if (!err && p.there)
		*known = list_names(&p.list, newest, own_roles(which));
	published_fini(&p);
	return err;
}

enum err own_in_force(struct cluster *c, enum own_cert which, struct cert **out,
	char key_name[STORE_NAME], struct fail *why)
{
	struct cert *newest = NULL, *previous = NULL;
	bool known = true;
	enum err err = own_newest(c, which, &newest, why);

	if (!err)
		err = own_previous(c, which, &previous, why);
	if (!err && previous)
		err = newest_is_known(c, which, newest, &known, why);
	*out = err ? NULL : known ? newest : previous;
	if (!err && known)
		snprintf(key_name, STORE_NAME, "%s", own_name(which));
	else if (!err)
		name_in(OWN_PREVIOUS, which, key_name);
	if (*out != newest)
		cert_free(newest);
	if (*out != previous)
		cert_free(previous);
	return err;
}

enum err own_tls_key(struct cluster *c, const char *key_name, struct key **out, struct fail *why)
{
	char *path = own_path(c, key_name, ".key");
	enum err err = path ? key_load_pem(out, path, why) : no_memory(why);

	mem_free(path);
	return err;
}

/* A list that names the previous one and not the newest is the only thing that phones with it know.
 */
static enum err still_needed(struct cluster *c, enum own_cert which, const struct cert *previous,
	const struct cert *newest, bool *needed, struct fail *why)
{
	uint32_t roles = own_roles(which);
	struct published p;
	enum err err = ERR_OK;
	int itl;

	*needed = false;
	for (itl = 0; itl < 2 && !err && !*needed; itl++) {
		err = published_read(c, itl, &p, why);
		if (!err && p.there)
			*needed = list_names(&p.list, previous, roles) &&
				  !list_names(&p.list, newest, roles);
		published_fini(&p);
	}
	return err;
}

static enum err retire(struct cluster *c, enum own_cert which, struct fail *why)
{
	struct cert *newest = NULL, *previous = NULL;
	bool needed = true;
	char name[KEY_NAME];
	enum err err = own_previous(c, which, &previous, why);

	if (!err && previous)
		err = own_newest(c, which, &newest, why);
	if (!err && previous)
		err = still_needed(c, which, previous, newest, &needed, why);
	if (!err && !needed) {
		name_in(OWN_PREVIOUS, which, name);
		err = forget(c, name, ".pem", why);
		if (!err)
			err = forget(c, name, ".key", why);
	}
	cert_free(newest);
	cert_free(previous);
	return err;
}

enum err own_retire_previous(struct cluster *c, enum own_cert which, struct fail *why)
{
	int lock = cluster_lock(c, why);
	enum err err = lock < 0 ? (enum err)lock : retire(c, which, why);

	file_unlock(lock);
	return err;
}
